package cursor

import (
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const canary = "CANARYSECRET"

// secret returns a body that consists of the canary.
func secret(size int) event.Spooled {
	b := bytes.Repeat([]byte(canary), size/len(canary)+1)
	return event.Spooled{Sender: "192.0.2.1", Received: epoch(), Body: b[:size]}
}

// leaky stores bodies as they are: only of what can be found in a file can be shown
// that it is gone.
type leaky struct{}

func (leaky) seal(to []byte, _ row, body []byte) ([]byte, error) {
	return append(append(to, make([]byte, sealBytes)...), body...), nil
}

func (leaky) open(_ row, stored []byte) ([]byte, error) { return stored[sealBytes:], nil }

// leak makes a spool store bodies as they are.
func leak(s *Spool) *Spool {
	s.vault = leaky{}
	return s
}

func leakySpool(t *testing.T) *Spool {
	t.Helper()
	return leak(quickSpool(t))
}

// traces counts the canary in all files of a spool.
func traces(t *testing.T, path string) (n int) {
	t.Helper()
	for _, data := range contents(t, path) {
		n += strings.Count(data, canary)
	}
	return n
}

func wantNoTraces(t *testing.T, when string, path string) {
	t.Helper()
	for name, data := range contents(t, path) {
		if n := strings.Count(data, canary); n > 0 {
			t.Errorf("%s: %s (%d bytes) has %d of what was deleted", when, name, len(data), n)
		}
	}
}

// deleteAll deletes what waits, and returns when nothing more happens without
// time going by.
func deleteAll(t *testing.T, s *Spool) {
	t.Helper()
	if err := s.Delete(t.Context(), 1<<40); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// TestSpoolErases looks for the bytes of bodies that were handed on, of sizes
// within a page, of more than one and of so many that the file shrinks.
func TestSpoolErases(t *testing.T) {
	for _, c := range []struct{ bodies, size int }{{1, 14}, {5000, 14}, {300, 6000}, {40, 40_000}, {150, 300_000}, {2, 9 << 20}} {
		t.Run(fmt.Sprintf("%dx%d", c.bodies, c.size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := leakySpool(t)
				fill := func() {
					for range c.bodies {
						mustAppend(t, s, secret(c.size))
					}
					if traces(t, s.path) == 0 {
						t.Fatal("the test finds nothing")
					}
				}
				fill()
				// In two parts, so that pages in use are moved, or joined.
				if err := s.Delete(t.Context(), int64(c.bodies*4/5)); err != nil {
					t.Fatal(err)
				}
				deleteAll(t, s)
				time.Sleep(eraseEmpty)
				synctest.Wait()
				wantNoTraces(t, "deleted in two parts", s.path)
				fill()
				time.Sleep(eraseEmpty)
				deleteAll(t, s)
				wantNoTraces(t, "deleted", s.path)
				fill()
				deleteAll(t, s)
				mustCloseSpool(t, s)
				wantNoTraces(t, "closed at once", s.path)
			})
		})
	}
}

// TestSpoolErasesNotTooOften: what is deleted soon after the last time is erased
// when its time comes, also where nothing else happens.
func TestSpoolErasesNotTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := leakySpool(t)
		synctest.Wait()
		last := time.Now()
		for range 5 {
			time.Sleep(time.Second)
			mustAppend(t, s, secret(40_000))
			deleteAll(t, s)
			if traces(t, s.path) == 0 {
				t.Errorf("erased again %v after the last time", time.Since(last))
			}
		}
		time.Sleep(time.Until(last.Add(eraseEmpty)))
		synctest.Wait()
		wantNoTraces(t, "in time", s.path)
	})
}

// TestSpoolErasesWhileSomeWait: a spool that is never empty forgets, too.
func TestSpoolErasesWhileSomeWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := leakySpool(t)
		for n := range 200 {
			mustAppend(t, s, secret(200), secret(20_000), numbered(n, 100))
		}
		// By neighbours that stay, and by those that are gone themselves.
		if err := s.Delete(t.Context(), 599); err != nil {
			t.Fatal(err)
		}
		time.Sleep(eraseOther)
		synctest.Wait()
		wantNoTraces(t, "one waits", s.path)
		if left := drain(t, s, 0); len(left) != 1 || numberOf(left[0]) != 199 {
			t.Errorf("%d are left", len(left))
		}
	})
}

// TestSpoolErasesWhatWasDeletedInHaste: on a disk that is full bodies are
// deleted without zeros. Their pages leave the file once it is empty.
func TestSpoolErasesWhatWasDeletedInHaste(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := leakySpool(t)
		haste := func() {
			for range 40 {
				mustAppend(t, s, secret(40_000), secret(600_000))
			}
			for more := true; more; {
				var err error
				if _, more, err = s.deleteStep(t.Context(), 1<<40, 7, false); err != nil {
					t.Fatal(err)
				}
			}
			if traces(t, s.path) == 0 {
				t.Error("zeros were written")
			}
		}
		haste()
		var on int
		if err := s.db.QueryRow("PRAGMA secure_delete").Scan(&on); err != nil || on != 1 {
			t.Errorf("secure_delete is %d: %v", on, err)
		}
		mustAppend(t, s, numbered(1, 10))
		deleteAll(t, s)
		time.Sleep(eraseEmpty)
		synctest.Wait()
		wantNoTraces(t, "empty", s.path)
		mustAppend(t, s, numbered(1, 10))
		if after := statsOf(t, s); after.FileBytes > 20*spoolPageBytes {
			t.Errorf("%+v", after)
		}
		haste()
		mustCloseSpool(t, s)
		wantNoTraces(t, "closed", s.path)
	})
}

// TestSpoolErasesAfterACrash opens the files of a process that died between a
// deletion, on a full disk or not, and what follows.
func TestSpoolErasesAfterACrash(t *testing.T) {
	for name, zeros := range map[string]bool{"zeros": true, "haste": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := leakySpool(t)
				synctest.Wait()
				for range 40 {
					mustAppend(t, s, secret(14), secret(40_000))
				}
				if _, _, err := s.deleteStep(t.Context(), 1<<40, 100, zeros); err != nil {
					t.Fatal(err)
				}
				path := spoolPath(t)
				for file, data := range contents(t, s.path) {
					mustWrite(t, path+strings.TrimPrefix(file, "spool.db"), []byte(data))
				}
				if traces(t, path) == 0 {
					t.Fatal("the test finds nothing")
				}
				mustOpenSpool(t, SpoolOptions{Path: path})
				synctest.Wait()
				wantNoTraces(t, "opened again", path)
			})
		})
	}
}

// TestSpoolErasesBehindAReader: another program that stays in a transaction
// keeps the log as it is and holds up those who append for a moment only.
func TestSpoolErasesBehindAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		path := spoolPath(t)
		s := leak(mustOpenSpool(t, SpoolOptions{Path: path, Logger: slog.New(slog.NewTextHandler(&logged, nil))}))
		synctest.Wait()
		mustAppend(t, s, secret(40_000))
		reader, err := sql.Open(driverName, fileURI(path, nil))
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := reader.Close(); err != nil {
				t.Error(err)
			}
		}()
		reader.SetMaxOpenConns(1)
		tx, err := reader.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := tx.QueryRow("SELECT count(*) FROM body").Scan(&n); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		deleteAll(t, s)
		// It fails at about this time, again and again.
		for range 4 {
			time.Sleep(eraseEmpty)
			start := time.Now()
			mustAppend(t, s, numbered(1, 10))
			if waited := time.Since(start); waited > 2*eraseBusy {
				t.Errorf("an append waited %v", waited)
			}
			deleteAll(t, s)
		}
		start := time.Now()
		if _, err := s.erase(t.Context()); err == nil || time.Since(start) > 2*eraseBusy {
			t.Errorf("it waited %v for the reader: %v", time.Since(start), err)
		}
		if traces(t, path) == 0 {
			t.Error("the reader was not in the way: the test tests nothing")
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * eraseEmpty)
		synctest.Wait()
		wantNoTraces(t, "the reader is gone", path)
		if n := strings.Count(logged.String(), "handed on is still in"); n != 1 {
			t.Errorf("logged %d times: %s", n, &logged)
		}
	})
}

// BenchmarkSpoolErase cuts off the log of a body that is handed on at once: what
// an idle cluster costs every ten seconds.
func BenchmarkSpoolErase(b *testing.B) {
	for _, size := range []int{5_000, 600_000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			s := mustOpenSpool(b, SpoolOptions{Path: spoolPath(b)})
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				mustAppend(b, s, secret(size))
				if err := s.Delete(b.Context(), 1<<40); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if _, err := s.erase(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			if info, err := os.Stat(s.path + logSuffix); err != nil || info.Size() != 0 {
				b.Error(info, err)
			}
		})
	}
}
