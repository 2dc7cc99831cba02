package cursor

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fluent-live/live-status/pipeline/event"
)

// childEnv names what a test binary that was started by a test does instead
// of running tests.
const childEnv = "CURSOR_TEST_CHILD"

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		child, ok := children()[name]
		if !ok {
			fmt.Fprintln(os.Stderr, "no such child:", name)
			os.Exit(2)
		}
		if err := child(os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func children() map[string]func(arg string) error {
	all := map[string]func(string) error{
		"hold":        holdForEver,
		"crash":       commitForEver,
		"limit":       fillToLimit,
		"hold-spool":  holdSpoolForEver,
		"crash-spool": appendForEver,
		"limit-spool": fillSpoolToLimit,
	}
	maps.Copy(all, systemChildren())
	return all
}

// startChild starts this binary anew to do what the child of that name does.
func startChild(t *testing.T, name, arg string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := childCommand(t, name, arg)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(out)
}

func childCommand(t *testing.T, name, arg string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^$", "--", arg)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// epoch is a moment on which tests build.
func epoch() time.Time { return time.Unix(1_790_000_000, 0).UTC() }

func tempPath(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "cursor.db")
}

// mustOpen opens a cursor and closes it at the end of the test.
func mustOpen(t *testing.T, o Options) *Cursor {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustClose(t, c) })
	return c
}

func mustClose(t *testing.T, c *Cursor) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func mustCommit(t *testing.T, c *Cursor, ch Changes) {
	t.Helper()
	if err := c.Commit(t.Context(), ch); err != nil {
		t.Fatal(err)
	}
}

// create makes a file with n keys and returns its path and the keys.
func create(t *testing.T, n int) (string, []event.SeenKey) {
	t.Helper()
	path, keys := tempPath(t), uids(uint64(n), n)
	c, err := Open(t.Context(), Options{Path: path, Sync: "off"})
	if err != nil {
		t.Fatal(err)
	}
	mustCommit(t, c, Changes{
		Positions: map[event.Stream]event.Position{"events": "1"},
		Seen:      changesOf(keys, 0, epoch()),
	})
	mustClose(t, c)
	return path, keys
}

func wantKind(t *testing.T, err error, want Kind) {
	t.Helper()
	if KindOf(err) != want {
		t.Fatalf("got kind %d (%v), want kind %d", KindOf(err), err, want)
	}
}
