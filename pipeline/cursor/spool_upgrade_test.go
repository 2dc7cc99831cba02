package cursor

import (
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// plainSpool makes a file of format 1 with the statements of that version, in the
// journal mode it had, with bodies of some sizes of which the older half is deleted
// in haste, as on a full disk. crash leaves it as a process that died.
func plainSpool(t *testing.T, crash bool, bodies int, sizes ...int) (path string, want []event.Spooled) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("testdata", "spool-1.sql"))
	if err != nil {
		t.Fatal(err)
	}
	path = spoolPath(t)
	db, err := sql.Open(driverName, path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	db.SetMaxOpenConns(1)
	exec := func(statement string, args ...any) {
		if _, err := db.Exec(statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec(string(script))
	exec("PRAGMA journal_mode = WAL")
	exec("PRAGMA secure_delete = FAST")
	exec("DELETE FROM body")
	for i := range bodies {
		b := secret(sizes[i%len(sizes)])
		exec("INSERT INTO body (received, sender, body) VALUES (?, ?, ?)", b.Received.UnixNano(), b.Sender, b.Body)
		if b.Seq = int64(101 + i); i >= bodies/2 {
			want = append(want, b)
		}
	}
	exec("DELETE FROM body WHERE seq < ?", 101+bodies/2)
	if crash {
		path = copyFiles(t, path)
	}
	return path, want
}

func wantBodies(t *testing.T, s *Spool, want []event.Spooled) {
	t.Helper()
	all := drain(t, s, 0)
	if len(all) != len(want) {
		t.Fatalf("%d bodies, want %d", len(all), len(want))
	}
	var size int64
	for i, b := range all {
		if w := want[i]; b.Seq != w.Seq || !b.Received.Equal(w.Received) || b.Sender != w.Sender || b.Damaged || !bytes.Equal(b.Body, w.Body) {
			t.Errorf("body %d (%d bytes) is %d (%d bytes), damaged %v", w.Seq, len(w.Body), b.Seq, len(b.Body), b.Damaged)
		}
		size += int64(len(b.Body)) + RowBytes
	}
	wantSize(t, s, size, int64(len(want)))
}

// TestSpoolUpgradeEncrypts opens files of format 1: what waits in them is handed on
// as before, and not a byte of it is left in the file and its log.
func TestSpoolUpgradeEncrypts(t *testing.T) {
	for _, c := range []struct {
		bodies int
		sizes  []int
	}{{0, []int{1}}, {1, []int{14}}, {2, []int{14}}, {3000, []int{14, 200}}, {200, []int{6000, 0, 40_000}}, {90, []int{300_000}}, {6, []int{9 << 20, 14}}} {
		for _, crash := range []bool{false, true} {
			t.Run(fmt.Sprintf("%dx%d/crash=%v", c.bodies, c.sizes[0], crash), func(t *testing.T) {
				path, want := plainSpool(t, crash, c.bodies, c.sizes...)
				if c.bodies > 0 && traces(t, path) == 0 {
					t.Fatal("the test finds nothing")
				}
				var logged bytes.Buffer
				s := mustOpenSpool(t, SpoolOptions{Path: path, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
				wantNowhere(t, "opened", path)
				if strings.Contains(logged.String(), canary) || strings.Contains(logged.String(), "encrypted") != (c.bodies > 0) {
					t.Errorf("logged %s", &logged)
				}
				wantBodies(t, s, want)
				mustAppend(t, s, numbered(1, 10))
				last := numbered(1, 10)
				last.Seq = int64(101 + c.bodies)
				wantBodies(t, s, append(want, last))
				mustCloseSpool(t, s)
				wantNowhere(t, "closed", path)
				s = mustOpenSpool(t, SpoolOptions{Path: path})
				wantBodies(t, s, append(want, last))
				var verdict string
				if err := s.db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
					t.Error(verdict, err)
				}
			})
		}
	}
}

// TestSpoolUpgradeIsResumed ends an upgrade after each of its transactions: the
// next start does the rest.
func TestSpoolUpgradeIsResumed(t *testing.T) {
	path, want := plainSpool(t, true, 1200, 14, 500)
	for step := range 5 {
		s := &Spool{now: epoch, logger: slog.New(slog.DiscardHandler), maxBytes: 1}
		o, err := SpoolOptions{Path: path, MaxBytes: 1, Key: testKey()}.complete()
		if err != nil {
			t.Fatal(err)
		}
		set := settings{of: SpoolFile, sync: "OFF", journal: "WAL"}
		if err := s.start(t.Context(), path, set, owner{"test", o.Now(), o.Logger}, spoolMigrations()); err != nil {
			t.Fatal(err)
		}
		if err := s.unlock(t.Context(), o.Key); err != nil {
			t.Fatal(err)
		}
		if err := s.prepare(t.Context(), s.db, []statement{{&s.insert, insertBody}}); err != nil {
			t.Fatal(err)
		}
		n, err := s.sealSome(t.Context(), 150)
		if wanted := int64(150); err != nil || step < 4 && n != wanted || step == 4 && n != 0 {
			t.Fatal(step, n, err)
		}
		if step == 4 {
			if err := s.erasePlain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		crashed := copyFiles(t, path)
		if err := s.release(); err != nil {
			t.Fatal(err)
		}
		path = crashed
	}
	s := mustOpenSpool(t, SpoolOptions{Path: path})
	wantNowhere(t, "opened", path)
	wantBodies(t, s, want)
}

// TestSpoolUpgradeBehindAReader: another program that reads the log keeps what was
// in it. That is logged, the spool works, and the next start tries again.
func TestSpoolUpgradeBehindAReader(t *testing.T) {
	path, want := plainSpool(t, true, 40, 4000)
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
	if err := tx.QueryRow("SELECT count(*) FROM body").Scan(&n); err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	s := mustOpenSpool(t, SpoolOptions{Path: path, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	if traces(t, path) == 0 || !strings.Contains(logged.String(), "may still be in the spool") {
		t.Errorf("the reader was not in the way, or it is not said: %s", &logged)
	}
	wantBodies(t, s, want)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	mustCloseSpool(t, s)
	s = mustOpenSpool(t, SpoolOptions{Path: path})
	wantNowhere(t, "opened again", path)
	wantBodies(t, s, want)
}

// BenchmarkSpoolUpgrade opens files of format 1 with 100 MB in them.
func BenchmarkSpoolUpgrade(b *testing.B) {
	for _, size := range []int{5_000, 600_000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			const all = 100_000_000
			b.SetBytes(all)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				path := filepath.Join(b.TempDir(), "spool.db")
				fillPlain(b, path, all/size, size)
				b.StartTimer()
				s, err := OpenSpool(b.Context(), SpoolOptions{Path: path, MaxBytes: 1, Key: testKey()})
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				mustCloseSpool(b, s)
				b.StartTimer()
			}
		})
	}
}

func fillPlain(b *testing.B, path string, bodies, size int) {
	b.Helper()
	script, err := os.ReadFile(filepath.Join("testdata", "spool-1.sql"))
	if err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open(driverName, path)
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	statements := []string{string(script), "PRAGMA synchronous = OFF", fmt.Sprintf(
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "+
			"INSERT INTO body (received, sender, body) SELECT i, '192.0.2.1', randomblob(%d) FROM n", bodies, size)}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}
