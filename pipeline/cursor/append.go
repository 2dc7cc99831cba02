package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	insertBody = `INSERT INTO body (seq, received, sender, body) VALUES (?, ?, ?, ?)`
	// lastSeq is what AUTOINCREMENT counts on from. The number is chosen here, since
	// the body is encrypted for it.
	lastSeq = `SELECT max(coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'body'), 0),
  coalesce((SELECT max(seq) FROM body), 0))`

	// groupBodies and groupBytes bound one transaction, so that those who come
	// first need not wait long for those who come with them. A single body may
	// be larger.
	groupBodies = 256
	groupBytes  = 16 << 20
	// keptBytes bounds the memory for encrypted bodies that is kept for the next.
	keptBytes = 4 << 20
)

// waiting is a body on its way into the file.
type waiting struct {
	body event.Spooled
	// answer takes the one answer without blocking.
	answer chan error
	// taken is set once the writer has it, gone once nobody waits any more.
	taken, gone bool
}

// Append stores a body and returns once it will survive a power cut. It is
// stored as a whole or, with an error, not at all. Its Seq is of no meaning;
// a Received that is zero becomes the present.
//
// Where the body does not fit into MaxBytes the error is event.ErrSpoolFull,
// and an *Error of kind Full where the disk has no room: both pass. Where ctx
// ends first the error is that of ctx, and the body may be stored or not: its
// bytes must not change even then.
func (s *Spool) Append(ctx context.Context, b event.Spooled) error {
	done, err := s.begin(ctx)
	if err != nil {
		return fmt.Errorf("append to spool: %w", err)
	}
	defer done()
	if b.Received.Before(time.Unix(0, math.MinInt64)) || b.Received.After(time.Unix(0, math.MaxInt64)) {
		b.Received = s.now()
	}
	w := &waiting{body: b, answer: make(chan error, 1)}
	if err := s.queue.add(w, s.maxBytes); err != nil {
		return fmt.Errorf("append to spool: %w", err)
	}
	notify(s.wake)
	select {
	case err := <-w.answer:
		return err
	case <-ctx.Done():
		s.queue.withdraw(w)
		return fmt.Errorf("append to spool: %w", ctx.Err())
	}
}

func notify(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// RowBytes is what each body counts besides its own bytes: its row in the file,
// without which bodies of a few bytes would take several times the limit.
// Measured with the longest of senders' addresses: 86 bytes for a body of a few
// bytes, 122 for one of 1000, of which sealBytes are 28.
const RowBytes = 128

// charge is what a body counts against the limit.
func (w *waiting) charge() int64 { return int64(len(w.body.Body)) + RowBytes }

// add lets a body wait if it fits.
func (q *queue) add(w *waiting, limit int64) error {
	size := int64(len(w.body.Body))
	if size > limit {
		return fmt.Errorf("%w: a body of %d bytes never fits into %d", event.ErrSpoolFull, size, limit)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	// A body of the limit's size fits where there is no other: its sender would
	// else repeat it for ever.
	if taken := q.bytes + q.reserved; taken > 0 && w.charge() > limit-taken {
		return fmt.Errorf("%w: %d of %d bytes are taken, a body of %d bytes does not fit",
			event.ErrSpoolFull, taken, limit, size)
	}
	q.reserved += w.charge()
	q.waiting = append(q.waiting, w)
	return nil
}

// withdraw takes a body back for which nobody waits any more, unless it is
// being written.
func (q *queue) withdraw(w *waiting) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.taken {
		return
	}
	q.reserved -= w.charge()
	w.gone = true
	w.body = event.Spooled{}
}

// take returns the bodies that are to be written together, in the order in
// which they came; none if none waits.
func (q *queue) take() []*waiting {
	q.mu.Lock()
	defer q.mu.Unlock()
	var group []*waiting
	size, n := 0, 0
	for _, w := range q.waiting {
		if !w.gone {
			if len(group) == groupBodies || len(group) > 0 && size+len(w.body.Body) > groupBytes {
				break
			}
			size += len(w.body.Body)
			w.taken = true
			group = append(group, w)
		}
		n++
	}
	clear(q.waiting[:n])
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	return group
}

// settle notes what became of bodies that were taken.
func (q *queue) settle(group []*waiting, stored bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range group {
		size := w.charge()
		q.reserved -= size
		if stored {
			q.bytes += size
			q.bodies++
		}
	}
}

// removed notes that bodies are no longer in the file.
func (q *queue) removed(bytes, bodies int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= bytes
	q.bodies -= bodies
}

// write is the goroutine that writes groups, and erases what was deleted, until
// the spool is closed. It is only then that nobody waits for it, so that nothing
// is left behind.
func (s *Spool) write() {
	defer close(s.ended)
	ctx, timer := context.Background(), time.NewTimer(0)
	defer timer.Stop()
	for e := newEraser(); ; {
		if group := s.queue.take(); len(group) > 0 {
			s.keep(ctx, group)
		} else if !s.rest(timer, &e) {
			// With it the file lies there for as long as nobody opens it.
			for s.eraseNow(ctx, &e) {
			}
			return
		}
		if wait, due := e.wait(s.empty()); due && wait <= 0 {
			s.eraseNow(ctx, &e)
		}
	}
}

// rest waits until there is something to do, and returns false where the spool
// is closed.
func (s *Spool) rest(timer *time.Timer, e *eraser) bool {
	var erase <-chan time.Time
	if wait, due := e.wait(s.empty()); due {
		timer.Reset(wait)
		erase = timer.C
	}
	select {
	case <-s.wake:
	case <-erase:
	case <-s.deleted:
		e.pending = true
	case <-s.stop:
		return false
	}
	return true
}

// keep writes a group and answers each of its bodies.
func (s *Spool) keep(ctx context.Context, group []*waiting) {
	err := s.attempt(ctx, group)
	kind := KindOf(err)
	if kind == Full {
		s.reclaim(ctx)
	}
	if kind != Full && (kind != IO || len(group) == 1) {
		s.answer(group, err)
		return
	}
	// What is no fault of the whole file may be that of one body, for which the
	// others need not suffer: some may be small enough for what room is left.
	for i := range group {
		s.answer(group[i:i+1], s.attempt(ctx, group[i:i+1]))
	}
}

// answer tells bodies what became of them.
func (s *Spool) answer(group []*waiting, err error) {
	s.queue.settle(group, err == nil)
	if err == nil {
		notify(s.added)
	}
	for _, w := range group {
		w.answer <- err
	}
}

// attempt stores all bodies of a group or none.
func (s *Spool) attempt(ctx context.Context, group []*waiting) error {
	if err := s.roomFor(group); err != nil {
		return err
	}
	if err := s.insertAll(ctx, group); err != nil {
		return s.fail("append", err)
	}
	s.commits.Add(1)
	return nil
}

// spareBytes stay free on the disk, or a part of it where it is small.
const (
	spareBytes = 4 << 20
	sparePart  = 16
)

// roomFor refuses bodies that would take the last room of the disk. With none
// left nothing could be deleted either, for that is written to the log first,
// and the log could not be written back into a file that has to grow for it:
// a disk that the spool alone has filled would stay full for ever. Besides,
// the cursor mostly lies on the same disk.
func (s *Spool) roomFor(group []*waiting) error {
	var size int64
	for _, w := range group {
		size += int64(len(w.body.Body)) + sealBytes
	}
	// Everything is written twice: to the log, and later to the file.
	free, need, err := s.room(2 * size)
	if err == nil && free < need {
		err = &Error{Database: s.of, Path: s.path, Kind: Full, Err: fmt.Errorf(
			"it has %d bytes left, %d are needed to work", free, need)}
	}
	return err
}

// roomForZeros reports whether bodies can be overwritten before they are
// deleted. The zeros go to the log first: one that could grow no more for them
// would have taken the room that the file needs.
func (s *Spool) roomForZeros(size int64) bool {
	free, need, err := s.room(size)
	return err == nil && free >= need
}

// room returns what is left on the disk, and what should be for so many bytes
// to be written. Both are 0 where the disk does not say.
func (s *Spool) room(size int64) (free, need int64, err error) {
	file, log, err := s.sizes()
	if err != nil {
		return 0, 0, err
	}
	free, total, ok := roomOf(s.path, max(file, log))
	if !ok {
		return 0, 0, nil
	}
	return free, size + log + min(spareBytes, total/sparePart), nil
}

func (s *Spool) insertAll(ctx context.Context, group []*waiting) error {
	return s.transact(ctx, func(free context.Context, tx *sql.Tx) error {
		insert := tx.StmtContext(free, s.insert) //nolint:sqlclosecheck // Its transaction closes it.
		last := tx.StmtContext(free, s.last)     //nolint:sqlclosecheck // Its transaction closes it.
		var at row
		if err := last.QueryRowContext(free).Scan(&at.seq); err != nil {
			return err
		}
		for _, w := range group {
			if at.seq++; at.seq <= 0 {
				return errors.New("no number is left")
			}
			at.received, at.sender = w.body.Received.UnixNano(), w.body.Sender
			sealed, err := s.vault.seal(s.sealed[:0], at, w.body.Body)
			if err != nil {
				return err
			}
			if cap(sealed) <= keptBytes {
				s.sealed = sealed
			}
			if _, err := insert.ExecContext(free, at.seq, at.received, at.sender, sealed); err != nil {
				return err
			}
		}
		return nil
	})
}
