package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/emit"
	"github.com/fluent-live/live-status/pipeline/event"
)

// linger is how long a batch waits for more, unless somebody waits for what it
// has: a request per record would cost more than the delay.
const linger = 100 * time.Millisecond

// downstream takes what the output plugin forwards.
type downstream interface {
	// Deliver returns once every record of b has arrived, but for those that will
	// never be taken: their indices in b are returned, and they were put aside. Its
	// error is that ctx ended; then it is not known what arrived.
	Deliver(ctx context.Context, b emit.Batch) (dead []int, err error)
}

// marks tell apart the records of a batch: where each ends, which it is, what it came
// with, and how many of the batch's changes belong to it and those before it.
type marks struct {
	ends         []int
	ids          []event.RecordID
	receipts     []event.Receipt
	seen, passed []int
}

// add marks the record that b has last, which came with e.
func (m *marks) add(b *batch, e *entry) {
	m.ends = append(m.ends, len(b.data))
	m.ids = append(m.ids, e.id)
	m.receipts = append(m.receipts, e.receipt)
	m.seen = append(m.seen, len(b.changes.Seen))
	m.passed = append(m.passed, len(b.changes.Passed))
}

// forwarder is a host of its own: it takes batches from the outbox and gives them to
// a downstream.
type forwarder struct {
	outbox *outbox
	to     downstream
}

// run ends with ctx, or once nothing is left after the outbox was told that no more
// comes.
func (f *forwarder) run(ctx context.Context) {
	for {
		b := f.next(ctx)
		if b == nil {
			return
		}
		dead, err := f.to.Deliver(ctx, emit.Batch{Data: b.data, Ends: b.marks.ends, IDs: b.marks.ids})
		if err != nil {
			if ended, ok := errors.AsType[*emit.EndedError](err); ok {
				f.outbox.keep(ended.Done)
			}
			f.outbox.refuse()
			return
		}
		f.outbox.mourn(dead)
		f.outbox.accept(time.Now())
	}
}

// next waits for a batch that is worth the way, and returns nil where there will be
// none.
func (f *forwarder) next(ctx context.Context) *batch {
	timer := time.NewTimer(linger)
	defer timer.Stop()
	for {
		if done := f.outbox.wait(); done != nil {
			select {
			case <-ctx.Done():
				return nil
			case <-done:
			}
			continue
		}
		now := time.Now()
		due, end := f.outbox.ripe(now)
		if end {
			return nil
		}
		if due <= 0 {
			if f.outbox.take(now, 0) != nil {
				return f.outbox.batch()
			}
			continue
		}
		timer.Reset(due)
		select {
		case <-ctx.Done():
			return nil
		case <-f.outbox.filled:
		case <-timer.C:
		}
	}
}

// never is longer than anybody waits.
const never = time.Hour

// ripe returns how long the forwarder need not come, and whether it need not come
// again at all.
func (o *outbox) ripe(now time.Time) (in time.Duration, end bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := &o.filling
	switch {
	case o.refused || o.announced:
		return 0, false
	case o.handed != nil:
		return never, false
	case b.empty():
		return never, o.draining
	case o.draining || len(b.ended) > 0 || len(b.data) >= o.max/2:
		return 0, false
	default:
		return max(0, linger-now.Sub(b.began)), false
	}
}

// batch returns what was handed over.
func (o *outbox) batch() *batch {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.handed
}

// mourn notes which records of the batch handed over will never be taken.
func (o *outbox) mourn(dead []int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, i := range dead {
		o.handed.dead = append(o.handed.dead, o.handed.marks.receipts[i])
	}
}

// keep notes how many records at the beginning of the batch handed over have arrived,
// or will never be taken.
func (o *outbox) keep(arrived int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.handed.arrived = arrived
}

// part returns what of the batch is to be remembered where only its beginning has
// arrived; nil if that is nothing. What stands for more than a record stays out:
// positions, which pass over the others, and statuses.
func (b *batch) part() *batch {
	n := b.arrived
	if n == 0 {
		return nil
	}
	seen, passed := b.marks.seen[n-1], b.marks.passed[n-1]
	return &batch{mark: b.mark, records: int64(n), changes: cursor.Changes{Seen: b.changes.Seen[:seen], Passed: b.changes.Passed[:passed]}}
}
