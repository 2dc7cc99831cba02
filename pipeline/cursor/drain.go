package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	selectNext    = `SELECT seq, received, sender, body FROM body WHERE seq > ? ORDER BY seq LIMIT 1`
	measureBodies = `SELECT seq, length(body) FROM body WHERE seq <= ? ORDER BY seq LIMIT ?`
	deleteBodies  = `DELETE FROM body WHERE seq <= ?`

	// deleteBytes and deleteRows bound what one transaction deletes, some tens
	// of milliseconds during which nobody can append, for it writes as many
	// zeros. A single body may be larger. With much less, those who append
	// without a pause leave ever more behind: the two take turns.
	deleteBytes = 8 << 20
	deleteRows  = 256
	// slackBytes of free pages stay in the file: the next bodies need them.
	slackBytes = 16 << 20
	// shrinkPages is how many pages are given back in one transaction.
	shrinkPages = 512
)

// Next returns the first body with a Seq greater than after, and false when
// there is none. It finds what has been stored for good only.
func (s *Spool) Next(ctx context.Context, after int64) (event.Spooled, bool, error) {
	done, err := s.begin(ctx)
	if err != nil {
		return event.Spooled{}, false, fmt.Errorf("read spool: %w", err)
	}
	defer done()
	var (
		b        event.Spooled
		received int64
	)
	// As with the cursor, watching the context would cost more than the read.
	err = s.next.QueryRowContext(context.WithoutCancel(ctx), after).Scan(&b.Seq, &received, &b.Sender, &b.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return event.Spooled{}, false, nil
	}
	if err != nil {
		return event.Spooled{}, false, s.fail("read", err)
	}
	b.Received = time.Unix(0, received).UTC()
	return b, true, nil
}

// Delete forgets all bodies with a Seq up to through, in steps between which
// others can append, and gives their room back to the disk by and by. Where it
// fails or ctx ends, the oldest of them are gone and the others are not.
func (s *Spool) Delete(ctx context.Context, through int64) error {
	done, err := s.begin(ctx)
	if err != nil {
		return fmt.Errorf("delete from spool: %w", err)
	}
	defer done()
	var freed int64
	defer func() {
		if freed > 0 {
			notify(s.deleted)
		}
	}()
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("delete from spool: %w", err)
		}
		var bytes int64
		bytes, more, err = s.deleteStep(ctx, through, deleteRows, true)
		if IsFull(err) {
			// On a full disk less may work, all the more so without the zeros,
			// which go through the log.
			s.reclaim(ctx)
			bytes, more, err = s.deleteStep(ctx, through, 1, false)
		}
		if err != nil {
			return err
		}
		freed += bytes
	}
	if freed == 0 {
		return nil
	}
	return s.shrink(ctx, freed)
}

// deleteStep deletes the oldest bodies up to through, at most rows of them, and
// overwrites them with zeros where it is to and the disk has the room. It returns how many bytes they
// counted and whether there may be more.
func (s *Spool) deleteStep(ctx context.Context, through, rows int64, zeros bool) (bytes int64, more bool, err error) {
	var bodies int64
	err = s.transact(context.WithoutCancel(ctx), func(ctx context.Context, tx *sql.Tx) error {
		var last int64
		var err error
		if last, bytes, bodies, more, err = s.step(ctx, tx, through, rows); err != nil || bodies == 0 {
			return err
		}
		remove := tx.StmtContext(ctx, s.remove) //nolint:sqlclosecheck // Its transaction closes it.
		if zeros && s.roomForZeros(bytes) {
			_, err = remove.ExecContext(ctx, last)
			return err
		}
		s.unclean.Store(true)
		if _, err = tx.ExecContext(ctx, secureDelete(false)); err != nil {
			return err
		}
		_, err = remove.ExecContext(ctx, last)
		_, restore := tx.ExecContext(ctx, secureDelete(true))
		return errors.Join(err, restore)
	})
	if err != nil {
		return 0, false, s.fail("delete", err)
	}
	s.queue.removed(bytes, bodies)
	return bytes, more, nil
}

func secureDelete(on bool) string {
	if on {
		return "PRAGMA secure_delete = ON"
	}
	// Zeros only in pages that are written anyway.
	return "PRAGMA secure_delete = FAST"
}

// step measures the bodies that are to be deleted together.
func (s *Spool) step(ctx context.Context, tx *sql.Tx, through, limit int64) (last, bytes, bodies int64, more bool, err error) {
	measure := tx.StmtContext(ctx, s.measure) //nolint:sqlclosecheck // Its transaction closes it.
	rows, err := measure.QueryContext(ctx, through, limit)
	if err != nil {
		return 0, 0, 0, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq, size int64
		if err := rows.Scan(&seq, &size); err != nil {
			return 0, 0, 0, false, err
		}
		if bodies > 0 && bytes+size > deleteBytes {
			return last, bytes, bodies, true, nil
		}
		last = seq
		bytes += size + RowBytes
		bodies++
	}
	return last, bytes, bodies, bodies == limit, rows.Err()
}

// shrink gives free pages at the end of the file back to the disk, where there
// are more of them than of others. Pages in use that lie behind free ones must
// be moved, so a call gives back at most about twice of what was freed before
// it: a backlog that is worked off has shrunk the file by its end.
func (s *Spool) shrink(ctx context.Context, freed int64) error {
	ended, ctx, shrunk := ctx, context.WithoutCancel(ctx), false
	var pageBytes int64
	if err := s.db.QueryRowContext(ctx, "PRAGMA page_size").Scan(&pageBytes); err != nil {
		return s.fail("shrink", err)
	}
	for budget := 2*freed/pageBytes + shrinkPages; budget > 0 && ended.Err() == nil; budget -= shrinkPages {
		free, err := s.freePages(ctx, pageBytes)
		if err != nil || free == 0 {
			return s.shrunk(ctx, shrunk, err)
		}
		_, err = s.db.ExecContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", min(free, shrinkPages)))
		if err != nil {
			return s.shrunk(ctx, shrunk, s.fail("shrink", err))
		}
		shrunk = true
	}
	return s.shrunk(ctx, shrunk, nil)
}

// shrunk writes the log back, which is when the file really shrinks. A full
// disk is no error of a call that made room.
func (s *Spool) shrunk(ctx context.Context, shrunk bool, err error) error {
	if shrunk {
		_, _ = s.db.ExecContext(ctx, checkpointPassive)
	}
	if IsFull(err) {
		return nil
	}
	return err
}

// freePages returns how many pages the file has too many.
func (s *Spool) freePages(ctx context.Context, pageBytes int64) (int64, error) {
	var free, pages, mode int64
	for pragma, to := range map[string]*int64{"freelist_count": &free, "page_count": &pages, "auto_vacuum": &mode} {
		if err := s.db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(to); err != nil {
			return 0, s.fail("shrink", err)
		}
	}
	const incremental = 2
	if slack := slackBytes / pageBytes; mode == incremental && free > slack && free > pages-free {
		return free - slack, nil
	}
	return 0, nil
}
