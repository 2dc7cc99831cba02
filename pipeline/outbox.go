package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/event"
)

// maxChanges bounds what a batch may ask of the cursor besides its records:
// deletions make no record and would otherwise gather without end while the
// host is paused.
const maxChanges = 20_000

// spareMax is the largest buffer that is kept for the next batch when that is
// usually small.
const spareMax = 1 << 20

// batch is what is handed over and committed as one.
type batch struct {
	mark    dedup.Mark
	data    []byte
	records int64
	changes cursor.Changes
	// marks tell the records apart, and dead what the downstream will never take of
	// them; where records are forwarded only.
	marks marks
	dead  []event.Receipt
	// arrived is how many of them are known to have arrived where not all are.
	arrived int
	// ended are the receipts of which the last item is in the batch.
	ended []event.Receipt
	// began is when the first entry came.
	began time.Time
	// taken is when the batch was handed over; zero for one without records.
	taken time.Time
}

func (b *batch) empty() bool {
	return b.records == 0 && len(b.ended) == 0 && len(b.changes.Seen) == 0 && len(b.changes.Passed) == 0 && len(b.changes.Positions) == 0 && len(b.changes.Statuses) == 0
}

// entry is one thing to add to the batch. Its parts are committed together or
// not at all.
type entry struct {
	// record is an encoded record; nil if there is none. id is that of it.
	record []byte
	id     event.RecordID
	// receipt is that of the item; last is set where no more comes of it.
	receipt event.Receipt
	last    bool
	// stream and position say how far the entry's source is with it; position
	// is empty within a list.
	stream   event.Stream
	position event.Position
	remembered
}

// remembered is what an entry lets the cursor remember.
type remembered struct {
	// seen tells what the entry changes under the mark of the batch it goes
	// into. It is called once, and may be nil.
	seen func(dedup.Mark) cursor.SeenChange
	// passed is the fingerprint of an audit event, if audited is set.
	passed  event.Fingerprint
	audited bool
	// statuses are what is to be known of the statuses that were told.
	statuses []event.StatusRow
}

// outbox holds the batch being filled and the one that was handed over.
//
// States of the latter: none → taken (the host has it) → accepted (the host
// came back) → committed, which is none again. A batch that the host refused is
// handed over once more. One with statuses is announced before it is taken: the
// cursor then knows of which the host may have been told, whatever comes.
type outbox struct {
	max int
	// marked is set where records are to be told apart, forgetful where it is not
	// to be remembered which audit events were handed on.
	marked, forgetful bool
	// settled is how long the host needs to pass a batch on.
	settled time.Duration

	mu      sync.Mutex
	filling batch
	handed  *batch
	// announcing is set while the handed batch must not be taken yet, announced once it
	// may.
	announcing, announced bool
	// accepted is set once the host is known to have the handed batch.
	accepted bool
	// refused is set while the host could not take the handed batch.
	refused bool
	// paused is set while the host takes nothing, pausedAt is since when.
	paused   bool
	pausedAt time.Time
	// draining is set when no more will come: the interval is over.
	draining bool
	spare    []byte
	// taken is when a batch was last handed over.
	taken time.Time

	// room is signalled when filling was taken or committed.
	room chan struct{}
	// work is signalled when there is something to commit.
	work chan struct{}
	// done is closed and renewed at each commit.
	done chan struct{}
	// filled is signalled when something was added, or nothing more will be.
	filled chan struct{}
}

func newOutbox(maxBytes int, settled time.Duration) *outbox {
	return &outbox{
		max:     maxBytes,
		settled: settled,
		filling: batch{mark: 1},
		room:    make(chan struct{}, 1),
		work:    make(chan struct{}, 1),
		done:    make(chan struct{}),
		filled:  make(chan struct{}, 1),
	}
}

// add puts e into the batch, waiting while that is full.
func (o *outbox) add(ctx context.Context, e entry) error {
	for !o.tryAdd(e) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-o.room:
		}
	}
	return nil
}

func (o *outbox) tryAdd(e entry) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := &o.filling
	if b.records > 0 && len(b.data)+len(e.record) > o.max || len(b.changes.Seen) >= maxChanges || len(b.changes.Statuses) >= maxChanges {
		return false
	}
	if b.began.IsZero() {
		b.began = time.Now()
	}
	if len(e.record) > 0 {
		b.data = append(b.data, e.record...)
		b.records++
	}
	if e.last {
		b.ended = append(b.ended, e.receipt)
	}
	if e.seen != nil {
		b.changes.Seen = append(b.changes.Seen, e.seen(b.mark))
	}
	if e.audited && !o.forgetful {
		b.changes.Passed = append(b.changes.Passed, e.passed)
	}
	if o.marked && len(e.record) > 0 {
		b.marks.add(b, &e)
	}
	b.changes.Statuses = append(b.changes.Statuses, e.statuses...)
	if e.position != "" {
		if b.changes.Positions == nil {
			b.changes.Positions = map[event.Stream]event.Position{}
		}
		b.changes.Positions[e.stream] = e.position
	}
	signal(o.filled)
	return true
}

// accept says that the host came back: it has the batch handed over, once it
// had the time to pass it on. A host that is paused may come back and yet pass
// nothing on.
func (o *outbox) accept(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.handed == nil || o.announcing || o.announced || o.accepted || o.refused || o.paused || now.Sub(o.handed.taken) < o.settled {
		return
	}
	o.accepted = true
	signal(o.work)
}

// refuse says that the host could not take the batch that was handed over.
func (o *outbox) refuse() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refused = o.handed != nil && !o.accepted && !o.announcing && !o.announced
}

// pause says that the host takes nothing until it resumes.
func (o *outbox) pause(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paused, o.pausedAt = true, now
}

// drain says that nothing more will be added.
func (o *outbox) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.draining = true
	signal(o.filled)
}

func (o *outbox) resume() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paused = false
}

// take hands over the batch if the one before is committed and was handed over
// an interval ago. The bytes are the caller's until its next call.
func (o *outbox) take(now time.Time, interval time.Duration) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.paused {
		return nil
	}
	if o.refused {
		o.refused = false
		o.handed.taken = now
		return o.handed.data
	}
	if o.announced {
		o.announced = false
		o.taken, o.handed.taken = now, now
		return o.handed.data
	}
	if o.handed != nil {
		return nil
	}
	b := &o.filling
	if b.records == 0 {
		if !b.empty() {
			o.hand(time.Time{})
			o.accepted = true
			signal(o.work)
		}
		return nil
	}
	if now.Sub(o.taken) < interval && !o.draining {
		return nil
	}
	if len(b.changes.Statuses) > 0 {
		o.hand(time.Time{})
		o.announcing = true
		signal(o.work)
		return nil
	}
	o.taken = now
	return o.hand(now)
}

// hand moves the filling batch to handed and begins the next.
func (o *outbox) hand(now time.Time) []byte {
	b := o.filling
	b.taken = now
	o.handed, o.accepted = &b, false
	// The buffer of the batch before is free: the host copied it before it
	// came back. One that was grown by a backlog is let go.
	next := o.spare[:0]
	if cap(next) > spareMax && len(b.data) < cap(next)/4 {
		next = nil
	}
	o.spare = b.data
	o.filling = batch{mark: b.mark + 1, data: next}
	signal(o.room)
	return b.data
}

// due returns the batch to be committed, or only to be announced; nil if there is
// none.
func (o *outbox) due() (b *batch, announce bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.handed == nil || !o.accepted && !o.announcing {
		return nil, false
	}
	return o.handed, o.announcing
}

// told says that the cursor knows of what the handed batch is about to tell.
func (o *outbox) told() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.announcing {
		o.announcing, o.announced = false, true
		o.renew()
	}
}

// committed says that the handed batch is in the cursor.
func (o *outbox) committed() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.handed, o.accepted = nil, false
	o.renew()
}

// renew wakes those who wait. The lock is held.
func (o *outbox) renew() {
	close(o.done)
	o.done = make(chan struct{})
}

// wait returns a channel that is closed at the next commit or announcement, or nil
// when none is under way.
func (o *outbox) wait() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.handed == nil || !o.accepted && !o.announcing {
		return nil
	}
	return o.done
}

// settle decides on the batch that is with the host when no further call will
// come. The host has it for certain if it had the time to pass it on, which it
// had no longer than until it was paused. It returns how many records are left
// uncommitted, to be read again at the next start.
func (o *outbox) settle(now time.Time) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	left := o.filling.records
	if o.handed == nil {
		return left
	}
	if o.paused {
		now = o.pausedAt
	}
	if o.announcing || o.announced || !o.accepted && (o.refused || now.Sub(o.handed.taken) < o.settled) {
		// What came after it must not be committed before it.
		left += o.handed.records - int64(o.handed.arrived)
		o.handed, o.filling = o.handed.part(), batch{}
		o.accepted = o.handed != nil
		o.announcing, o.announced = false, false
		return left
	}
	o.accepted = true
	return left
}

// rest moves what needs no hand-over, positions without records, to be
// committed at the end.
func (o *outbox) rest() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.handed == nil && o.filling.records == 0 && !o.filling.empty() {
		o.hand(time.Time{})
		o.accepted = true
	}
}

func (o *outbox) queue() event.QueueStatus {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := event.QueueStatus{Records: o.filling.records, Bytes: int64(len(o.filling.data)), MaxBytes: int64(o.max)}
	if o.handed != nil {
		q.Uncommitted = o.handed.records
	}
	return q
}

// signal wakes the one who waits on c, if it is not yet woken.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
