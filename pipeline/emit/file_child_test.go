package emit

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fluent-live/live-status/pipeline/event"
)

// childEnv names the path that a child of the tests writes to.
const childEnv = "EMIT_TEST_CHILD_FILE"

// child returns the command that runs one test in a process of its own, which
// finds path in childEnv.
func child(t *testing.T, test, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	return cmd
}

// TestFileOfFullDisk has a process write that may only write files of a certain
// size: the kernel takes a part of what is written, and then nothing, as on a disk
// that is full.
func TestFileOfFullDisk(t *testing.T) {
	path := os.Getenv(childEnv)
	if path == "" {
		cmd := child(t, t.Name(), filepath.Join(t.TempDir(), "records.jsonl"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(unix.SIGXFSZ)
	c := opened(t, Options{To: "file:" + path})
	letters, err := OpenDeadLetters(path+".dead", nil)
	if err != nil {
		t.Fatal(err)
	}
	first, second := specs("first", 4, 100), specs("second", 20, 100)
	send(t, c, batchOf(t, FormatJSON, first))
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	limit := unix.Rlimit{}
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	unlimited := limit.Cur
	// In the middle of a line.
	limit.Cur = uint64(before.Size()) + 350
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	long := DeadLetter{ID: "id", Format: FormatJSON, Record: batchOf(t, FormatJSON, specs("long", 1, 9000)).Data}
	for range 3 {
		err := c.Send(t.Context(), batchOf(t, FormatJSON, second))
		if !errors.Is(err, unix.EFBIG) || !strings.Contains(err.Error(), "forward_to") {
			t.Errorf("a file that cannot grow: %v", err)
		}
		after, err := os.Stat(path)
		if err != nil || after.Size() != before.Size() {
			t.Errorf("%d bytes, %v; there were %d", after.Size(), err, before.Size())
		}
		if err := letters.Write(long); !errors.Is(err, unix.EFBIG) || !strings.Contains(err.Error(), "dead_letter_path") {
			t.Errorf("dead letters that cannot grow: %v", err)
		}
	}
	limit.Cur = unlimited
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	send(t, c, batchOf(t, FormatJSON, second))
	if got, want := idsIn(t, path), idsOfSpecs(first, second); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if err := errors.Join(letters.Write(long), letters.Close()); err != nil {
		t.Error(err)
	}
	if got := lettersIn(t, path+".dead"); len(got) != 1 {
		t.Errorf("dead letters: %v", got)
	}
}

// TestFileOverKills kills a process while it writes, again and again, and looks
// for what it said was acknowledged.
func TestFileOverKills(t *testing.T) {
	if path := os.Getenv(childEnv); path != "" {
		writeUntilKilled(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "records.jsonl")
	// Chance says when it is killed; the failure shows what was lost.
	chance := rand.New(rand.NewPCG(1, 2))
	var acknowledged []event.RecordID
	const kills = 8
	for round := range kills {
		cmd := child(t, t.Name(), path)
		cmd.Env = append(cmd.Env, fmt.Sprintf("EMIT_TEST_ROUND=%d", round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 1 + chance.IntN(12); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
				acknowledged = append(acknowledged, event.RecordID(id))
				n--
			}
			if n == 0 {
				// Into the next write, which takes some time.
				_ = cmd.Process.Signal(syscall.SIGKILL)
			}
		}
		err = cmd.Wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("the child was not killed: %v", err)
		}
	}
	opened(t, Options{To: "file:" + path}) // Cuts off what the last one left.
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	found := map[event.RecordID]int{}
	for _, id := range idsIn(t, files...) {
		if found[id]++; found[id] > 1 {
			t.Errorf("%s is there %d times", id, found[id])
		}
	}
	for _, id := range acknowledged {
		if found[id] != 1 {
			t.Errorf("%s was acknowledged and is there %d times", id, found[id])
		}
	}
	t.Logf("%d kills, %d files, %d records, %d batches acknowledged by name", kills, len(files), len(found), len(acknowledged))
}

// writeUntilKilled says of each batch, by its last record, that it was acknowledged.
func writeUntilKilled(t *testing.T, path string) {
	t.Helper()
	c, err := Open(Options{To: "file:" + path, FileMaxBytes: 5 << 20})
	if err != nil {
		t.Fatal(err)
	}
	round := os.Getenv("EMIT_TEST_ROUND")
	for i := 0; ; i++ {
		records := specs(fmt.Sprintf("round%s-batch%d", round, i), 400, 4000)
		if err := c.Send(t.Context(), batchOf(t, FormatJSON, records)); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("acknowledged %s\n", records[len(records)-1].ID)
	}
}
