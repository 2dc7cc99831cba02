package fluentbit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
)

// sourceName is the name in statuses and places.
const sourceName = "fluentbit"

const (
	defaultMaxItem    = 8 << 20
	defaultMaxPending = 64 << 20
)

// Sink takes what the source yields, and owns the slice from then on. YieldAll
// blocks while the sink is full; its error ends the source's run, and is the
// context's unless the sink is broken.
type Sink interface {
	YieldAll(ctx context.Context, items []event.Item) error
}

// Options say where items go and how much is taken.
type Options struct {
	Sink   Sink
	Logger *slog.Logger
	// Now is the clock of what is reported and of how long is remembered.
	Now func() time.Time

	// MaxItem is the size of the largest item that is yielded as a whole, in bytes of
	// JSON. Zero means 8 MiB.
	MaxItem int
	// MaxPending bounds the bytes of all chunks under way; zero means 64 MiB. One
	// chunk is always let in, however large.
	MaxPending int64
}

// Source takes chunks and yields what is in them. Run it in one goroutine; the other
// methods may be called from any.
type Source struct {
	opts Options
	room room
	// wake is signalled when a chunk was added to queue.
	wake chan struct{}
	// ended is closed once the source has stopped.
	ended chan struct{}

	mu    sync.Mutex
	table table
	// queue are the chunks that are not begun yet.
	queue     []*chunk
	byReceipt map[event.Receipt]*chunk
	receipts  event.Receipt
	stopped   bool
	patient   patience
	status    event.SourceStatus
}

// New returns a source that takes chunks already, and begins with them in Run.
func New(o Options) *Source {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxItem <= 0 {
		o.MaxItem = defaultMaxItem
	}
	if o.MaxPending <= 0 {
		o.MaxPending = defaultMaxPending
	}
	return &Source{
		opts:      o,
		room:      room{most: o.MaxPending},
		wake:      make(chan struct{}, 1),
		ended:     make(chan struct{}),
		table:     newTable(),
		byReceipt: make(map[event.Receipt]*chunk),
		status:    event.SourceStatus{Name: sourceName, Scope: "*", State: event.SourceStarting},
	}
}

// Run takes chunks apart and yields what is in them, in the order that they came in,
// until ctx ends or the sink is broken. Then all calls of Flush return Retry. It is
// called once.
func (s *Source) Run(ctx context.Context) {
	s.mu.Lock()
	s.status.State = event.SourceServing
	s.mu.Unlock()
	// Who waits is told also where this panics.
	defer s.stop()
	crash.Run(func() {
		for c := s.next(ctx); c != nil; c = s.next(ctx) {
			if err := s.yield(ctx, c); err != nil {
				if ctx.Err() == nil {
					s.opts.Logger.Error("fluentbit: the source ends", "error", err)
					s.mu.Lock()
					s.status.Error = err.Error()
					s.mu.Unlock()
				}
				return
			}
		}
	})
}

func (s *Source) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.queue = nil
	s.status.State = event.SourceStopped
	close(s.ended)
}

// next waits for a chunk; nil if ctx ended.
func (s *Source) next(ctx context.Context) *chunk {
	for ctx.Err() == nil {
		if c := s.pop(); c != nil {
			return c
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		}
	}
	return nil
}

func (s *Source) pop() *chunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil
	}
	c := s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	return c
}

// yield yields the items of a chunk.
func (s *Source) yield(ctx context.Context, c *chunk) error {
	place := event.Place{Source: sourceName, Name: c.tag}
	b := newBatch(c.data, s.opts.MaxItem, place, c.receipt, func(items []event.Item) error {
		return s.opts.Sink.YieldAll(ctx, items)
	})
	t := taker{unpacker: unpacker{data: c.data}, batch: b, find: newRecogniser(c.data, b), logger: s.opts.Logger}
	if err := t.chunk(); err != nil {
		return err
	}
	s.mu.Lock()
	c.fault = t.fault
	if !t.newest.IsZero() {
		s.status.Lag = max(s.opts.Now().Sub(t.newest), 0)
	}
	s.mu.Unlock()
	return b.end()
}

// Status returns what the source is doing now.
func (s *Source) Status() event.SourceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}
