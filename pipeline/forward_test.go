package pipeline

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/emit"
	"github.com/fluent-live/live-status/pipeline/event"
)

// slowDownstream takes a batch when it is let.
type slowDownstream struct {
	got  chan []event.RecordID
	let  chan error
	dead []int
}

func (d *slowDownstream) Deliver(ctx context.Context, b emit.Batch) ([]int, error) {
	select {
	case d.got <- slices.Clone(b.IDs):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case err := <-d.let:
		return d.dead, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// forwarding starts a forwarder and a committer without a store's failures.
func forwarding(t *testing.T, most int) (*outbox, *slowDownstream, *[]event.Receipt, func()) {
	t.Helper()
	o := newOutbox(most, 0)
	o.marked = true
	down := &slowDownstream{got: make(chan []event.RecordID), let: make(chan error)}
	settled := &[]event.Receipt{}
	c := &committer{store: &store{}, outbox: o, count: &counters{}, settled: func(b *batch) { *settled = append(*settled, b.ended...) }}
	ctx, stop := context.WithCancel(t.Context())
	go c.run(ctx)
	f := &forwarder{outbox: o, to: down}
	ended := make(chan struct{})
	go func() { defer close(ended); f.run(ctx) }()
	return o, down, settled, func() { stop(); <-ended }
}

func put(t *testing.T, o *outbox, id string, receipt event.Receipt, last bool) {
	t.Helper()
	e := entry{receipt: receipt, last: last}
	if id != "" {
		e.record, e.id = []byte(id), event.RecordID(id)
	}
	if err := o.add(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func TestForwarderLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, down, settled, stop := forwarding(t, 1<<20)
		defer stop()
		began := time.Now()
		put(t, o, "a", 1, false)
		put(t, o, "b", 1, false)
		if got := <-down.got; !slices.Equal(got, []event.RecordID{"a", "b"}) || time.Since(began) != linger {
			t.Errorf("got %v after %v", got, time.Since(began))
		}
		// What comes meanwhile waits, and goes at once where somebody waits for it.
		put(t, o, "c", 1, false)
		put(t, o, "", 1, true)
		began = time.Now()
		down.let <- nil
		if got := <-down.got; !slices.Equal(got, []event.RecordID{"c"}) || time.Since(began) != 0 {
			t.Errorf("got %v after %v", got, time.Since(began))
		}
		if len(*settled) != 0 {
			t.Errorf("settled before it was acknowledged: %v", *settled)
		}
		down.let <- nil
		synctest.Wait()
		if !slices.Equal(*settled, []event.Receipt{1}) {
			t.Errorf("settled %v", *settled)
		}
		// A chunk of which nothing is news is settled without a request.
		put(t, o, "", 2, true)
		synctest.Wait()
		if !slices.Equal(*settled, []event.Receipt{1, 2}) {
			t.Errorf("settled %v", *settled)
		}
	})
}

func TestForwarderTakesFullBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, down, _, stop := forwarding(t, 8)
		defer stop()
		began := time.Now()
		put(t, o, "aaaa", 1, false)
		if got := <-down.got; len(got) != 1 || time.Since(began) != 0 {
			t.Errorf("got %v after %v", got, time.Since(began))
		}
	})
}

// What was not acknowledged when the process ends is not committed.
func TestForwarderEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, down, settled, stop := forwarding(t, 1<<20)
		put(t, o, "a", 1, false)
		put(t, o, "", 1, true)
		<-down.got
		stop()
		if len(*settled) != 0 || o.settle(time.Now()) != 1 {
			t.Errorf("settled %v", *settled)
		}
	})
}

// The end comes once everything that was there has been delivered.
func TestForwarderDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, down, settled, stop := forwarding(t, 1<<20)
		defer stop()
		put(t, o, "a", 0, false)
		o.drain()
		<-down.got
		down.let <- nil
		synctest.Wait()
		if o.queue().Uncommitted != 0 || len(*settled) != 0 {
			t.Error("not drained")
		}
		select {
		case got := <-down.got:
			t.Errorf("got %v", got)
		default:
		}
	})
}

// Of a batch the records are told apart by what they came with.
func TestForwarderCountsTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, down, _, stop := forwarding(t, 1<<20)
		defer stop()
		down.dead = []int{1, 2}
		out := &output{dead: map[event.Receipt]int{}}
		put(t, o, "a", 1, false)
		put(t, o, "b", 2, false)
		put(t, o, "c", 2, false)
		<-down.got
		b := o.batch()
		down.let <- nil
		synctest.Wait()
		out.settle(b)
		if out.dead[2] != 2 || out.dead[1] != 0 {
			t.Errorf("got %v", out.dead)
		}
	})
}

func TestForwarderGivesBackWhatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, down, settled, stop := forwarding(t, 1<<20)
		defer stop()
		put(t, o, "a", 1, true)
		<-down.got
		down.let <- errors.New("away")
		synctest.Wait()
		if len(*settled) != 0 {
			t.Errorf("settled %v", *settled)
		}
	})
}
