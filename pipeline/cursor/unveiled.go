package cursor

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Before format 4 names were stored as they are, and still are without a key.
const (
	// In SQLite's order all texts are less than all blobs.
	selectNames = `SELECT key FROM seen WHERE key < x''`
	renameSeen  = `UPDATE OR REPLACE seen SET key = ? WHERE key = ?`
	// Hashes are 20 characters without a slash.
	selectPlainStatuses = `SELECT key, data FROM status WHERE length(key) <> 20 OR instr(key, '/') > 0`
)

// veilPlain veils what is stored as it is. What stood there stays in the file's
// free room until that is used again.
func (c *Cursor) veilPlain(ctx context.Context) error {
	if c.veil == nil {
		return nil
	}
	err := c.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		names, err := collect(ctx, tx, selectNames, func(rows *sql.Rows) (name string, err error) {
			err = rows.Scan(&name)
			return name, err
		})
		if err != nil {
			return err
		}
		for _, name := range names {
			if _, err := tx.ExecContext(ctx, renameSeen, c.veil.hash(name), name); err != nil {
				return err
			}
		}
		plain, err := collect(ctx, tx, selectPlainStatuses, func(rows *sql.Rows) (row storedStatus, err error) {
			err = rows.Scan(&row.key, &row.data)
			return row, err
		})
		if err != nil {
			return err
		}
		for _, row := range plain {
			key := c.veil.statusKey(event.StatusKey(row.key))
			data, err := c.veil.seal(key, &event.StatusRow{Key: event.StatusKey(row.key), Data: row.data})
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, upsertStatus, key, data); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, deleteStatus, row.key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return c.fail("veil names", err)
	}
	return nil
}

// collect returns all rows of a query.
func collect[T any](ctx context.Context, tx *sql.Tx, query string, scan func(*sql.Rows) (T, error)) (_ []T, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// forgetStrange deletes statuses that were stored with another key: nobody will
// ever read them, or exchange them.
func (c *Cursor) forgetStrange(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	done, err := c.begin(ctx)
	if err != nil {
		return fmt.Errorf("forget statuses: %w", err)
	}
	defer done()
	err = c.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, key := range keys {
			if _, err := tx.ExecContext(ctx, deleteStatus, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return c.fail("forget statuses", err)
	}
	c.logger.Warn("cursor: statuses that were stored with another salt cannot be read; they are told again", "count", len(keys))
	return nil
}
