package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	selectPosition = `SELECT position FROM position WHERE stream = ?`
	selectSeen     = `SELECT version, count, last, last_nano, digest FROM seen WHERE key = ?`
)

// statements are those of a cursor, all on its one connection.
func (c *Cursor) statements() []statement {
	return []statement{
		{&c.position, selectPosition},
		{&c.seen, selectSeen},
		{&c.move, upsertPosition},
		{&c.remember, upsertSeen},
		{&c.forget, deleteSeen},
		{&c.expire, deleteExpired},
		{&c.pass, insertPassed},
		{&c.positions, selectPositions},
		{&c.leave, deletePosition},
		{&c.passed, selectPassed},
		{&c.forgetPassed, deletePassed},
		{&c.statuses, selectStatuses},
		{&c.writeStatus, upsertStatus},
		{&c.forgetStatus, deleteStatus},
	}
}

// Position returns how far a stream was read by the last commit, and false
// when nothing is known of the stream.
func (c *Cursor) Position(ctx context.Context, stream event.Stream) (event.Position, bool, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return "", false, fmt.Errorf("read position: %w", err)
	}
	defer done()
	var position string
	// A read is over before a context could usefully end it, and watching the
	// context costs the driver a goroutine.
	err = c.position.QueryRowContext(context.WithoutCancel(ctx), string(stream)).Scan(&position)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, c.fail("read position", err)
	}
	return event.Position(position), true, nil
}

// Seen returns what was remembered of a key by the last commit, and false
// when the key is not known. A key whose time has come is known until Expire
// takes it away. Times are in UTC.
func (c *Cursor) Seen(ctx context.Context, key event.SeenKey) (event.Seen, bool, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return event.Seen{}, false, fmt.Errorf("look up key: %w", err)
	}
	defer done()
	var (
		version      string
		count        int64
		last         int64
		nano, digest int64
	)
	err = c.seen.QueryRowContext(context.WithoutCancel(ctx), c.veil.seen(key)).
		Scan(&version, &count, &last, &nano, &digest)
	if errors.Is(err, sql.ErrNoRows) {
		return event.Seen{}, false, nil
	}
	if err != nil {
		return event.Seen{}, false, c.fail("look up key", err)
	}
	return event.Seen{
		Version: event.ResourceVersion(version),
		Count:   count,
		Last:    time.Unix(last, nano).UTC(),
		Digest:  uint64(digest),
	}, true, nil
}

// storedVersion returns a version as a number where that is the same, which
// takes 3 to 8 bytes, and as text where not.
func storedVersion(v event.ResourceVersion) any {
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil && strconv.FormatInt(n, 10) == string(v) {
		return n
	}
	return string(v)
}
