package cursor

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	insertBody = `INSERT INTO body (received, sender, body) VALUES (?, ?, ?)`

	selectLast = `SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'body'`
	insertLast = `INSERT INTO body (seq, received, sender, body) VALUES (?, 0, '', x'')`
	deleteLast = `DELETE FROM body WHERE seq = ?`

	// groupBodies and groupBytes bound one transaction, so that those who come
	// first need not wait long for those who come with them. A single body may
	// be larger.
	groupBodies = 256
	groupBytes  = 16 << 20
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

// StartAbove makes sure that no body gets a Seq up to and including through: of
// these something has been handed on, by a spool that was since put back from a
// copy.
func (s *Spool) StartAbove(ctx context.Context, through int64) error {
	done, err := s.begin(ctx)
	if err != nil {
		return fmt.Errorf("reserve numbers of the spool: %w", err)
	}
	defer done()
	if err := s.startAbove(context.WithoutCancel(ctx), through); err != nil {
		return s.fail("reserve numbers", err)
	}
	return nil
}

func (s *Spool) startAbove(ctx context.Context, through int64) (err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = undo(tx, err) }()
	var last int64
	if err := tx.QueryRowContext(ctx, selectLast).Scan(&last); err != nil {
		return err
	}
	if last >= through {
		return tx.Rollback()
	}
	// SQLite never gives a number again that any row has had.
	if _, err := tx.ExecContext(ctx, insertLast, through); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, deleteLast, through); err != nil {
		return err
	}
	return tx.Commit()
}

func notify(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// add lets a body wait if it fits.
func (q *queue) add(w *waiting, limit int64) error {
	size := int64(len(w.body.Body))
	if size > limit {
		return fmt.Errorf("%w: a body of %d bytes never fits into %d", event.ErrSpoolFull, size, limit)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if size > limit-q.bytes-q.reserved {
		return fmt.Errorf("%w: %d of %d bytes are taken, a body of %d bytes does not fit",
			event.ErrSpoolFull, q.bytes+q.reserved, limit, size)
	}
	q.reserved += size
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
	q.reserved -= int64(len(w.body.Body))
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
		size := int64(len(w.body.Body))
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

// write is the goroutine that writes groups until the spool is closed. It is
// only then that nobody waits for it, so that nothing is left behind.
func (s *Spool) write() {
	defer close(s.ended)
	for {
		select {
		case <-s.wake:
		case <-s.stop:
			return
		}
		for {
			group := s.queue.take()
			if len(group) == 0 {
				break
			}
			s.keep(context.Background(), group)
		}
	}
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
	file, log, err := s.sizes()
	if err != nil {
		return err
	}
	free, total, ok := roomOf(s.path, max(file, log))
	if !ok {
		return nil
	}
	var size int64
	for _, w := range group {
		size += int64(len(w.body.Body))
	}
	// Everything is written twice: to the log, and later to the file.
	if need := 2*size + log + min(spareBytes, total/sparePart); free < need {
		return &Error{Database: s.of, Path: s.path, Kind: Full, Err: fmt.Errorf(
			"it has %d bytes left, %d are needed to work", free, need)}
	}
	return nil
}

func (s *Spool) insertAll(ctx context.Context, group []*waiting) error {
	return s.transact(ctx, func(free context.Context, tx *sql.Tx) error {
		insert := tx.StmtContext(free, s.insert) //nolint:sqlclosecheck // Its transaction closes it.
		for _, w := range group {
			body := w.body.Body
			if body == nil {
				// A blob of no bytes, which is not NULL.
				body = []byte{}
			}
			if _, err := insert.ExecContext(free, w.body.Received.UnixNano(), w.body.Sender, body); err != nil {
				return err
			}
		}
		return nil
	})
}
