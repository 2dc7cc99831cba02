package cursor

import (
	"context"
	"database/sql"
	"fmt"
	"math"
)

const (
	selectLast = `SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'body'`
	insertLast = `INSERT INTO body (seq, received, sender, body) VALUES (?, 0, '', x'')`
	deleteLast = `DELETE FROM body WHERE seq = ?`

	// maxReserved leaves more numbers than any cluster will ever need. Behind
	// the last one SQLite says that the disk is full.
	maxReserved = math.MaxInt64 / 2
)

// StartAbove makes sure that no body gets a Seq up to and including through: of
// these something has been handed on, by a spool that was since put back from a
// copy. Where bodies have had higher numbers it does nothing. It is an error
// where through is so high that hardly any number is left.
func (s *Spool) StartAbove(ctx context.Context, through int64) error {
	done, err := s.begin(ctx)
	if err != nil {
		return fmt.Errorf("reserve numbers of the spool: %w", err)
	}
	defer done()
	if through > maxReserved {
		return fmt.Errorf("reserve numbers of the spool: none is left above %d", through)
	}
	err = s.transact(context.WithoutCancel(ctx), func(ctx context.Context, tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, selectLast).Scan(&last); err != nil || last >= through {
			return err
		}
		// SQLite never gives a number again that any row has had.
		if _, err := tx.ExecContext(ctx, insertLast, through); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, deleteLast, through)
		return err
	})
	if err != nil {
		return s.fail("reserve numbers", err)
	}
	return nil
}
