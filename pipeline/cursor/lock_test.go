package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func holdForEver(path string) error {
	c, err := Open(context.Background(), Options{Path: path, Holder: "the child"})
	if err != nil {
		return err
	}
	if err := c.Commit(context.Background(), Changes{Positions: map[event.Stream]event.Position{"s": "1"}}); err != nil {
		return err
	}
	fmt.Println("holding")
	select {}
}

func TestHeldByThisProcess(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "real", "cursor.db")
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "real"), 0o700),
		os.Symlink("real", filepath.Join(dir, "linked")),
		os.Symlink(filepath.Join("linked", "cursor.db"), filepath.Join(dir, "file")),
		os.Symlink("file", filepath.Join(dir, "twice")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	// The link is first followed while its target does not exist.
	c := mustOpen(t, Options{
		Path: filepath.Join(dir, "twice"), Holder: "input live_status.0\nof fluent-bit",
		Now: epoch,
	})
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	names := []string{path, filepath.Join("real", "..", "real", "cursor.db"), filepath.Join("linked", "cursor.db"), "file", "./twice"}
	for _, name := range names {
		_, err := Open(t.Context(), Options{Path: name})
		wantKind(t, err, Held)
		host, hostErr := os.Hostname()
		if hostErr != nil {
			t.Fatal(hostErr)
		}
		for _, part := range []string{path, "pid " + strconv.Itoa(os.Getpid()), host, "input live_status.0 of fluent-bit", "since 2026-09-21T"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q lacks %q", name, err, part)
			}
		}
	}
	mustClose(t, c)
	c = mustOpen(t, Options{Path: path})
	mustClose(t, c)
	if text, err := os.ReadFile(path + lockSuffix); err != nil || len(text) > 0 {
		t.Errorf("%q %v is left in the lock file", text, err)
	}
}

func TestHeldByAnotherProcess(t *testing.T) {
	path := tempPath(t)
	child, out := startChild(t, "hold", path)
	if line, err := out.ReadString('\n'); err != nil {
		t.Fatal(line, err)
	}
	_, err := Open(t.Context(), Options{Path: path})
	wantKind(t, err, Held)
	t.Log(err)
	if want := fmt.Sprintf("pid %d on ", child.Process.Pid); !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the child") {
		t.Errorf("%q lacks %q or the holder", err, want)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Error("the child was not killed")
	}
	// What it wrote into the lock file is still there and no obstacle.
	if text, err := os.ReadFile(path + lockSuffix); err != nil || !strings.Contains(string(text), "the child") {
		t.Errorf("%q %v", text, err)
	}
	c := mustOpen(t, Options{Path: path})
	if position, ok, err := c.Position(t.Context(), "s"); position != "1" || !ok || err != nil {
		t.Error(position, ok, err)
	}
}

func TestLockFileContents(t *testing.T) {
	for _, text := range []string{"", "pid 1", strings.Repeat("x", 5000), "\x00\x1b[31mred\n\n"} {
		path := tempPath(t)
		if err := os.WriteFile(path+lockSuffix, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := mustOpen(t, Options{Path: path, Holder: "me"})
		got, err := os.ReadFile(path + lockSuffix)
		if err != nil || strings.Count(string(got), "\n") != 1 || !strings.Contains(string(got), ": me, since ") {
			t.Errorf("%q %v", got, err)
		}
		// Whatever it says, the answer is one clean line.
		if err := os.WriteFile(path+lockSuffix, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = Open(t.Context(), Options{Path: path})
		wantKind(t, err, Held)
		if strings.ContainsAny(err.Error(), "\x00\x1b\n") || len(err.Error()) > 1000 {
			t.Errorf("%q", err)
		}
		mustClose(t, c)
	}
}

func TestLockFileIsNotFollowed(t *testing.T) {
	path := tempPath(t)
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, path+lockSuffix); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{Path: path})
	wantKind(t, err, Unwritable)
	if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
		t.Errorf("%q %v", text, err)
	}
}

// TestLockedFromWithin shows what happens when another program, which knows
// nothing of the lock file, is in the middle of writing.
func TestLockedFromWithin(t *testing.T) {
	path, _ := create(t, 10)
	c := mustOpen(t, Options{Path: path})
	other, err := sql.Open(driverName, path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ch := Changes{Positions: map[event.Stream]event.Position{"events": "2"}}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := c.Commit(ctx, ch); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if took := time.Since(start); took > busyTimeout/2 {
		t.Errorf("a commit waited %v although its context ended", took)
	}
	err = c.Commit(t.Context(), ch)
	wantKind(t, err, Held)
	t.Log(err)
	if position, _, err := c.Position(t.Context(), "events"); position != "1" || err != nil {
		t.Error(position, err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, c, ch)
}

// TestLocking shows that the option keeps even readers out.
func TestLocking(t *testing.T) {
	for _, locking := range []bool{false, true} {
		path, _ := create(t, 10)
		c := mustOpen(t, Options{Path: path, Locking: locking})
		mustCommit(t, c, Changes{Positions: map[event.Stream]event.Position{"events": "2"}})
		other, err := sql.Open(driverName, path)
		if err != nil {
			t.Fatal(err)
		}
		var position string
		err = other.QueryRow("SELECT position FROM position").Scan(&position)
		if locking != (classify(err) == Held) || !locking && position != "2" {
			t.Errorf("locking %v: %q %v", locking, position, err)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}
}
