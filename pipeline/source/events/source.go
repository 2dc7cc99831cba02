package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// Server is the way to the API server. Its methods may be called from several
// goroutines.
type Server interface {
	// Client returns a client with the credentials as they are now.
	Client(ctx context.Context) (rest.Interface, error)
	// Identity names the cluster behind the address, so that a cluster that
	// was made anew under it is told from the former.
	Identity(ctx context.Context) (string, error)
	// Invalidate makes the next Client read all credentials anew.
	Invalidate()
}

// Positions tells how far an earlier run has read a stream.
type Positions interface {
	Position(ctx context.Context, stream event.Stream) (event.Position, bool, error)
}

// Sink takes what the source yields. Yield blocks while the sink is full; its
// error ends the source's run, and is the context's unless the sink is broken.
type Sink interface {
	Yield(ctx context.Context, item event.Item) error
}

// Options say what to read and how.
type Options struct {
	Server    Server
	Positions Positions
	Sink      Sink
	Logger    *slog.Logger

	// Namespace is read alone; empty reads all.
	Namespace     event.Namespace
	Exclude       []event.Namespace
	LabelSelector string
	FieldSelector string

	// PageSize is the number of events asked for per page of a list.
	PageSize int
	// Retention is how old an event may be, by its last occurrence, to be
	// reported at a stream's very first list. Zero sets no limit.
	Retention time.Duration
	// WatchTimeout is how long a watch may last before it is renewed. Zero
	// leaves it to the server.
	WatchTimeout time.Duration

	// Describe turns an error into a line for a person. It never shows a
	// credential.
	Describe func(error) string
}

// Source reads the events of one scope. Run it in one goroutine; Status may be
// called from any.
type Source struct {
	opts  Options
	query query

	stream event.Stream
	// doubt is set after a failure: the cluster may have been made anew.
	doubt bool
	// follower knows the version up to which everything was yielded.
	follower *watch.Follower
	// listed is what the items of the list under way have in common.
	listed event.Item

	mu     sync.Mutex
	status event.SourceStatus
}

// sourceName is the name in statuses and places.
const sourceName = "events"

// New returns a source, or an error that names the option which is wrong.
func New(opts Options) (*Source, error) {
	q, err := newQuery(opts)
	if err != nil {
		return nil, err
	}
	scope := string(opts.Namespace)
	if scope == "" {
		scope = "*"
	}
	s := &Source{
		opts:   opts,
		query:  q,
		status: event.SourceStatus{Name: sourceName, Scope: scope, State: event.SourceStarting},
	}
	s.follower = watch.NewFollower(s.handle, func(message string) {
		opts.Logger.Debug("events: "+message, "scope", scope)
	})
	return s, nil
}

// Status returns what the source is doing now.
func (s *Source) Status() event.SourceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *Source) update(f func(*event.SourceStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.status)
}

// Run reads until ctx ends. Whatever goes wrong on the way to the server is
// logged and tried again.
func (s *Source) Run(ctx context.Context) {
	defer s.update(func(st *event.SourceStatus) { st.State = event.SourceStopped })
	backoff := newBackoff()
	for ctx.Err() == nil {
		began := time.Now()
		err := s.session(ctx)
		if ctx.Err() != nil {
			return
		}
		// A session that lasted was healthy: its end is not the next failure
		// of a series.
		if time.Since(began) > watch.HealthyAfter {
			backoff = newBackoff()
		}
		s.doubt = s.doubt || err != nil
		if err == nil {
			if time.Since(began) > time.Second {
				continue
			}
			err = errShort
		}
		s.pause(ctx, &backoff, err)
	}
}

// errShort ends a session that the server closed at once: without a pause it
// would be opened again in a busy loop.
var errShort = errors.New("the server closed the watch at once")

func newBackoff() wait.Backoff {
	return wait.Backoff{Duration: 250 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 12, Cap: 30 * time.Second}
}

func (s *Source) pause(ctx context.Context, backoff *wait.Backoff, err error) {
	if apierrors.IsUnauthorized(err) || watch.IsStalled(err) || !watch.IsStatus(err) {
		s.opts.Server.Invalidate()
	}
	delay := watch.AtLeast(backoff.Step(), err)
	line := s.opts.Describe(err)
	var repeated bool
	s.update(func(st *event.SourceStatus) {
		repeated = st.Error == line
		st.State, st.Error = event.SourceBackingOff, line
		st.Reconnects++
	})
	level := slog.LevelWarn
	if repeated || errors.Is(err, errShort) {
		level = slog.LevelDebug
	}
	s.opts.Logger.Log(ctx, level, "events: "+line, "scope", s.Status().Scope, "retry_in", delay.Round(time.Millisecond))
	select {
	case <-ctx.Done():
	case <-time.After(delay):
	}
}

// session reads until the connection ends. It returns nil when it ended as
// watches do, having said nothing wrong.
func (s *Source) session(ctx context.Context) error {
	client, err := s.opts.Server.Client(ctx)
	if err != nil {
		return err
	}
	current, err := s.probe(ctx, client)
	if err != nil {
		return err
	}
	// Only now: a server that has just started may refuse the question for the
	// identity that it will answer a moment later, and the answer decides where
	// the stream goes on. Once events can be listed, a refusal is meant.
	if err := s.open(ctx); err != nil {
		return err
	}
	if position := s.follower.Position(); position != "" && current.NotAfter(position) && current != position {
		// An etcd restored from a backup counts again from an older version.
		// Watching from the newer one would wait in silence for ever.
		s.opts.Logger.Warn("events: the server's version went back: it was restored from a backup; reading all events anew",
			"scope", s.Status().Scope, "stored", position, "server", current)
		s.follower.Start("")
	}
	return s.follower.Read(ctx, s.connection(client))
}

// open names the stream and finds where to start: at first, and again after a
// failure, since another cluster may answer then.
func (s *Source) open(ctx context.Context) error {
	if s.stream != "" && !s.doubt {
		return nil
	}
	var identity string
	err := watch.Within(ctx, func(ctx context.Context) (err error) {
		identity, err = s.opts.Server.Identity(ctx)
		return err
	})
	if err != nil {
		return err
	}
	s.doubt = false
	stream := event.Stream(strings.Join([]string{"events", identity, s.query.scope()}, "|"))
	if stream == s.stream {
		return nil
	}
	if s.stream != "" {
		s.opts.Logger.Warn("events: another cluster answers at this address", "scope", s.Status().Scope)
	}
	position, _, err := s.opts.Positions.Position(ctx, stream)
	if err != nil {
		return fmt.Errorf("read position of %s: %w", stream, err)
	}
	s.stream = stream
	s.follower.Start(event.ResourceVersion(position))
	return nil
}

func (s *Source) yield(ctx context.Context, item event.Item) error {
	item.Stream, item.Place.Source, item.Size = s.stream, sourceName, int64(len(item.Raw))
	if err := s.opts.Sink.Yield(ctx, item); err != nil {
		return fmt.Errorf("yield event: %w", err)
	}
	return nil
}

// reached notes that everything up to version has been yielded.
func (s *Source) reached(version event.ResourceVersion) {
	s.update(func(st *event.SourceStatus) { st.ResourceVersion = version })
}

// received notes that the server said something.
func (s *Source) received() {
	s.update(func(st *event.SourceStatus) { st.LastReceived = time.Now() })
}

// recovered notes that the source is at work in the given state.
func (s *Source) recovered(state event.SourceState) {
	var was string
	s.update(func(st *event.SourceStatus) {
		was = st.Error
		st.State, st.Error, st.API = state, "", s.query.api().group
	})
	if was != "" {
		s.opts.Logger.Info("events: connected again", "scope", s.Status().Scope)
	}
}
