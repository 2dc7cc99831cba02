package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fluent-live/live-status/pipeline/event"
)

// fullBatch is the batch number n of a test that fills a disk.
func fullBatch(n int) Changes {
	return Changes{
		Positions: map[event.Stream]event.Position{"events": event.Position(strconv.Itoa(n))},
		Seen:      changesOf(uids(uint64(n)+5000, 200), n, epoch()),
	}
}

// fillUp commits until the disk is full, checks that all is as the last good
// commit left it, makes room and checks that the same commit now succeeds.
func fillUp(ctx context.Context, c *Cursor, say func(string, ...any), room func() error) error {
	const enough = 2000
	n := 0
	var full error
	for full == nil {
		n++
		if n > enough {
			return errors.New("the disk never got full")
		}
		full = c.Commit(ctx, fullBatch(n))
	}
	if !IsFull(full) {
		return fmt.Errorf("batch %d: not full: %w", n, full)
	}
	say("full at batch %d: %v\n", n, full)
	// It may succeed by itself: the log starts over in the room it has. Until
	// it does not, what is there is what was committed.
	for range 20 {
		if err := verifyFull(ctx, c, n-1); err != nil {
			return err
		}
		err := c.Commit(ctx, fullBatch(n))
		if err == nil {
			n++
		} else if !IsFull(err) {
			return fmt.Errorf("batch %d, again: not full: %w", n, err)
		}
	}
	if err := room(); err != nil {
		return err
	}
	for range 50 {
		if err := c.Commit(ctx, fullBatch(n)); err != nil {
			return fmt.Errorf("batch %d, with room: %w", n, err)
		}
		n++
	}
	say("with room again up to batch %d\n", n-1)
	return verifyFull(ctx, c, n-1)
}

// printf is how a child process speaks to the test.
func printf(format string, args ...any) { fmt.Printf(format, args...) }

// verifyFull checks that the database has all batches up to n and none after.
func verifyFull(ctx context.Context, c *Cursor, n int) error {
	if got, err := batchOf(ctx, c); err != nil || got != n {
		return fmt.Errorf("position %d, want %d: %w", got, n, err)
	}
	for batch := max(1, n-3); batch <= n+1; batch++ {
		for _, s := range fullBatch(batch).Seen {
			if _, ok, err := c.Seen(ctx, s.Key); err != nil || ok != (batch <= n) {
				return fmt.Errorf("position %d, batch %d: key is there: %v: %w", n, batch, ok, err)
			}
		}
	}
	var verdict string
	if err := c.db.QueryRowContext(ctx, "PRAGMA quick_check").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return errors.New(verdict)
	}
	return nil
}

// fillToLimit runs in a process whose files may not grow beyond a limit,
// which any user can set for himself.
func fillToLimit(arg string) error {
	signal.Ignore(unix.SIGXFSZ)
	ctx := context.Background()
	mode, path := filepath.Base(arg), filepath.Dir(arg)
	c, err := Open(ctx, Options{Path: filepath.Join(path, "cursor.db"), JournalMode: mode})
	if err != nil {
		return err
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	before := limit.Cur
	limit.Cur = 600_000
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	err = fillUp(ctx, c, printf, func() error {
		limit.Cur = before
		return unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)
	})
	return errors.Join(err, c.Close())
}

// TestFileSizeLimit meets a real limit of the system, without privileges.
func TestFileSizeLimit(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE"} {
		t.Run(mode, func(t *testing.T) {
			out, err := childCommand(t, "limit", filepath.Join(t.TempDir(), mode)).Output()
			t.Logf("RLIMIT_FSIZE in a process of its own:\n%s", out)
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestMaxPages meets SQLite's own limit on the size of a database.
func TestMaxPages(t *testing.T) {
	path := tempPath(t)
	c := mustOpen(t, Options{Path: path})
	if err := setMaxPages(c.db, 300); err != nil {
		t.Fatal(err)
	}
	if err := fillUp(t.Context(), c, t.Logf, func() error { return setMaxPages(c.db, 1<<30) }); err != nil {
		t.Fatal(err)
	}
}

func setMaxPages(db *sql.DB, n int) error {
	_, err := db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", n))
	return err
}
