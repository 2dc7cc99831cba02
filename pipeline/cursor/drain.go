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
	measureBodies = `SELECT seq, max(length(body) - ?, 0) FROM body WHERE seq <= ? ORDER BY seq LIMIT ?`
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
// there is none. It finds what has been stored for good only. Of a body that
// cannot be decrypted it returns all else and says so: to read it again would not
// mend it, and those behind it must not wait for it.
func (s *Spool) Next(ctx context.Context, after int64) (event.Spooled, bool, error) {
	done, err := s.begin(ctx)
	if err != nil {
		return event.Spooled{}, false, fmt.Errorf("read spool: %w", err)
	}
	defer done()
	var at row
	var stored []byte
	// As with the cursor, watching the context would cost more than the read.
	err = s.next.QueryRowContext(context.WithoutCancel(ctx), after).Scan(&at.seq, &at.received, &at.sender, &stored)
	if errors.Is(err, sql.ErrNoRows) {
		return event.Spooled{}, false, nil
	}
	if err != nil {
		return event.Spooled{}, false, s.fail("read", err)
	}
	b := event.Spooled{Seq: at.seq, Sender: at.sender, Received: time.Unix(0, at.received).UTC()}
	b.Body, err = s.vault.open(at, stored)
	if b.Damaged = errors.Is(err, errSealed); b.Damaged {
		return b, true, nil
	}
	if err != nil {
		return event.Spooled{}, false, s.fail("read", err)
	}
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
	var part portion
	err = s.transact(context.WithoutCancel(ctx), func(ctx context.Context, tx *sql.Tx) error {
		measure := tx.StmtContext(ctx, s.measure)
		var err error
		if part, err = portionOf(ctx, measure, rows, sealBytes, through, rows); err != nil || part.bodies == 0 {
			return err
		}
		remove := tx.StmtContext(ctx, s.remove) //nolint:sqlclosecheck // Its transaction closes it.
		if zeros && s.roomForZeros(part.bytes) {
			_, err = remove.ExecContext(ctx, part.last)
			return err
		}
		s.unclean.Store(true)
		if _, err = tx.ExecContext(ctx, secureDelete(false)); err != nil {
			return err
		}
		_, err = remove.ExecContext(ctx, part.last)
		_, restore := tx.ExecContext(ctx, secureDelete(true))
		return errors.Join(err, restore)
	})
	if err != nil {
		return 0, false, s.fail("delete", err)
	}
	s.queue.removed(part.bytes, part.bodies)
	return part.bytes, part.more, nil
}

func secureDelete(on bool) string {
	if on {
		return "PRAGMA secure_delete = ON"
	}
	// Zeros only in pages that are written anyway.
	return "PRAGMA secure_delete = FAST"
}

// portion is what one transaction takes of bodies in the order of their numbers.
type portion struct {
	// last is the number of the last of them.
	last int64
	// bytes are what the bodies count.
	bytes, bodies int64
	// more is set where there may be others behind them.
	more bool
}

// portionOf measures the bodies that measure returns when called with args, up to
// limit of them.
func portionOf(ctx context.Context, measure *sql.Stmt, limit int64, args ...any) (p portion, err error) {
	rows, err := measure.QueryContext(ctx, args...)
	if err != nil {
		return portion{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq, size int64
		if err := rows.Scan(&seq, &size); err != nil {
			return portion{}, err
		}
		if p.bodies > 0 && p.bytes+size > deleteBytes {
			p.more = true
			return p, nil
		}
		p.last = seq
		p.bytes += size + RowBytes
		p.bodies++
	}
	p.more = p.bodies == limit
	return p, rows.Err()
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
