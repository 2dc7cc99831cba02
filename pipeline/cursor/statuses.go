package cursor

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	upsertStatus = `INSERT INTO status (key, data) VALUES (?, ?)
ON CONFLICT (key) DO UPDATE SET data = excluded.data`
	deleteStatus   = `DELETE FROM status WHERE key = ?`
	selectStatuses = `SELECT key, data FROM status WHERE key >= ? ORDER BY key LIMIT ?`

	// statusPage is how many rows are read at a time: enough to make the cost of a
	// query vanish, few enough to take little memory.
	statusPage = 512
)

// Statuses calls each with all that is remembered of statuses. An error of each ends
// it and is returned as it is. It may use the cursor; whether it is called for what
// is committed meanwhile is not said. What was stored with another key cannot be
// read and is deleted, which the log tells.
func (c *Cursor) Statuses(ctx context.Context, each func(event.StatusRow) error) error {
	var from string
	var strange []string
	for {
		page, err := c.statusesFrom(ctx, from)
		if err != nil {
			return err
		}
		for i := range page {
			row, ok := c.veil.open(page[i].key, page[i].data)
			if !ok {
				strange = append(strange, page[i].key)
			} else if err := each(row); err != nil {
				return err
			}
			// The least key that is greater.
			from = page[i].key + "\x00"
		}
		if len(page) < statusPage {
			return c.forgetStrange(ctx, strange)
		}
	}
}

// storedStatus is a row as it is stored.
type storedStatus struct {
	key  string
	data []byte
}

// statusesFrom returns the next rows from a key on. Between two calls the
// connection is free for others.
func (c *Cursor) statusesFrom(ctx context.Context, from string) ([]storedStatus, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("read statuses: %w", err)
	}
	defer done()
	rows, err := c.statuses.QueryContext(context.WithoutCancel(ctx), from, statusPage)
	if err != nil {
		return nil, c.fail("read statuses", err)
	}
	defer rows.Close()
	page := make([]storedStatus, 0, statusPage)
	for rows.Next() {
		var row storedStatus
		if err := rows.Scan(&row.key, &row.data); err != nil {
			return nil, c.fail("read statuses", err)
		}
		page = append(page, row)
	}
	if err := rows.Err(); err != nil {
		return nil, c.fail("read statuses", err)
	}
	return page, nil
}

// changeStatuses writes rows in the order of their keys, as byKey does. Of several
// to one key only the last is written.
func (c *Cursor) changeStatuses(ctx context.Context, tx *sql.Tx, rows []event.StatusRow) (err error) {
	if len(rows) == 0 {
		return nil
	}
	write := tx.StmtContext(ctx, c.writeStatus)   //nolint:sqlclosecheck // Its transaction closes it.
	forget := tx.StmtContext(ctx, c.forgetStatus) //nolint:sqlclosecheck // Its transaction closes it.
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(string(rows[a].Key), string(rows[b].Key)) })
	for at, i := range order {
		row := &rows[i]
		if at+1 < len(order) && rows[order[at+1]].Key == row.Key {
			continue
		}
		key := c.veil.statusKey(row.Key)
		if row.Data == nil {
			_, err = forget.ExecContext(ctx, key)
		} else {
			var data []byte
			if data, err = c.veil.seal(key, row); err == nil {
				_, err = write.ExecContext(ctx, key, data)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
