package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	upsertPosition = `INSERT INTO position (stream, position, updated) VALUES (?, ?, ?)
ON CONFLICT (stream) DO UPDATE SET position = excluded.position, updated = excluded.updated`
	upsertSeen = `INSERT INTO seen (key, version, count, last, last_nano, digest, expires) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET version = excluded.version, count = excluded.count, last = excluded.last,
last_nano = excluded.last_nano, digest = excluded.digest, expires = excluded.expires`
	deleteSeen    = `DELETE FROM seen WHERE key = ?`
	deleteExpired = `DELETE FROM seen WHERE key IN
(SELECT key FROM seen WHERE expires <= ? ORDER BY expires LIMIT ?)`
)

// Changes are what one batch changes.
type Changes struct {
	Positions map[event.Stream]event.Position
	// Seen are applied in order: of several changes to one key the last wins.
	Seen []SeenChange
	// Passed are the fingerprints of what was handed on, remembered with the
	// time of the commit until ForgetPassed.
	Passed []event.Fingerprint
	// Statuses are remembered, or without data forgotten. Of several under one key
	// the last wins.
	Statuses []event.StatusRow
}

// SeenChange remembers or forgets a key.
type SeenChange struct {
	Key  event.SeenKey
	Seen event.Seen
	// Expires is when the key may be forgotten, rounded up to a second. Zero
	// means never.
	Expires time.Time
	// Forget forgets the key now; Seen and Expires mean nothing then.
	Forget bool
}

// Commit makes all changes in one transaction: all of them or, with an error,
// none. An error of kind Full or Held passes: the caller waits and commits the
// same again. A context that ends while Commit waits or works undoes it.
func (c *Cursor) Commit(ctx context.Context, ch Changes) error {
	done, err := c.begin(ctx)
	if err != nil {
		return fmt.Errorf("commit cursor: %w", err)
	}
	defer done()
	if len(ch.Positions) == 0 && len(ch.Seen) == 0 && len(ch.Passed) == 0 && len(ch.Statuses) == 0 {
		return nil
	}
	err = c.transact(ctx, func(free context.Context, tx *sql.Tx) error { return c.change(free, tx, ch) })
	if err == nil {
		return nil
	}
	err = c.fail("commit", err)
	if IsFull(err) {
		c.reclaim(ctx)
	}
	return err
}

func (c *Cursor) change(ctx context.Context, tx *sql.Tx, ch Changes) (err error) {
	now := c.now().Unix()
	if len(ch.Positions) > 0 {
		move := tx.StmtContext(ctx, c.move) //nolint:sqlclosecheck // Its transaction closes it.
		for stream, position := range ch.Positions {
			if _, err := move.ExecContext(ctx, string(stream), string(position), now); err != nil {
				return err
			}
		}
	}
	if len(ch.Passed) > 0 {
		pass := tx.StmtContext(ctx, c.pass) //nolint:sqlclosecheck // Its transaction closes it.
		if _, err := pass.ExecContext(ctx, now, joined(ch.Passed)); err != nil {
			return err
		}
	}
	if err := c.changeStatuses(ctx, tx, ch.Statuses); err != nil {
		return err
	}
	if len(ch.Seen) == 0 {
		return nil
	}
	remember := tx.StmtContext(ctx, c.remember) //nolint:sqlclosecheck // Its transaction closes it.
	forget := tx.StmtContext(ctx, c.forget)     //nolint:sqlclosecheck // Its transaction closes it.
	for _, i := range byKey(ch.Seen) {
		s := &ch.Seen[i]
		if s.Forget {
			_, err = forget.ExecContext(ctx, c.veil.seen(s.Key))
		} else {
			_, err = remember.ExecContext(ctx, c.veil.seen(s.Key), storedVersion(s.Seen.Version), s.Seen.Count,
				s.Seen.Last.Unix(), int64(s.Seen.Last.Nanosecond()), int64(s.Seen.Digest), expiry(s.Expires))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// byKey returns the indexes of changes in the order of their keys, so that
// neighbours on a page are written one after the other: a large batch then
// touches every page once, however small the cache.
func byKey(changes []SeenChange) []int {
	order := make([]int, len(changes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		ka, kb := changes[a].Key, changes[b].Key
		switch {
		case ka < kb:
			return -1
		case ka > kb:
			return 1
		default:
			return 0
		}
	})
	return order
}

// expiry returns the second from which a key may be forgotten, or NULL.
func expiry(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// Expire forgets at most limit keys whose time has come by now, the oldest
// first, and returns how many it forgot. Fewer than limit means that none is
// left.
func (c *Cursor) Expire(ctx context.Context, now time.Time, limit int) (int64, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("expire keys: %w", err)
	}
	defer done()
	if limit <= 0 {
		return 0, errors.New("expire keys: limit must be positive")
	}
	res, err := c.expire.ExecContext(context.WithoutCancel(ctx), now.Unix(), limit)
	if err != nil {
		return 0, c.fail("expire keys", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, c.fail("expire keys", err)
	}
	return n, nil
}
