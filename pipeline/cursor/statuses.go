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

// Statuses calls each with all that is remembered of statuses, ordered by key. An
// error of each ends it and is returned as it is. It may use the cursor; whether it
// is called for what is committed meanwhile is not said.
func (c *Cursor) Statuses(ctx context.Context, each func(event.StatusRow) error) error {
	var from event.StatusKey
	for {
		page, err := c.statusesFrom(ctx, from)
		if err != nil {
			return err
		}
		for _, row := range page {
			if err := each(row); err != nil {
				return err
			}
			// The least key that is greater.
			from = row.Key + "\x00"
		}
		if len(page) < statusPage {
			return nil
		}
	}
}

// statusesFrom returns the next rows from a key on. Between two calls the
// connection is free for others.
func (c *Cursor) statusesFrom(ctx context.Context, from event.StatusKey) ([]event.StatusRow, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("read statuses: %w", err)
	}
	defer done()
	rows, err := c.statuses.QueryContext(context.WithoutCancel(ctx), string(from), statusPage)
	if err != nil {
		return nil, c.fail("read statuses", err)
	}
	defer rows.Close()
	page := make([]event.StatusRow, 0, statusPage)
	for rows.Next() {
		var row event.StatusRow
		if err := rows.Scan(&row.Key, &row.Data); err != nil {
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
		if row.Data == nil {
			_, err = forget.ExecContext(ctx, string(row.Key))
		} else {
			_, err = write.ExecContext(ctx, string(row.Key), row.Data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
