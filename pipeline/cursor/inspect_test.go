package cursor

import (
	"database/sql"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

const pretendFluentBit = `CREATE TABLE in_kubernetes_events (id INTEGER PRIMARY KEY, uid TEXT, resourceVersion INTEGER, created INTEGER)`

// foreign makes a database by running statements in it. Unless kept open it is
// closed again.
func foreign(t *testing.T, path string, keepOpen bool, statements ...string) {
	t.Helper()
	db, err := sql.Open(driverName, path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if !keepOpen {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

func mustWrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// contents returns all files beside path but the lock file.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), lockSuffix) || e.IsDir() || strings.HasSuffix(e.Name(), "-shm") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(filepath.Dir(path), e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

func TestRefusedFiles(t *testing.T) {
	const wayOut = "move it away to start afresh: events of the last hour are then reported again"
	damage := func(change func(data []byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			sound, _ := create(t, 2000)
			data, err := os.ReadFile(sound)
			if err != nil {
				t.Fatal(err)
			}
			mustWrite(t, path, change(data))
		}
	}
	tests := map[string]struct {
		make func(t *testing.T, path string)
		kind Kind
		says []string
	}{
		"a text": {
			make: func(t *testing.T, path string) { mustWrite(t, path, []byte("2026-11-21 something happened\n")) },
			kind: Foreign, says: []string{"not a SQLite database", "choose another path", "start afresh"},
		},
		"cut in the middle": {
			make: damage(func(d []byte) []byte { return d[:len(d)/2] }),
			kind: Corrupt, says: []string{"malformed", wayOut},
		},
		"cut within a page": {
			make: damage(func(d []byte) []byte { return d[:len(d)-700] }),
			kind: Corrupt, says: []string{wayOut},
		},
		"cut within the header": {
			make: damage(func(d []byte) []byte { return d[:50] }),
			kind: Corrupt, says: []string{"cut off", wayOut},
		},
		"a page of garbage": {
			make: damage(func(d []byte) []byte {
				for i := 20 * cursorPageBytes; i < 21*cursorPageBytes; i++ {
					d[i] = 0xa5
				}
				return d
			}),
			kind: Corrupt, says: []string{wayOut},
		},
		"zeros from the start": {
			make: damage(func(d []byte) []byte { return append(make([]byte, 4096), d[4096:]...) }),
			kind: Corrupt, says: []string{"zeros", wayOut},
		},
		"empty but for the log": {
			make: func(t *testing.T, path string) {
				mustWrite(t, path, nil)
				mustWrite(t, path+logSuffix, make([]byte, 100))
			},
			kind: Corrupt, says: []string{"write-ahead log", wayOut},
		},
		"another program's": {
			make: func(t *testing.T, path string) {
				foreign(t, path, false, "CREATE TABLE a_song (x)", "CREATE TABLE b (x)", "CREATE TABLE c (x)", "CREATE TABLE d (x)")
			},
			kind: Foreign, says: []string{"another program (it has table a_song, table b, table c)", "choose another path"},
		},
		"another program's, signed": {
			make: func(t *testing.T, path string) {
				foreign(t, path, false, "PRAGMA application_id = 77", "CREATE TABLE position (x)")
			},
			kind: Foreign, says: []string{"table position"},
		},
		"another program's, damaged": {
			make: func(t *testing.T, path string) {
				foreign(t, path, false, "CREATE TABLE a (x)")
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				for i := 100; i < 1000; i++ {
					data[i] = 0xa5
				}
				mustWrite(t, path, data)
			},
			kind: Foreign, says: []string{"cannot be read"},
		},
		"another program's, all in the log": {
			make: func(t *testing.T, path string) {
				foreign(t, path, true, "PRAGMA journal_mode = WAL", "CREATE TABLE a (x)")
			},
			kind: Foreign, says: []string{"write-ahead log"},
		},
		"Fluent Bit's": {
			make: func(t *testing.T, path string) {
				foreign(t, path, false, "PRAGMA journal_mode = WAL", "CREATE TABLE a (x)", "CREATE TABLE b (x)",
					"CREATE TABLE c (x)", pretendFluentBit)
			},
			kind: Foreign, says: []string{"is the database of Fluent Bit's kubernetes_events; choose another path"},
		},
		"Fluent Bit's, in use": {
			make: func(t *testing.T, path string) {
				foreign(t, path, true, "PRAGMA journal_mode = WAL", pretendFluentBit)
			},
			kind: Foreign, says: []string{"is the database of Fluent Bit's kubernetes_events; choose another path"},
		},
		"newer": {
			make: func(t *testing.T, path string) {
				damage(func(d []byte) []byte { binary.BigEndian.PutUint32(d[60:], 99); return d })(t, path)
			},
			kind: Newer, says: []string{"its format is 99, this version knows formats up to 4", wayOut},
		},
		"a directory": {
			make: func(t *testing.T, path string) {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
			},
			kind: Unwritable, says: []string{"not a regular file"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := tempPath(t)
			test.make(t, path)
			before := contents(t, path)
			for range 2 {
				_, err := Open(t.Context(), Options{Path: path})
				wantKind(t, err, test.kind)
				for _, part := range append(test.says, path) {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%q lacks %q", err, part)
					}
				}
				t.Log(err)
			}
			after := contents(t, path)
			if len(before) != len(after) {
				t.Errorf("files before %d, after %d", len(before), len(after))
			}
			for file, data := range before {
				if after[file] != data {
					t.Errorf("%s was changed", file)
				}
			}
		})
	}
}

// TestHardLinks warns of a second name that the lock does not cover.
func TestHardLinks(t *testing.T) {
	path, _ := create(t, 1)
	if err := os.Link(path, path+".copy"); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	mustOpen(t, Options{Path: path, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if !strings.Contains(said.String(), "more than one hard link") || !strings.Contains(said.String(), "links=2") {
		t.Errorf("said %q", said.String())
	}
}

func TestMissingDirectory(t *testing.T) {
	_, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "no", "cursor.db")})
	wantKind(t, err, Unwritable)
	t.Log(err)
}

// TestEmptyFilesBecomeOurs covers files with nothing in them.
func TestEmptyFilesBecomeOurs(t *testing.T) {
	for name, create := range map[string]func(t *testing.T, path string){
		"no bytes":       func(t *testing.T, path string) { mustWrite(t, path, nil) },
		"no tables":      func(t *testing.T, path string) { foreign(t, path, false, "PRAGMA user_version = 0", "VACUUM") },
		"no tables, WAL": func(t *testing.T, path string) { foreign(t, path, false, "PRAGMA journal_mode = WAL") },
		"no more tables": func(t *testing.T, path string) {
			foreign(t, path, false, "PRAGMA application_id = 77", "CREATE TABLE a (x)", "DROP TABLE a")
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := tempPath(t)
			create(t, path)
			for range 2 {
				c := mustOpen(t, Options{Path: path})
				mustCommit(t, c, Changes{Positions: map[event.Stream]event.Position{"s": "1"}})
				mustClose(t, c)
			}
			header, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := binary.BigEndian.Uint32(header[headerApplicationID:]); got != cursorApplicationID {
				t.Errorf("application id %x", got)
			}
		})
	}
}

// TestOurMarkIsThereFromTheStart looks at the file while everything but its
// creation is still in the log: it must be known as ours.
func TestOurMarkIsThereFromTheStart(t *testing.T) {
	path := tempPath(t)
	c := mustOpen(t, Options{Path: path})
	mustCommit(t, c, Changes{Positions: map[event.Stream]event.Position{"s": "1"}})
	copied := tempPath(t)
	for _, suffix := range []string{"", logSuffix} {
		data, err := os.ReadFile(path + suffix)
		if err != nil || len(data) == 0 {
			t.Fatal(len(data), err)
		}
		mustWrite(t, copied+suffix, data)
	}
	d := mustOpen(t, Options{Path: copied})
	position, _, err := d.Position(t.Context(), "s")
	if diff := cmp.Diff(event.Position("1"), position); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestDamageFoundLater damages a file that is open: the calls that meet the
// damage say so, and nothing else goes wrong.
func TestDamageFoundLater(t *testing.T) {
	path, keys := create(t, 50_000)
	c := mustOpen(t, Options{Path: path})
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	garbage := make([]byte, 1<<20)
	for i := range garbage {
		garbage[i] = byte(i * 31)
	}
	if _, err := file.WriteAt(garbage, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for _, k := range keys {
		if _, _, err := c.Seen(t.Context(), k); err != nil {
			wantKind(t, err, Corrupt)
			damaged++
		}
	}
	if damaged == 0 {
		t.Error("no lookup met the damage")
	}
	err = c.Commit(t.Context(), Changes{Seen: changesOf(keys, 1, epoch())})
	wantKind(t, err, Corrupt)
	t.Log(err)
}
