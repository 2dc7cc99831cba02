package cursor

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// wantNowhere searches every file of a spool, the shared memory of the log included.
func wantNowhere(t *testing.T, when, path string) {
	t.Helper()
	wantNoTraces(t, when, path)
	for _, suffix := range []string{"-shm", lockSuffix} {
		data, err := os.ReadFile(path + suffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(canary)) {
			t.Errorf("%s: a body is in %s", when, suffix)
		}
	}
}

// copyFiles copies a spool that is open, as a crash would leave it.
func copyFiles(t *testing.T, from string) string {
	t.Helper()
	path := spoolPath(t)
	for file, data := range contents(t, from) {
		mustWrite(t, path+strings.TrimPrefix(file, "spool.db"), []byte(data))
	}
	return path
}

// TestSpoolHoldsNoPlainBody searches the files for what was appended, at each step
// of a spool's life.
func TestSpoolHoldsNoPlainBody(t *testing.T) {
	for _, c := range []struct{ bodies, size int }{{1, 12}, {500, 14}, {50, 40_000}, {3, 9 << 20}} {
		t.Run(fmt.Sprintf("%dx%d", c.bodies, c.size), func(t *testing.T) {
			path := spoolPath(t)
			s := mustOpenSpool(t, SpoolOptions{Path: path})
			for range c.bodies {
				mustAppend(t, s, secret(c.size))
			}
			wantNowhere(t, "appended", path)
			crashed := copyFiles(t, path)
			wantNowhere(t, "crashed", crashed)
			s2 := mustOpenSpool(t, SpoolOptions{Path: crashed})
			for _, s := range []*Spool{s, s2} {
				all := drain(t, s, 0)
				if len(all) != c.bodies || !bytes.Equal(all[0].Body, secret(c.size).Body) {
					t.Errorf("%d bodies, want %d", len(all), c.bodies)
				}
				wantNowhere(t, "read", s.path)
				if err := s.Delete(t.Context(), int64(c.bodies/2)); err != nil {
					t.Fatal(err)
				}
				wantNowhere(t, "deleted in part", s.path)
				mustCloseSpool(t, s)
				wantNowhere(t, "closed", s.path)
			}
		})
	}
}

// TestSpoolCrashHoldsNoPlainBody kills a process that appends by several at once.
func TestSpoolCrashHoldsNoPlainBody(t *testing.T) {
	path := spoolPath(t)
	child, out := startChild(t, "crash-spool", path+"#0")
	told := [crashWorkers]int{-1, -1, -1, -1}
	for range 60 {
		if err := readTold(out, &told); err != nil {
			t.Fatal(err)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child was not killed")
	}
	// What numbered makes repeats after 48 bytes of its middle nowhere else.
	for worker, last := range told {
		for n := range last + 1 {
			body := crashBody(0, worker, n).Body
			for file, data := range contents(t, path) {
				if strings.Contains(data, string(body[len(body)/2:len(body)/2+48])) {
					t.Fatalf("body %d of worker %d is in %s", n, worker, file)
				}
			}
		}
	}
}

func TestSpoolWrongKey(t *testing.T) {
	path := createSpool(t, 3, 1000)
	other := bytes.Repeat([]byte{8}, KeyBytes)
	before := contents(t, path)
	for range 2 {
		_, err := OpenSpool(t.Context(), SpoolOptions{Path: path, MaxBytes: 1, Key: other})
		wantKind(t, err, Sealed)
		want := "webhook spool " + path + " is encrypted with another key; put the file that redact_salt_file names back as it was, " +
			"or move the spool away to start afresh: what was sent to the webhook and not handed on yet is in it"
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
		if diff := cmp.Diff(before, contents(t, path)); diff != "" {
			t.Error("it was changed")
		}
	}
	s := mustOpenSpool(t, SpoolOptions{Path: path})
	id := s.ID()
	if got := drain(t, s, 0); len(got) != 3 || numberOf(got[2]) != 2 {
		t.Errorf("%d bodies", len(got))
	}
	// With nothing in it there is nothing that needs the key.
	if err := s.Delete(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	mustCloseSpool(t, s)
	s = mustOpenSpool(t, SpoolOptions{Path: path, Key: other})
	mustAppend(t, s, numbered(4, 10))
	if got := drain(t, s, 0); len(got) != 1 || got[0].Seq != 4 || numberOf(got[0]) != 4 || s.ID() != id {
		t.Errorf("%+v", got)
	}
	mustCloseSpool(t, s)
	_, err := OpenSpool(t.Context(), SpoolOptions{Path: path, MaxBytes: 1, Key: testKey()})
	wantKind(t, err, Sealed)
	// Bodies that no key is known of are damage.
	foreign(t, path, false, "DELETE FROM seal")
	_, err = OpenSpool(t.Context(), SpoolOptions{Path: path, MaxBytes: 1, Key: other})
	wantKind(t, err, Corrupt)
}

func TestSpoolWithoutKey(t *testing.T) {
	path := spoolPath(t)
	for _, key := range [][]byte{nil, {}, make([]byte, 16), make([]byte, KeyBytes+1)} {
		s, err := OpenSpool(t.Context(), SpoolOptions{Path: path, MaxBytes: 1, Key: key})
		if err == nil || KindOf(err) != Other || !strings.Contains(err.Error(), "key") {
			t.Errorf("%d bytes: %v %v", len(key), s, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d bytes: a file was made: %v", len(key), err)
		}
	}
}

// TestSpoolTamperedRows changes rows by other means. Such a row is told as damaged,
// in its place, and those around it are read.
func TestSpoolTamperedRows(t *testing.T) {
	elsewhere := createSpool(t, 3, 1000)
	for name, statements := range map[string][]string{
		"a bit":        {`UPDATE body SET body = CAST(substr(body, 1, 499) || x'0000' || substr(body, 502) AS BLOB) WHERE seq = 2`},
		"cut off":      {`UPDATE body SET body = substr(body, 1, 900) WHERE seq = 2`},
		"too short":    {`UPDATE body SET body = substr(body, 1, 27) WHERE seq = 2`},
		"no bytes":     {`UPDATE body SET body = x'' WHERE seq = 2`},
		"plain":        {`UPDATE body SET body = CAST('{"kind":"EventList","items":[]}' AS BLOB) WHERE seq = 2`},
		"another row":  {`UPDATE body SET body = (SELECT body FROM body WHERE seq = 1) WHERE seq = 2`},
		"the time":     {`UPDATE body SET received = received + 1 WHERE seq = 2`},
		"the sender":   {`UPDATE body SET sender = sender || '9' WHERE seq = 2`},
		"another file": {`ATTACH '` + elsewhere + `' AS o`, `UPDATE body SET (received, sender, body) = (SELECT received, sender, body FROM o.body WHERE seq = 2) WHERE seq = 2`},
		"the number":   {`UPDATE body SET seq = 4 WHERE seq = 3`, `UPDATE body SET seq = 3 WHERE seq = 2`, `UPDATE body SET seq = 2 WHERE seq = 4`},
	} {
		t.Run(name, func(t *testing.T) {
			path := createSpool(t, 3, 1000)
			foreign(t, path, false, statements...)
			s := mustOpenSpool(t, SpoolOptions{Path: path})
			damaged := 1
			if name == "the number" {
				damaged = 2
			}
			all := drain(t, s, 0)
			if len(all) != 3 {
				t.Fatalf("%d bodies", len(all))
			}
			for i, b := range all {
				if want := i >= 1 && i <= damaged; b.Damaged != want || b.Damaged != (b.Body == nil) || b.Seq != int64(i+1) || !strings.HasPrefix(b.Sender, "192.0.2.") {
					t.Errorf("%+v, want damaged %v", b, want)
				}
			}
			// It counts as little as can be, and nothing once it is gone.
			if err := s.Delete(t.Context(), 3); err != nil {
				t.Fatal(err)
			}
			wantSize(t, s, 0, 0)
			mustAppend(t, s, numbered(5, 10))
			if got := drain(t, s, 0); len(got) != 1 || got[0].Damaged {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestSealIsNeverTheSame: the same body in the same row, as after a transaction
// that failed, is encrypted anew.
func TestSealIsNeverTheSame(t *testing.T) {
	s, err := newSealer(testKey(), "ID")
	if err != nil {
		t.Fatal(err)
	}
	at, seen := row{seq: 1, sender: "::1"}, map[string]bool{}
	for range 1000 {
		sealed, err := s.seal(nil, at, []byte(canary))
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(sealed[:nonceBytes])] || seen[string(sealed[nonceBytes:])] {
			t.Fatal("it repeats itself")
		}
		seen[string(sealed[:nonceBytes])], seen[string(sealed[nonceBytes:])] = true, true
	}
}

// TestSealer seals and opens any bodies, by several at once, and opens none in
// another row, file or under another key.
func TestSealer(t *testing.T) {
	must := func(s *sealer, err error) *sealer {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	own := must(newSealer(testKey(), "A"))
	others := []*sealer{must(newSealer(testKey(), "B")), must(newSealer(bytes.Repeat([]byte{8}, KeyBytes), "A"))}
	rapid.Check(t, func(rt *rapid.T) {
		at := row{rapid.Int64().Draw(rt, "seq"), rapid.Int64().Draw(rt, "received"), rapid.String().Draw(rt, "sender")}
		body := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "body")
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				sealed, err := own.seal([]byte("before"), at, body)
				if err != nil {
					rt.Error(err)
					return
				}
				sealed = sealed[len("before"):]
				for _, s := range others {
					if _, err := s.open(at, bytes.Clone(sealed)); !errors.Is(err, errSealed) {
						rt.Error(err)
					}
				}
				for _, at := range []row{{at.seq + 1, at.received, at.sender}, {at.seq, at.received ^ 1, at.sender}, {at.seq, at.received, at.sender + "x"}} {
					if _, err := own.open(at, bytes.Clone(sealed)); !errors.Is(err, errSealed) {
						rt.Error(err)
					}
				}
				got, err := own.open(at, sealed)
				if err != nil || !bytes.Equal(got, body) || got == nil {
					rt.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// TestSpoolNumbersWithoutKey: what a shell can see needs no key.
func TestSpoolNumbersWithoutKey(t *testing.T) {
	path := createSpool(t, 3, 1000)
	db, err := sql.Open(driverName, fileURI(path, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	var bodies, size int64
	if err := db.QueryRow(countBodies, sealBytes, RowBytes).Scan(&size, &bodies); err != nil || bodies != 3 || size != 3*(1000+RowBytes) {
		t.Error(bodies, size, err)
	}
	var sender string
	if err := db.QueryRow("SELECT sender FROM body WHERE seq = 2").Scan(&sender); err != nil || sender != "192.0.2.1" {
		t.Error(sender, err)
	}
}

// BenchmarkSeal is what encryption adds to an append, and to a read.
func BenchmarkSeal(b *testing.B) {
	s, err := newSealer(testKey(), "ID")
	if err != nil {
		b.Fatal(err)
	}
	at := row{seq: 1, sender: "192.0.2.1"}
	for _, size := range []int{5_000, 600_000} {
		body := numbered(1, size).Body
		b.Run(fmt.Sprintf("seal/bytes=%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			var to []byte
			for b.Loop() {
				if to, err = s.seal(to[:0], at, body); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("open/bytes=%d", size), func(b *testing.B) {
			sealed, err := s.seal(nil, at, body)
			if err != nil {
				b.Fatal(err)
			}
			stored := bytes.Clone(sealed)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				copy(stored, sealed)
				if _, err := s.open(at, stored); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
