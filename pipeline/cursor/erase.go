package cursor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What a body leaves behind when it is deleted, encrypted as it was: its bytes in the write-ahead
// log, from when it came, until the log is written over or cut off. In the file
// itself SQLite overwrites them with zeros at once (PRAGMA secure_delete), but
// for free pages that were deleted on a disk too full for that.
const (
	// eraseEmpty is how often the log is cut off at most where no body waits,
	// eraseOther where some do: theirs are then written to the file early.
	eraseEmpty = 10 * time.Second
	eraseOther = time.Minute
	// eraseBusy is how long to wait for readers to leave the log. During that
	// nobody can append.
	eraseBusy = 100 * time.Millisecond
)

// eraser knows when to erase. It belongs to the goroutine that writes.
type eraser struct {
	// pending is set while the log may have something in it that was deleted.
	pending bool
	last    time.Time
	// failed is set after a failure, which is logged once.
	failed bool
}

// newEraser assumes that the run before left something behind.
func newEraser() eraser { return eraser{pending: true} }

// wait returns in what time to erase, and false where there is no need.
func (e *eraser) wait(empty bool) (time.Duration, bool) {
	every := eraseOther
	if empty {
		every = eraseEmpty
	}
	if e.last.IsZero() {
		return 0, e.pending
	}
	return time.Until(e.last.Add(every)), e.pending
}

// empty reports whether no body waits.
func (s *Spool) empty() bool {
	_, bodies := s.queue.stored()
	return bodies == 0
}

// eraseNow erases, and sees to it that it is tried again after some time where
// that fails. It returns true while there is more to do, for which those who
// wait to append need not wait.
func (s *Spool) eraseNow(ctx context.Context, e *eraser) (more bool) {
	more, err := s.erase(ctx)
	if more && err == nil {
		return true
	}
	e.last, e.pending = time.Now(), err != nil
	if err != nil && !e.failed {
		s.logger.Warn("what was handed on is still in the spool's file or log", "path", s.path, "error", err)
	}
	e.failed = err != nil
	return false
}

// erase cuts the log off. Where free pages may have something in them it first
// gives them to the disk, some at a time, and returns true while there are more.
func (s *Spool) erase(ctx context.Context) (more bool, err error) {
	if s.unclean.Load() && s.empty() {
		if more, err = s.dropPages(ctx); more || err != nil {
			return more, err
		}
		s.unclean.Store(false)
	}
	return false, s.cutLog(ctx)
}

// cutLog writes the log back and cuts it off.
func (s *Spool) cutLog(ctx context.Context) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return s.fail("erase", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, busyPragma(eraseBusy)); err != nil {
		return s.fail("erase", err)
	}
	var busy, inLog, done int64
	err = conn.QueryRowContext(ctx, checkpointTruncate).Scan(&busy, &inLog, &done)
	if _, restore := conn.ExecContext(ctx, busyPragma(busyTimeout)); restore != nil {
		err = errors.Join(err, restore)
	}
	if err != nil {
		return s.fail("erase", err)
	}
	if busy != 0 {
		return errors.New("another program reads the log")
	}
	return nil
}

func busyPragma(d time.Duration) string {
	return fmt.Sprintf("PRAGMA busy_timeout = %d", d.Milliseconds())
}

// dropPages gives some free pages to the disk, and returns true while there are
// more.
func (s *Spool) dropPages(ctx context.Context) (more bool, err error) {
	before, err := s.freelist(ctx)
	if err != nil || before == 0 {
		return false, err
	}
	if _, err := s.db.ExecContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", shrinkPages)); err != nil {
		return false, s.fail("erase", err)
	}
	after, err := s.freelist(ctx)
	if err == nil && after >= before {
		err = fmt.Errorf("%d free pages cannot be given back", after)
	}
	return after > 0, err
}

func (s *Spool) freelist(ctx context.Context) (pages int64, err error) {
	if err := s.db.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&pages); err != nil {
		return 0, s.fail("erase", err)
	}
	return pages, nil
}
