package cursor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestRoundTrip(t *testing.T) {
	seen := map[event.SeenKey]event.Seen{
		"0f8fad5b-d9cb-469f-a165-70867728950e":        {Version: "4711", Count: 3, Last: epoch().Add(123456789), Digest: 1<<64 - 1},
		"events/0f8fad5b-d9cb-469f-a165-70867728950e": {Version: "18446744073709551615", Count: 1, Last: epoch()},
		"0F8FAD5B-D9CB-469F-A165-70867728950E":        {Version: "0", Last: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)},
		"":                                            {Version: "007", Count: -1},
		"a\x00b\xff":                                  {Version: "", Digest: 1 << 63},
		"a":                                           {Version: "-5", Last: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)},
		"'; DROP TABLE--":                             {Version: "v1.2\x00"},
	}
	for _, path := range []string{"", tempPath(t), filepath.Join(t.TempDir(), "odd ?#%41&name")} {
		c := mustOpen(t, Options{Path: path})
		var changes Changes
		for k, s := range seen {
			changes.Seen = append(changes.Seen, SeenChange{Key: k, Seen: s, Expires: epoch()})
		}
		changes.Positions = map[event.Stream]event.Position{"a": "1", "": "", "b\x00": "\xff"}
		mustCommit(t, c, changes)
		if path != "" {
			mustClose(t, c)
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
			c = mustOpen(t, Options{Path: path})
		}
		for k, want := range seen {
			got, ok, err := c.Seen(t.Context(), k)
			if err != nil || !ok {
				t.Fatalf("%q: %v %v", k, ok, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q: -want +got\n%s", k, diff)
			}
		}
		for stream, want := range changes.Positions {
			if got, ok, err := c.Position(t.Context(), stream); got != want || !ok || err != nil {
				t.Errorf("%q: got %q %v %v, want %q", stream, got, ok, err, want)
			}
		}
		if _, ok, err := c.Position(t.Context(), "unknown"); ok || err != nil {
			t.Error(ok, err)
		}
		if _, ok, err := c.Seen(t.Context(), "unknown"); ok || err != nil {
			t.Error(ok, err)
		}
	}
}

func TestJournalModes(t *testing.T) {
	for _, mode := range []string{"", "wal", "DELETE", "Truncate", "persist", "memory", "off"} {
		for _, locking := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s locking=%v", mode, locking), func(t *testing.T) {
				path := tempPath(t)
				for i := range 3 {
					c := mustOpen(t, Options{Path: path, JournalMode: mode, Locking: locking, Sync: "full"})
					var got string
					if err := c.db.QueryRow("PRAGMA journal_mode").Scan(&got); err != nil {
						t.Fatal(err)
					}
					want := strings.ToLower(mode)
					switch want {
					case "":
						want = "wal"
					case "off":
						want = "memory"
					}
					if got != want {
						t.Errorf("journal mode %s, want %s", got, want)
					}
					if position, _, err := c.Position(t.Context(), "s"); err != nil || (i > 0 && string(position) != strconv.Itoa(i-1)) {
						t.Fatal(position, err)
					}
					mustCommit(t, c, Changes{Positions: map[event.Stream]event.Position{"s": event.Position(strconv.Itoa(i))}})
					mustClose(t, c)
				}
			})
		}
	}
	// From any mode to any other.
	path := tempPath(t)
	for _, mode := range []string{"DELETE", "WAL", "TRUNCATE", "WAL"} {
		c := mustOpen(t, Options{Path: path, JournalMode: mode})
		mustCommit(t, c, Changes{Positions: map[event.Stream]event.Position{"s": event.Position(mode)}})
		mustClose(t, c)
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{{JournalMode: "wall"}, {Sync: "sometimes"}} {
		_, err := Open(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), o.JournalMode+o.Sync) && !strings.Contains(err.Error(), strings.ToUpper(o.JournalMode+o.Sync)) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestLastChangeToAKeyWins(t *testing.T) {
	c := mustOpen(t, Options{})
	var ch Changes
	for i := range 50 {
		ch.Seen = append(ch.Seen,
			SeenChange{Key: "x", Seen: event.Seen{Count: int64(i)}},
			SeenChange{Key: "y", Forget: i%2 == 1})
	}
	mustCommit(t, c, ch)
	if s, ok, err := c.Seen(t.Context(), "x"); s.Count != 49 || !ok || err != nil {
		t.Error(s, ok, err)
	}
	if _, ok, err := c.Seen(t.Context(), "y"); ok || err != nil {
		t.Error(ok, err)
	}
	mustCommit(t, c, Changes{})
}

func TestExpire(t *testing.T) {
	c := mustOpen(t, Options{})
	var ch Changes
	for i := range 100 {
		ch.Seen = append(ch.Seen, SeenChange{
			Key: event.SeenKey(strconv.Itoa(i)), Expires: epoch().Add(time.Duration(i) * time.Second),
		})
	}
	ch.Seen = append(ch.Seen, SeenChange{Key: "never"},
		SeenChange{Key: "rounded", Expires: epoch().Add(49*time.Second + 1)})
	mustCommit(t, c, ch)
	now := epoch().Add(49*time.Second + 999_999_999)
	for _, want := range []int64{20, 20, 10, 0} {
		if n, err := c.Expire(t.Context(), now, 20); n != want || err != nil {
			t.Fatalf("got %d %v, want %d", n, err, want)
		}
	}
	for key, want := range map[event.SeenKey]bool{"0": false, "49": false, "50": true, "never": true, "rounded": true} {
		if _, ok, err := c.Seen(t.Context(), key); ok != want || err != nil {
			t.Errorf("%s: %v %v", key, ok, err)
		}
	}
	if _, err := c.Expire(t.Context(), now, 0); err == nil {
		t.Error("no limit passes")
	}
}

// TestPlans shows that lookups and expiry go through an index.
func TestPlans(t *testing.T) {
	c := mustOpen(t, Options{})
	for sql, want := range map[string]string{
		selectPosition: "USING PRIMARY KEY (stream=?)",
		selectSeen:     "USING PRIMARY KEY (key=?)",
		deleteSeen:     "USING PRIMARY KEY (key=?)",
		deleteExpired:  "USING COVERING INDEX seen_expires (expires<?)",
	} {
		text := planOf(t, c, sql)
		if !strings.Contains(text, want) || strings.Contains(text, "SCAN seen") || strings.Contains(text, "TEMP B-TREE FOR ORDER") {
			t.Errorf("%s\nplan: %s\nwant: %s", sql, text, want)
		}
	}
}

// planOf returns how SQLite goes about a statement.
func planOf(t *testing.T, c *Cursor, sql string) string {
	t.Helper()
	rows, err := c.db.Query("EXPLAIN QUERY PLAN "+sql, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "; ")
}

func TestFileModes(t *testing.T) {
	path := tempPath(t)
	c := mustOpen(t, Options{Path: path})
	mustCommit(t, c, Changes{Positions: map[event.Stream]event.Position{"s": "1"}})
	for _, suffix := range []string{"", logSuffix, "-shm", lockSuffix} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", suffix, info.Mode())
		}
	}
}

func TestLogStaysBounded(t *testing.T) {
	path := tempPath(t)
	c := mustOpen(t, Options{Path: path})
	keys := uids(3, 30_000)
	logBytes := func() int64 {
		s, err := c.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.LogBytes
	}
	var most int64
	for i := range 200 {
		at := i * 500 % len(keys)
		mustCommit(t, c, Changes{Seen: changesOf(keys[at:at+500], i, epoch().Add(time.Duration(i)*time.Second))})
		most = max(most, logBytes())
	}
	if most > 8<<20 {
		t.Errorf("the log grew to %d bytes", most)
	}
	mustCommit(t, c, Changes{Seen: changesOf(keys, 1000, epoch())})
	large := logBytes()
	for i := range 2 {
		mustCommit(t, c, Changes{Seen: changesOf(keys[:10], i, epoch())})
	}
	limit := CursorFile.layout().logLimit
	if after := logBytes(); large <= limit || after > limit {
		t.Errorf("the log has %d bytes after a large commit and %d after that, want more and less than %d", large, after, limit)
	}
	mustClose(t, c)
	for _, suffix := range []string{logSuffix, "-shm", "-journal"} {
		if _, err := os.Stat(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left after Close: %v", suffix, err)
		}
	}
}

func TestStats(t *testing.T) {
	c := mustOpen(t, Options{Path: tempPath(t)})
	mustCommit(t, c, Changes{
		Positions: map[event.Stream]event.Position{"a": "1", "b": "2"},
		Seen:      changesOf(uids(1, 30), 0, epoch()),
	})
	s, err := c.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Positions != 2 || s.Seen != 30 || s.Format != len(migrations()) || s.FileBytes == 0 || s.LogBytes == 0 {
		t.Errorf("%+v", s)
	}
}

func TestClosed(t *testing.T) {
	for _, path := range []string{"", tempPath(t)} {
		c := mustOpen(t, Options{Path: path})
		mustClose(t, c)
		mustClose(t, c)
		_, _, positionErr := c.Position(t.Context(), "s")
		_, _, seenErr := c.Seen(t.Context(), "k")
		_, expireErr := c.Expire(t.Context(), epoch(), 1)
		_, statsErr := c.Stats(t.Context())
		for _, err := range []error{positionErr, seenErr, expireErr, statsErr, c.Commit(t.Context(), Changes{})} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
	}
}

// TestCloseUnderUse closes while others read and write: each of their calls
// works or says that the cursor is closed, and the file is sound.
func TestCloseUnderUse(t *testing.T) {
	path, keys := create(t, 1000)
	for range 5 {
		c := mustOpen(t, Options{Path: path})
		var wg sync.WaitGroup
		used := make(chan struct{}, 64)
		for range 4 {
			wg.Go(func() {
				for i := 0; ; i++ {
					_, _, err := c.Seen(t.Context(), keys[i%1000])
					if err == nil {
						err = c.Commit(t.Context(), Changes{Seen: changesOf(keys[i%900:i%900+50], i, epoch())})
					}
					if errors.Is(err, ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					select {
					case used <- struct{}{}:
					default:
					}
				}
			})
		}
		for range 10 {
			<-used
		}
		mustClose(t, c)
		wg.Wait()
	}
}

// TestContextEnds ends contexts at random moments of commits: a commit that
// failed changed nothing, one that did not changed all.
func TestContextEnds(t *testing.T) {
	for _, path := range []string{"", tempPath(t)} {
		c := mustOpen(t, Options{Path: path, Sync: "off"})
		keys := uids(2, 150)
		last, failed := 0, 0
		// Random moments are spread over the time that a commit takes here.
		var span time.Duration
		for range 3 {
			start := time.Now()
			mustCommit(t, c, Changes{Seen: changesOf(keys, 0, epoch())})
			span = 2 * time.Since(start)
		}
		for i := 1; i <= 120; i++ {
			ctx, cancel := context.WithTimeout(t.Context(), rand.N(span))
			ch := Changes{Positions: map[event.Stream]event.Position{"s": event.Position(strconv.Itoa(i))}}
			for _, k := range keys {
				ch.Seen = append(ch.Seen, SeenChange{Key: k, Seen: event.Seen{Count: int64(i)}})
			}
			err := c.Commit(ctx, ch)
			cancel()
			switch {
			case err == nil:
				last = i
			case errors.Is(err, context.DeadlineExceeded):
				failed++
			default:
				t.Fatal(err)
			}
			if last == 0 {
				continue
			}
			position, _, err := c.Position(t.Context(), "s")
			if err != nil || string(position) != strconv.Itoa(last) {
				t.Fatalf("round %d: position %q %v, want %d", i, position, err, last)
			}
			for _, k := range []event.SeenKey{keys[0], keys[rand.IntN(150)]} {
				if s, _, err := c.Seen(t.Context(), k); err != nil || s.Count != int64(last) {
					t.Fatalf("round %d: count %d %v, want %d", i, s.Count, err, last)
				}
			}
		}
		t.Logf("%d of 120 commits were ended", failed)
		if last == 0 || failed == 0 {
			t.Errorf("last %d, failed %d: nothing was tested", last, failed)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c := mustOpen(t, Options{})
	if _, _, err := c.Seen(ended, "k"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := Open(ended, Options{Path: tempPath(t)}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
