package cursor

import (
	"context"
	"database/sql"
	"math"
)

// Until format 2 bodies were stored as they came. The step to that format sets
// their table aside; here they are encrypted, and their table is dropped once
// nothing of them is left in the file and its log. A file that has the table is
// thus one that is not done, wherever an earlier attempt ended.
const (
	hasPlain     = `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'plain')`
	measurePlain = `SELECT seq, length(body) FROM plain ORDER BY seq LIMIT ?`
	selectPlain  = `SELECT seq, received, sender, body FROM plain WHERE seq > ? ORDER BY seq LIMIT 1`
	deletePlain  = `DELETE FROM plain WHERE seq <= ?`
	dropPlain    = `DROP TABLE plain`
)

// sealPlain encrypts the bodies that are not. It holds one of them in memory, and
// a transaction takes as many as one that deletes. Nobody else uses the spool.
func (s *Spool) sealPlain(ctx context.Context) error {
	var plain bool
	if err := s.db.QueryRowContext(ctx, hasPlain).Scan(&plain); err != nil {
		return s.fail("encrypt bodies", err)
	}
	if !plain {
		return nil
	}
	var bodies int64
	for more := true; more; {
		n, err := s.sealSome(ctx, deleteRows)
		if IsFull(err) {
			s.reclaim(ctx)
			n, err = s.sealSome(ctx, 1)
		}
		if err != nil {
			return err
		}
		bodies += n
		more = n > 0
	}
	if bodies > 0 {
		s.logger.Info("bodies in the spool that an older version left are now encrypted", "path", s.path, "bodies", bodies)
	}
	if err := s.erasePlain(ctx); err != nil {
		// They are there to be handed on all the same, and the next start tries
		// again.
		s.logger.Warn("bodies that were not encrypted may still be in the spool's file or log", "path", s.path, "error", err)
		return nil
	}
	if _, err := s.db.ExecContext(ctx, dropPlain); err != nil {
		return s.fail("encrypt bodies", err)
	}
	_, err := s.dropPages(ctx)
	return err
}

// sealSome encrypts the oldest of the bodies that are not, at most limit of them,
// and returns how many that were.
func (s *Spool) sealSome(ctx context.Context, limit int64) (n int64, err error) {
	err = s.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// The transaction closes them all.
		measure, err := tx.PrepareContext(ctx, measurePlain)
		if err != nil {
			return err
		}
		next, err := tx.PrepareContext(ctx, selectPlain)
		if err != nil {
			return err
		}
		insert := tx.StmtContext(ctx, s.insert)
		var part portion
		if part, err = portionOf(ctx, measure, limit, limit); err != nil || part.bodies == 0 {
			return err
		}
		for at := int64(math.MinInt64); at != part.last; {
			if at, err = s.sealNext(ctx, next, insert, at); err != nil {
				return err
			}
		}
		n = part.bodies
		_, err = tx.ExecContext(ctx, deletePlain, part.last)
		return err
	})
	if err != nil {
		return 0, s.fail("encrypt bodies", err)
	}
	return n, nil
}

// sealNext encrypts the first body after a number and returns its own, which it
// keeps.
func (s *Spool) sealNext(ctx context.Context, next, insert *sql.Stmt, after int64) (int64, error) {
	var at row
	var body []byte
	err := next.QueryRowContext(ctx, after).Scan(&at.seq, &at.received, &at.sender, &body)
	if err != nil {
		return 0, err
	}
	sealed, err := s.vault.seal(nil, at, body)
	if err != nil {
		return 0, err
	}
	_, err = insert.ExecContext(ctx, at.seq, at.received, at.sender, sealed)
	return at.seq, err
}

// erasePlain sees to it that nothing of what was deleted is left: in pages that an
// older version deleted on a full disk, and in the log.
func (s *Spool) erasePlain(ctx context.Context) error {
	for more := true; more; {
		var err error
		if more, err = s.dropPages(ctx); err != nil {
			return err
		}
	}
	return s.cutLog(ctx)
}
