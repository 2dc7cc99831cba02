package cursor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	insertPassed = `INSERT INTO passed (at, fingerprints) VALUES (?, ?)`
	selectPassed = `SELECT seq, at, fingerprints FROM passed
WHERE at >= ?1 AND (at > ?1 OR seq > ?2) ORDER BY at, seq LIMIT ?3`
	deletePassed = `DELETE FROM passed WHERE seq IN
(SELECT seq FROM passed WHERE at < ? ORDER BY at LIMIT ?)`

	fingerprintLen = len(event.Fingerprint{})
	// passedPage is how many rows are read at a time: enough to make the cost
	// of a query vanish, few enough to take little memory.
	passedPage = 16
)

// joined returns fingerprints one after the other.
func joined(fps []event.Fingerprint) []byte {
	b := make([]byte, 0, len(fps)*fingerprintLen)
	for i := range fps {
		b = append(b, fps[i][:]...)
	}
	return b
}

// Passed calls each with the fingerprints of every commit since a time, the
// oldest first, and the second in which it was made. An error of each ends it
// and is returned as it is. What it is given is valid until it returns. It may
// use the cursor; whether it is called for what is committed meanwhile is not
// said.
func (c *Cursor) Passed(ctx context.Context, since time.Time, each func(at time.Time, fps []event.Fingerprint) error) error {
	var fps []event.Fingerprint
	at, seq := since.Unix(), int64(0)
	for {
		page, err := c.passedAfter(ctx, at, seq)
		if err != nil {
			return err
		}
		for _, p := range page {
			fps = fps[:0]
			for b := p.fingerprints; len(b) > 0; b = b[fingerprintLen:] {
				fps = append(fps, event.Fingerprint(b))
			}
			if err := each(time.Unix(p.at, 0).UTC(), fps); err != nil {
				return err
			}
			at, seq = p.at, p.seq
		}
		if len(page) < passedPage {
			return nil
		}
	}
}

type passedRow struct {
	seq, at      int64
	fingerprints []byte
}

// passedAfter returns the next rows after one. Between two calls the
// connection is free for others.
func (c *Cursor) passedAfter(ctx context.Context, at, seq int64) ([]passedRow, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("read fingerprints: %w", err)
	}
	defer done()
	rows, err := c.passed.QueryContext(context.WithoutCancel(ctx), at, seq, passedPage)
	if err != nil {
		return nil, c.fail("read fingerprints", err)
	}
	defer rows.Close()
	page := make([]passedRow, 0, passedPage)
	for rows.Next() {
		var p passedRow
		if err := rows.Scan(&p.seq, &p.at, &p.fingerprints); err != nil {
			return nil, c.fail("read fingerprints", err)
		}
		if len(p.fingerprints)%fingerprintLen != 0 {
			return nil, &Error{Database: c.of, Path: c.path, Kind: Corrupt, Err: fmt.Errorf(
				"the fingerprints of row %d have %d bytes, no multiple of %d", p.seq, len(p.fingerprints), fingerprintLen)}
		}
		page = append(page, p)
	}
	if err := rows.Err(); err != nil {
		return nil, c.fail("read fingerprints", err)
	}
	return page, nil
}

// ForgetPassed forgets the fingerprints of at most limit commits that were
// made before a second, the oldest first, and returns of how many commits it
// forgot them. Fewer than limit means that none is left.
func (c *Cursor) ForgetPassed(ctx context.Context, before time.Time, limit int) (int64, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("forget fingerprints: %w", err)
	}
	defer done()
	if limit <= 0 {
		return 0, errors.New("forget fingerprints: limit must be positive")
	}
	res, err := c.forgetPassed.ExecContext(context.WithoutCancel(ctx), before.Unix(), limit)
	if err != nil {
		return 0, c.fail("forget fingerprints", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, c.fail("forget fingerprints", err)
	}
	return n, nil
}
