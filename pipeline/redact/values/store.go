package values

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// The reasons for which Current has payloads withheld.
const (
	ReasonUnreadable = "known values unreadable"
	ReasonNotListed  = "secrets of the cluster not read yet"
	ReasonUnlisted   = "secrets of the cluster unreadable"
	ReasonForgotten  = "more former values than can be kept"
	ReasonUnbuilt    = "known values cannot be searched for"
)

// DefaultInterval is how often files are looked at.
const DefaultInterval = 10 * time.Second

// Options say where values come from and how long they count.
type Options struct {
	// Paths are files or folders. There may be none.
	Paths []string
	// MinLength and Stop are known.Options. Of values that the cluster holds,
	// those of less than 8 bytes are never looked for.
	MinLength int
	Stop      []string
	// Retire is for how long values are found that are there no more.
	Retire time.Duration
	// Interval is how often files are looked at. Zero means DefaultInterval.
	Interval time.Duration
	// Withhold lets Open succeed where values cannot be read. Payloads are
	// withheld until they can.
	Withhold bool
	// Cluster says that the cluster's Secrets will be told. Payloads are withheld
	// until Listed.
	Cluster bool
	// Logger may be nil.
	Logger *slog.Logger
}

// Store holds the values and the matcher for them. Its methods are safe for
// concurrent use, but Run must be called at most once.
type Store struct {
	opts    Options
	current atomic.Pointer[state]
	// ready is closed once nothing was withheld for the first time.
	ready     chan struct{}
	readyOnce sync.Once
	// wake tells Run that the cluster's Secrets changed.
	wake chan struct{}

	mu      sync.Mutex
	places  []*place
	retired former
	cluster cluster
	// unbuilt is set where the last matcher could not be built.
	unbuilt bool
	// stale is set where the matcher lacks what was read from files, late where
	// it may wait for its turn.
	stale, late bool
	// built is when the last build ended.
	built   time.Time
	skipped []known.Skipped
	stats   Stats
}

// state is what Current returns, exchanged as a whole.
type state struct {
	set    *known.Set
	reason string
}

// Stats tell how the matcher is doing.
type Stats struct {
	// Values are those in the matcher, the Retired ones among them included,
	// which are there no more. Of Values, Cluster come from Secrets.
	Values, Retired, Cluster int
	// Skipped are the values that are not looked for, see Store.Skipped, Beyond
	// those of the cluster that its limits left out.
	Skipped, Beyond int
	// Unreadable is how many paths cannot be read.
	Unreadable int
	// Bytes is the memory that the matcher takes.
	Bytes int64
	// Builds is how many matchers were built, and Took how long the last one took.
	Builds int64
	Took   time.Duration
	// Built is when that was.
	Built time.Time
}

// Open reads all paths and compiles their values. Its error names each path that
// cannot be read, why, and the ways out.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{opts: o, wake: make(chan struct{}, 1), ready: make(chan struct{}), cluster: newCluster(o)}
	for _, path := range o.Paths {
		if !slices.ContainsFunc(s.places, func(p *place) bool { return p.path == path }) {
			s.places = append(s.places, &place{path: path})
		}
	}
	var errs []error
	for _, p := range s.places {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.visit(ctx, p, time.Now())
		if p.err != nil {
			errs = append(errs, p.err)
		}
	}
	if len(errs) > 0 && !o.Withhold {
		return nil, fmt.Errorf("%w; to start without payloads until that is mended, set redact_start to withhold", errors.Join(errs...))
	}
	for _, p := range s.places {
		p.remark(ctx, o.Logger)
		if p.err != nil {
			s.tellUnreadable(ctx, p)
		}
	}
	s.build(ctx)
	return s, nil
}

// Current returns the matcher, nil if there is no value, and the reason for
// which payloads must be withheld all the same, empty if there is none. It takes
// no lock.
func (s *Store) Current() (set *known.Set, reason string) {
	c := s.current.Load()
	return c.set, c.reason
}

// Ready is closed once a matcher knows all values for the first time.
func (s *Store) Ready() <-chan struct{} { return s.ready }

// Skipped returns the values that the current matcher does not look for, by name.
func (s *Store) Skipped() []known.Skipped {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.skipped)
}

// Stats returns how the matcher is doing.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Beyond = s.cluster.beyond()
	st.Skipped = len(s.skipped)
	for _, p := range s.places {
		if p.err != nil {
			st.Unreadable++
		}
	}
	return st
}

// publish makes set the current one, with the reason there is to withhold. The
// caller holds the lock.
func (s *Store) publish(set *known.Set, now time.Time) {
	reason := s.reason(now)
	s.current.Store(&state{set: set, reason: reason})
	if reason == "" {
		s.readyOnce.Do(func() { close(s.ready) })
	}
}

// republish exchanges the reason alone. The caller holds the lock.
func (s *Store) republish(now time.Time) {
	c := s.current.Load()
	switch {
	case c != nil && c.reason != s.reason(now):
		s.publish(c.set, now)
	case c == nil && s.unbuilt:
		s.publish(nil, now)
	}
}

// reason returns why payloads must be withheld: because the matcher lacks values
// that are known to exist.
func (s *Store) reason(now time.Time) string {
	if s.unbuilt {
		return ReasonUnbuilt
	}
	for _, p := range s.places {
		if !p.covered {
			return ReasonUnreadable
		}
	}
	if r := s.cluster.reason(); r != "" {
		return r
	}
	if now.Before(s.retired.lost) {
		return ReasonForgotten
	}
	return ""
}
