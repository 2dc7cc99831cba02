package cursor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	crashBatch = 40
	crashStay  = 30
)

// crashKeys are the keys that batch n remembers.
func crashKeys(n int) []event.SeenKey { return uids(uint64(n)+1000, crashBatch) }

// crashChanges are the changes of batch n: it remembers its keys and forgets
// those of an older one.
func crashChanges(n int) Changes {
	ch := Changes{
		Positions: map[event.Stream]event.Position{"events": event.Position(strconv.Itoa(n))},
		Seen:      changesOf(crashKeys(n), n, epoch()),
		Statuses:  []event.StatusRow{{Key: "same", Data: []byte(strconv.Itoa(n))}, {Key: event.StatusKey(strconv.Itoa(n)), Data: []byte("x")}},
	}
	if n > crashStay {
		for _, k := range crashKeys(n - crashStay) {
			ch.Seen = append(ch.Seen, SeenChange{Key: k, Forget: true})
		}
		ch.Statuses = append(ch.Statuses, event.StatusRow{Key: event.StatusKey(strconv.Itoa(n - crashStay))})
	}
	return ch
}

// commitForEver commits batch after batch, from where the file is, and tells
// of each that is done.
func commitForEver(path string) error {
	ctx := context.Background()
	c, err := Open(ctx, Options{Path: path, JournalMode: filepath.Ext(path)[1:]})
	if err != nil {
		return err
	}
	n, err := batchOf(ctx, c)
	if err != nil {
		return err
	}
	for {
		n++
		if err := c.Commit(ctx, crashChanges(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func batchOf(ctx context.Context, c *Cursor) (int, error) {
	position, ok, err := c.Position(ctx, "events")
	if err != nil || !ok {
		return 0, err
	}
	return strconv.Atoi(string(position))
}

// TestCrash kills a process that commits, at random moments, and looks at
// what it left: the keys of a batch are there if and only if the position has
// reached it, and every commit that was reported done is there.
func TestCrash(t *testing.T) {
	for mode, rounds := range map[string]int{"WAL": 20, "DELETE": 5} {
		t.Run(mode, func(t *testing.T) { crashed(t, filepath.Join(t.TempDir(), "cursor."+mode), rounds) })
	}
}

func crashed(t *testing.T, path string, rounds int) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for round := range rounds {
		child, out := startChild(t, "crash", path)
		told := 0
		// Killed after some commits, and then somewhere within the next few.
		for range 1 + r.IntN(60) {
			line, err := out.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if told, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(time.Duration(r.IntN(3000)) * time.Microsecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		// The pipe still holds what was told before the end.
		for {
			line, err := out.ReadString('\n')
			if err != nil {
				break
			}
			if told, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
				t.Fatal(err)
			}
		}
		if err := child.Wait(); err == nil {
			t.Fatal("the child was not killed")
		}
		inspectCrash(t, path, round, told)
	}
}

// TestCrashAtStart kills a process around the moment it creates its file:
// whatever is there can be opened.
func TestCrashAtStart(t *testing.T) {
	found := make(map[bool]int)
	for i := range 20 {
		path := filepath.Join(t.TempDir(), "cursor.WAL")
		child, out := startChild(t, "crash", path)
		// The lock file is the first sign of it.
		for {
			if _, err := os.Stat(path + lockSuffix); err == nil {
				break
			}
			<-time.After(50 * time.Microsecond)
		}
		<-time.After(time.Duration(2*i) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_, told := out.ReadString('\n')
		if err := child.Wait(); err == nil {
			t.Fatal("the child was not killed")
		}
		found[told == nil]++
		c := mustOpen(t, Options{Path: path})
		mustCommit(t, c, Changes{Positions: map[event.Stream]event.Position{"s": "1"}})
	}
	t.Logf("killed before the first commit: %d, after: %d", found[false], found[true])
}

func inspectCrash(t *testing.T, path string, round, told int) {
	t.Helper()
	c, err := Open(t.Context(), Options{Path: path, JournalMode: filepath.Ext(path)[1:]})
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, c)
	n, err := batchOf(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if n < told || n > told+1 {
		t.Errorf("round %d: position %d, but batch %d was the last reported done", round, n, told)
	}
	for batch := max(1, n-2*crashStay); batch <= n+2; batch++ {
		want := batch > n-crashStay && batch <= n
		for _, k := range crashKeys(batch) {
			if _, ok, err := c.Seen(t.Context(), k); ok != want || err != nil {
				t.Fatalf("round %d: position %d, batch %d: key is there: %v, want %v, %v", round, n, batch, ok, want, err)
			}
		}
	}
	s, err := c.Stats(t.Context())
	if want := int64(min(n, crashStay) * crashBatch); err != nil || s.Seen != want {
		t.Errorf("round %d: %d keys, want %d, %v", round, s.Seen, want, err)
	}
	statuses := allStatuses(t, c)
	if len(statuses) != min(n, crashStay)+1 || statuses["same"] != strconv.Itoa(n) || statuses[event.StatusKey(strconv.Itoa(n))] != "x" {
		t.Errorf("round %d: position %d, statuses %v", round, n, statuses)
	}
	var verdict string
	if err := c.db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Error(errors.Join(err, errors.New(verdict)))
	}
}
