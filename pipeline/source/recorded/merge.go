package recorded

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// merger yields audit logs and events in the order of time.
type merger struct {
	s      *Source
	events *index
	// pending are the logs that are not open yet, in the order of when they begin,
	// and open those that are.
	pending, open []*lane
	// now is when the latest of what was yielded was.
	now    moment
	out    batch
	warned bool
}

// merge yields everything. Its error ends the run.
func (s *Source) merge(ctx context.Context, events *index) error {
	m := merger{s: s, events: events, now: earliest, out: batch{sink: s.opts.Sink}}
	defer m.close()
	if err := m.survey(ctx); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l, err := m.choose(ctx)
		if err != nil {
			return err
		}
		var h held
		switch {
		case l != nil && (m.events.done() || l.window.first().at <= m.events.at()):
			h, l.begun = *l.window.pop(), true
		case !m.events.done():
			h = m.events.next()
		default:
			return m.out.flush(ctx)
		}
		if h.timed {
			if h.at < m.now {
				s.late.Add(1)
			}
			m.now = max(m.now, h.at)
		}
		if err := m.out.add(ctx, h.item); err != nil {
			return err
		}
	}
}

// survey finds out when each of the audit logs begins. A pipe, which can be read
// once only, is read from the start.
func (m *merger) survey(ctx context.Context) error {
	for _, in := range m.s.of(auditFile) {
		l := &lane{in: in, first: earliest}
		if !in.once {
			if err := l.peek(ctx, m.s.opts.MaxItem); ctx.Err() != nil {
				return ctx.Err()
			} else if err != nil {
				m.s.failed(in, err)
				continue
			}
		}
		m.pending = append(m.pending, l)
	}
	slices.SortStableFunc(m.pending, func(a, b *lane) int { return cmp.Compare(a.first, b.first) })
	return nil
}

// choose returns the log whose next item is the earliest of all; nil if there is
// none.
func (m *merger) choose(ctx context.Context) (*lane, error) {
	for {
		m.fill(ctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l := m.least()
		if len(m.pending) == 0 {
			return l, nil
		}
		next := m.pending[0]
		switch {
		case l == nil, len(m.open) < m.s.opts.Window.Files && (next.first <= l.window.first().at || !m.ahead()):
			m.pending = m.pending[1:]
			m.start(ctx, next)
			continue
		case next.first <= l.window.first().at && !m.warned:
			m.warned = true
			m.s.opts.Logger.WarnContext(ctx, "more audit logs overlap in time than are read side by side: some of it comes late",
				"files", m.s.opts.Window.Files)
		}
		return l, nil
	}
}

// ahead reports whether a log is open that has not been begun: what is in its
// window shows for sure when it begins.
func (m *merger) ahead() bool {
	return slices.ContainsFunc(m.open, func(l *lane) bool { return !l.begun })
}

func (m *merger) start(ctx context.Context, l *lane) {
	if err := l.open(ctx, m.s.opts.MaxItem, m.s.reported(l.in)); err != nil {
		m.s.failed(l.in, err)
		return
	}
	m.open = append(m.open, l)
}

// fill reads on, as far as the windows have room, and lets go of logs that have
// nothing more.
func (m *merger) fill(ctx context.Context) {
	w := m.s.opts.Window
	share := min(w.Bytes, w.TotalBytes/int64(max(len(m.open), 1)))
	var total int64
	for _, l := range m.open {
		total += l.window.bytes
	}
	for _, l := range m.open {
		for !l.ended && (l.window.len() == 0 || l.window.len() < w.Items && l.window.bytes < share && total < w.TotalBytes) {
			before := l.window.bytes
			if err := l.read(); err != nil && ctx.Err() == nil {
				m.s.failed(l.in, err)
			}
			total += l.window.bytes - before
		}
	}
	m.open = slices.DeleteFunc(m.open, func(l *lane) bool { return l.ended && l.window.len() == 0 })
}

// least returns the open log whose next item is the earliest.
func (m *merger) least() *lane {
	var least *lane
	for _, l := range m.open {
		if least == nil {
			least = l
			continue
		}
		a, b := l.window.first(), least.window.first()
		if cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(l.in.rank, least.in.rank)) < 0 {
			least = l
		}
	}
	return least
}

func (m *merger) close() {
	for _, l := range m.open {
		l.close()
	}
}

// batch gathers items, to yield many at once.
type batch struct {
	sink  Sink
	items []event.Item
	bytes int
}

// How much is yielded at once.
const (
	batchItems = 256
	batchBytes = 1 << 20
)

func (b *batch) add(ctx context.Context, item event.Item) error {
	if b.items == nil {
		b.items = make([]event.Item, 0, batchItems)
	}
	b.items = append(b.items, item)
	b.bytes += len(item.Raw) + len(item.Tail)
	if len(b.items) < batchItems && b.bytes < batchBytes {
		return nil
	}
	return b.flush(ctx)
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.items) == 0 {
		return nil
	}
	items := b.items
	b.items, b.bytes = nil, 0
	if err := b.sink.YieldAll(ctx, items); err != nil {
		return &takerError{fmt.Errorf("yield: %w", err)}
	}
	return nil
}
