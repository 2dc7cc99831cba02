package auditwebhook

import (
	"context"
	"sync"

	"github.com/fluent-live/live-status/pipeline/event"
)

// memory is a spool in memory whose writes a test can hold up or have fail.
type memory struct {
	added chan struct{}

	mu     sync.Mutex
	bodies []event.Spooled
	last   int64
	bytes  int64
	// before is called with every body before it is stored.
	before   func(ctx context.Context, item event.Spooled) error
	readErr  error
	deleteTo []int64
}

func newMemory() *memory { return &memory{added: make(chan struct{}, 1)} }

func (m *memory) Append(ctx context.Context, item event.Spooled) error {
	m.mu.Lock()
	before := m.before
	m.mu.Unlock()
	if before != nil {
		if err := before(ctx, item); err != nil {
			return err
		}
	}
	m.put(item)
	return nil
}

func (m *memory) StartAbove(_ context.Context, through int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = max(m.last, through)
	return nil
}

func (m *memory) put(item event.Spooled) {
	m.mu.Lock()
	m.last++
	item.Seq = m.last
	m.bodies = append(m.bodies, item)
	m.bytes += int64(len(item.Body))
	m.mu.Unlock()
	select {
	case m.added <- struct{}{}:
	default:
	}
}

func (m *memory) Next(_ context.Context, after int64) (event.Spooled, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.readErr != nil {
		return event.Spooled{}, false, m.readErr
	}
	for _, body := range m.bodies {
		if body.Seq > after {
			return body, true, nil
		}
	}
	return event.Spooled{}, false, nil
}

func (m *memory) Delete(_ context.Context, through int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deleteTo = append(m.deleteTo, through)
	for len(m.bodies) > 0 && m.bodies[0].Seq <= through {
		m.bytes -= int64(len(m.bodies[0].Body))
		m.bodies = m.bodies[1:]
	}
	return nil
}

func (m *memory) ID() string             { return "memory" }
func (m *memory) Added() <-chan struct{} { return m.added }

func (m *memory) Size() (bytes, bodies int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes, int64(len(m.bodies))
}

func (m *memory) stored() []event.Spooled {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]event.Spooled(nil), m.bodies...)
}

// on sets what happens before a body is stored.
func (m *memory) on(before func(context.Context, event.Spooled) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = before
}

// failing makes every write end with err.
func failing(err error) func(context.Context, event.Spooled) error {
	return func(context.Context, event.Spooled) error { return err }
}

func (m *memory) failReads(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readErr = err
}

// sink keeps what it is given and, unless told otherwise, commits it.
type sink struct {
	mu      sync.Mutex
	items   []event.Item
	batches int
	at      map[event.Stream]event.Position
	hold    bool
	changed chan struct{}
	err     error
}

func newSink() *sink {
	return &sink{at: make(map[event.Stream]event.Position), changed: make(chan struct{})}
}

func (s *sink) YieldAll(_ context.Context, items []event.Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.items = append(s.items, items...)
	s.batches++
	if !s.hold {
		for _, item := range items {
			s.at[item.Stream] = item.Position
		}
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

func (s *sink) Position(_ context.Context, stream event.Stream) (event.Position, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.at[stream]
	return at, ok, nil
}

func (s *sink) commit(stream event.Stream, at event.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[stream] = at
}

// await returns the items once there are n of them.
func (s *sink) await(ctx context.Context, n int) ([]event.Item, bool) {
	for {
		s.mu.Lock()
		items, changed := append([]event.Item(nil), s.items...), s.changed
		s.mu.Unlock()
		if len(items) >= n {
			return items, true
		}
		select {
		case <-ctx.Done():
			return items, false
		case <-changed:
		}
	}
}
