package cursor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// createSpool makes a file with n bodies of a size.
func createSpool(t *testing.T, n, size int) string {
	t.Helper()
	path := spoolPath(t)
	s := mustOpenSpool(t, SpoolOptions{Path: path})
	for i := range n {
		mustAppend(t, s, numbered(i, size))
	}
	mustCloseSpool(t, s)
	return path
}

func TestRefusedSpools(t *testing.T) {
	const wayOut = "move it away to start afresh: what was sent to the webhook and not handed on yet is in it"
	damage := func(change func(data []byte) []byte) func(*testing.T) string {
		return func(t *testing.T) string {
			path := createSpool(t, 50, 50_000)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			mustWrite(t, path, change(data))
			return path
		}
	}
	tests := map[string]struct {
		make func(t *testing.T) string
		kind Kind
		says []string
	}{
		"a text": {
			func(t *testing.T) string {
				path := spoolPath(t)
				mustWrite(t, path, []byte("2026-11-21 something happened\n"))
				return path
			}, Foreign, []string{"not a SQLite database", "if it was the spool", "choose another path"},
		},
		"another program's": {
			func(t *testing.T) string {
				path := spoolPath(t)
				foreign(t, path, false, "CREATE TABLE a_song (x)")
				return path
			}, Foreign, []string{"another program (it has table a_song)", "choose another path"},
		},
		"a cursor": {
			func(t *testing.T) string {
				path, _ := create(t, 10)
				return path
			}, Foreign, []string{"is the cursor database of Live Status; choose another path"},
		},
		"cut in the middle": {
			damage(func(d []byte) []byte { return d[:len(d)/2] }), Corrupt, []string{wayOut},
		},
		"a page of garbage": {
			damage(func(d []byte) []byte {
				for i := 1; i < len(d)/spoolPageBytes; i++ {
					copy(d[i*spoolPageBytes:], "garbage garbage garbage")
				}
				return d
			}), Corrupt, []string{wayOut},
		},
		"newer": {
			damage(func(d []byte) []byte { binary.BigEndian.PutUint32(d[60:], 99); return d }),
			Newer,
			[]string{"its format is 99, this version knows formats up to 2", wayOut},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := test.make(t)
			before := contents(t, path)
			for range 2 {
				_, err := OpenSpool(t.Context(), SpoolOptions{Key: testKey(), Path: path, MaxBytes: 1})
				wantKind(t, err, test.kind)
				for _, part := range append(test.says, "webhook spool "+path) {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%q lacks %q", err, part)
					}
				}
			}
			if diff := cmp.Diff(len(before), len(contents(t, path))); diff != "" {
				t.Error(diff)
			}
			for file, data := range contents(t, path) {
				if before[file] != data {
					t.Errorf("%s was changed", file)
				}
			}
		})
	}
}

// TestSpoolAsCursor is the other way round.
func TestSpoolAsCursor(t *testing.T) {
	path := createSpool(t, 1, 10)
	_, err := Open(t.Context(), Options{Path: path})
	wantKind(t, err, Foreign)
	if want := "cursor database " + path + " is the webhook spool of Live Status; choose another path"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// TestSpoolDamageFoundLater damages the links between the pages of a large
// file, which nothing looks at when it is opened.
func TestSpoolDamageFoundLater(t *testing.T) {
	path := createSpool(t, 120, 600_000)
	data, err := os.ReadFile(path)
	if err != nil || len(data) <= checkMax {
		t.Fatal(len(data), err)
	}
	for i := len(data) / 2 / spoolPageBytes; i < len(data)/spoolPageBytes; i++ {
		// The number of the next page is small; no other page begins like that.
		if page := data[i*spoolPageBytes:]; page[0] == 0 && page[1] == 0 {
			copy(page, "\xff\xff\xff\xff")
		}
	}
	mustWrite(t, path, data)
	s := mustOpenSpool(t, SpoolOptions{Path: path})
	var after int64
	for {
		b, ok, err := s.Next(t.Context(), after)
		if err != nil {
			wantKind(t, err, Corrupt)
			break
		}
		if !ok {
			t.Fatal("no read met the damage")
		}
		if numberOf(b) != int(after) {
			t.Errorf("body %d after %d", numberOf(b), after)
		}
		after = b.Seq
	}
	if after < 10 {
		t.Errorf("only %d bodies could be read", after)
	}
	// What could be read can be deleted, too, and others are taken in.
	if err := s.Delete(t.Context(), after); err != nil {
		t.Error(err)
	}
	mustAppend(t, s, numbered(120, 600_000))
	wantSize(t, s, (121-after)*(600_000+RowBytes), 121-after)
}

func TestSpoolWithoutIdentity(t *testing.T) {
	path := createSpool(t, 1, 10)
	foreign(t, path, false, "UPDATE identity SET id = ''")
	_, err := OpenSpool(t.Context(), SpoolOptions{Key: testKey(), Path: path, MaxBytes: 1})
	wantKind(t, err, Corrupt)
	foreign(t, path, false, "DELETE FROM identity")
	_, err = OpenSpool(t.Context(), SpoolOptions{Key: testKey(), Path: path, MaxBytes: 1})
	wantKind(t, err, Corrupt)
	// A process that died before it gave the file one left nothing else either.
	foreign(t, path, false, "DELETE FROM seal; DELETE FROM body")
	if s := mustOpenSpool(t, SpoolOptions{Path: path}); s.ID() == "" {
		t.Error("no identity")
	}
}

func holdSpoolForEver(path string) error {
	if _, err := OpenSpool(context.Background(), SpoolOptions{Key: testKey(), Path: path, MaxBytes: 1, Holder: "the child"}); err != nil {
		return err
	}
	fmt.Println("holding")
	select {}
}

func TestSpoolHeld(t *testing.T) {
	path := spoolPath(t)
	child, out := startChild(t, "hold-spool", path)
	if line, err := out.ReadString('\n'); err != nil {
		t.Fatal(line, err)
	}
	for _, err := range []error{
		second(OpenSpool(t.Context(), SpoolOptions{Key: testKey(), Path: path, MaxBytes: 1})),
		second(Open(t.Context(), Options{Path: path})),
	} {
		wantKind(t, err, Held)
		if want := fmt.Sprintf("is in use by pid %d on ", child.Process.Pid); !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the child") {
			t.Errorf("%q lacks %q or the holder", err, want)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Error("the child was not killed")
	}
	mustAppend(t, mustOpenSpool(t, SpoolOptions{Path: path}), numbered(1, 10))
}

func second[T any](_ T, err error) error { return err }

// TestFormerSpools opens a file of each former format and the present one.
func TestFormerSpools(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join("testdata", "spool-*.sql"))
	if err != nil || len(scripts) != len(spoolMigrations()) {
		t.Fatalf("testdata has %d formats, there are %d: %v", len(scripts), len(spoolMigrations()), err)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		path := spoolPath(t)
		foreign(t, path, false, string(text))
		s := mustOpenSpool(t, SpoolOptions{Path: path})
		mustAppend(t, s, event.Spooled{Sender: "new", Received: epoch(), Body: []byte("[]")})
		want := []event.Spooled{
			{Seq: 41, Sender: "192.0.2.1", Received: epoch().Add(250), Body: []byte("{}")},
			{Seq: 101, Sender: "new", Received: epoch(), Body: []byte("[]")},
		}
		if diff := cmp.Diff(want, drain(t, s, 0)); diff != "" || s.ID() != "ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
			t.Errorf("%s %s", s.ID(), diff)
		}
		wantSize(t, s, 4+2*RowBytes, 2)
		documented(t, s.db)
		fresh, err := schemaOf(mustOpenSpool(t, SpoolOptions{Path: spoolPath(t)}).db)
		if err != nil {
			t.Fatal(err)
		}
		migrated, err := schemaOf(s.db)
		if diff := cmp.Diff(fresh, migrated); diff != "" || err != nil {
			t.Errorf("%s has another schema (-fresh +migrated): %v\n%s", script, err, diff)
		}
	}
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "CURSOR.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, way, _ := strings.Cut((&Error{Database: SpoolFile, Path: "P", Kind: Corrupt, Err: errors.New("E")}).Error(), "afresh: ")
	if !strings.Contains(string(doc), way) {
		t.Errorf("docs/CURSOR.md lacks %q", way)
	}
}
