package cursor

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestSpoolContextEnds ends contexts before and while bodies are stored.
func TestSpoolContextEnds(t *testing.T) {
	s := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t), MaxBytes: 1 << 20})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Append(ended, numbered(0, 10)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	wantSize(t, s, 0, 0)
	// As long as the writer cannot write, nobody gets an answer.
	release := occupy(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			if err := s.Append(ctx, numbered(n, 50_000)); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	release()
	// What was given up before it was written does not count, and what was
	// being written does: there is room for as much as the size says.
	mustAppend(t, s, numbered(21, 1000))
	var size int64
	all := drain(t, s, 0)
	for _, b := range all {
		size += int64(len(b.Body)) + RowBytes
	}
	wantSize(t, s, size, int64(len(all)))
	mustAppend(t, s, event.Spooled{Body: bytes.Repeat([]byte{7}, int((1<<20)-size-RowBytes))})
}

// occupy takes the connection that writes until release is called.
func occupy(t *testing.T, s *Spool) (release func()) {
	t.Helper()
	conn, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

// awaitReserved returns once so many bytes wait to be written.
func awaitReserved(s *Spool, bytes int64) {
	for {
		s.queue.mu.Lock()
		reserved := s.queue.reserved
		s.queue.mu.Unlock()
		if reserved == bytes {
			return
		}
		runtime.Gosched()
	}
}

// TestSpoolGroups shows that those who append at the same time share
// transactions.
func TestSpoolGroups(t *testing.T) {
	s := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t)})
	release := occupy(t, s)
	const n = 300
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := s.Append(t.Context(), numbered(i, 100)); err != nil {
				t.Error(err)
			}
		})
	}
	awaitReserved(s, n*(100+RowBytes))
	release()
	wg.Wait()
	stats, err := s.Stats(t.Context())
	if err != nil || stats.Bodies != n || stats.Commits > 3 {
		t.Errorf("%+v %v", stats, err)
	}
}

// TestSpoolReadsDoNotWait reads while the connection that writes is taken.
func TestSpoolReadsDoNotWait(t *testing.T) {
	s := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t)})
	mustAppend(t, s, numbered(1, 100))
	release := occupy(t, s)
	defer release()
	if got := drain(t, s, 0); len(got) != 1 {
		t.Errorf("%d bodies", len(got))
	}
	if stats, err := s.Stats(t.Context()); err != nil || stats.Bodies != 1 || stats.FileBytes == 0 || stats.Format != len(spoolMigrations()) {
		t.Errorf("%+v %v", stats, err)
	}
}

// TestSpoolOneBodyFails has the database refuse some bodies of a group, at
// once or at the commit: the others are stored, and no error counts.
func TestSpoolOneBodyFails(t *testing.T) {
	s := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t), MaxBytes: 10_000})
	for _, statement := range []string{
		"PRAGMA foreign_keys = ON",
		"CREATE TABLE parent (id INTEGER PRIMARY KEY)",
		"CREATE TABLE child (id REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
		"CREATE TRIGGER bad BEFORE INSERT ON body WHEN NEW.sender = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END",
		"CREATE TRIGGER late AFTER INSERT ON body WHEN NEW.sender = 'late' BEGIN INSERT INTO child VALUES (1); END",
	} {
		if _, err := s.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, sender := range []string{"bad", "late"} {
		for range 5 {
			release := occupy(t, s)
			var wg sync.WaitGroup
			for n := range 10 {
				wg.Go(func() {
					b := numbered(n, 500)
					if n == 4 {
						b.Sender = sender
					}
					err := s.Append(t.Context(), b)
					if (n == 4) != (err != nil) || err != nil && KindOf(err) != IO {
						t.Errorf("body %d: %v", n, err)
					}
				})
			}
			awaitReserved(s, 10*(500+RowBytes))
			release()
			wg.Wait()
			wantSize(t, s, 9*(500+RowBytes), 9)
			all := drain(t, s, 0)
			if len(all) != 9 {
				t.Errorf("%d bodies", len(all))
			}
			if err := s.Delete(t.Context(), all[8].Seq); err != nil {
				t.Fatal(err)
			}
		}
	}
	mustAppend(t, s, numbered(1, 10_000))
}
