package cursor

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	// Texts compare byte by byte, so all that begin alike stand together.
	selectPositions = `SELECT stream, position FROM position WHERE stream >= ? ORDER BY stream`
	deletePosition  = `DELETE FROM position WHERE stream = ?`
)

// Positions returns how far every stream was read whose name begins with
// prefix, byte for byte. It is never nil.
func (c *Cursor) Positions(ctx context.Context, prefix event.Stream) (map[event.Stream]event.Position, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("read positions: %w", err)
	}
	defer done()
	rows, err := c.positions.QueryContext(context.WithoutCancel(ctx), string(prefix))
	if err != nil {
		return nil, c.fail("read positions", err)
	}
	defer rows.Close()
	found := make(map[event.Stream]event.Position)
	for rows.Next() {
		var stream, position string
		if err := rows.Scan(&stream, &position); err != nil {
			return nil, c.fail("read positions", err)
		}
		if !strings.HasPrefix(stream, string(prefix)) {
			break
		}
		found[event.Stream(stream)] = event.Position(position)
	}
	if err := rows.Err(); err != nil {
		return nil, c.fail("read positions", err)
	}
	return found, nil
}

// Forget forgets the positions of streams, all of them or, with an error,
// none. Those that are not known are no error.
func (c *Cursor) Forget(ctx context.Context, streams []event.Stream) error {
	done, err := c.begin(ctx)
	if err != nil {
		return fmt.Errorf("forget positions: %w", err)
	}
	defer done()
	if len(streams) == 0 {
		return nil
	}
	err = c.transact(ctx, func(free context.Context, tx *sql.Tx) error {
		leave := tx.StmtContext(free, c.leave) //nolint:sqlclosecheck // Its transaction closes it.
		for _, stream := range streams {
			if _, err := leave.ExecContext(free, string(stream)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return c.fail("forget positions", err)
	}
	return nil
}

// Begin stores where streams begin. It is a commit of its own, for what nothing
// is handed on of.
func (c *Cursor) Begin(ctx context.Context, positions map[event.Stream]event.Position) error {
	return c.Commit(ctx, Changes{Positions: positions})
}
