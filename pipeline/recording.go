package pipeline

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status"
)

// recordedClock is the time of a recording: that of the newest item.
type recordedClock struct {
	newest  atomic.Int64
	stopped atomic.Bool
}

// see tells when something happened. A time in the future is somebody's clock, or
// somebody's mischief.
func (c *recordedClock) see(at time.Time) {
	if n := at.UnixNano(); !at.IsZero() && n > c.newest.Load() && !c.stopped.Load() && !at.After(time.Now()) {
		c.newest.Store(n)
	}
}

// stop has the clock stand still, at the present where nothing was recorded.
func (c *recordedClock) stop() {
	if c.newest.Load() == 0 {
		c.newest.Store(time.Now().UnixNano())
	}
	c.stopped.Store(true)
}

// to advances the clock.
func (c *recordedClock) to(at time.Time) { c.newest.Store(at.UnixNano()) }

func (c *recordedClock) now() time.Time { return time.Unix(0, c.newest.Load()) }

// maxKept bounds how many warnings are kept; the tracker keeps no more.
const maxKept = 50_000

// maxKeptMessage is how much is kept of a warning's message, in bytes: more than
// statuses show.
const maxKeptMessage = 2 << 10

// recording keeps the newest warnings until the objects are known.
type recording struct {
	mu   sync.Mutex
	kept []event.Occurrence
	next int
}

func (r *recording) keep(occ *event.Occurrence) {
	warning := *occ
	// Whoever writes events chooses how large they are: nobody asks for more.
	warning.Labels, warning.Annotations = nil, nil
	if len(warning.Message) > maxKeptMessage {
		warning.Message = strings.Clone(clip(warning.Message, maxKeptMessage))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) < maxKept {
		r.kept = append(r.kept, warning)
		return
	}
	r.kept[r.next] = warning
	r.next = (r.next + 1) % maxKept
}

// tell gives the tracker what was kept, in the order in which it came.
func (r *recording) tell(t *status.Tracker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.kept {
		t.Warned(&r.kept[(r.next+i)%len(r.kept)])
	}
	r.kept = nil
}

// patience is how long what needs time is given after the end of a recording: the
// longest that an object may be missing during a rollout before it is told.
const patience = 6 * time.Minute

// finish hands on what there is to tell, as if time went on, and returns when there is
// nothing left.
func (s *statuses) finish(ctx context.Context, clock *recordedClock, yield func(context.Context, status.Emission) error) error {
	end := clock.now().Add(patience)
	s.tracker.Watches(s.source.Watches())
	s.tracker.Synced()
	for {
		for {
			e, ok := s.tracker.Next(clock.now())
			if !ok {
				break
			}
			if err := yield(ctx, e); err != nil {
				return err
			}
		}
		due := s.tracker.Due(clock.now())
		if due.IsZero() || due.After(end) {
			return nil
		}
		// Never the same moment again.
		next := clock.now().Add(time.Millisecond)
		if due.After(next) {
			next = due
		}
		clock.to(next)
	}
}
