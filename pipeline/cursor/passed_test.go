package cursor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

// prints returns n fingerprints, the same ones for the same seed.
func prints(seed, n int) []event.Fingerprint {
	fps := make([]event.Fingerprint, n)
	for i := range fps {
		binary.BigEndian.PutUint64(fps[i][:], uint64(seed)*0x9e3779b97f4a7c15)
		binary.BigEndian.PutUint64(fps[i][8:], uint64(i))
	}
	return fps
}

// passedAt is what was passed by one commit.
type passedAt struct {
	At  time.Time
	Fps []event.Fingerprint
}

func allPassed(t *testing.T, c *Cursor, since time.Time) []passedAt {
	t.Helper()
	var all []passedAt
	err := c.Passed(t.Context(), since, func(at time.Time, fps []event.Fingerprint) error {
		all = append(all, passedAt{at, slices.Clone(fps)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPassed(t *testing.T) {
	for _, path := range []string{"", tempPath(t)} {
		now := epoch()
		o := Options{Path: path, Now: func() time.Time { return now }}
		c := mustOpen(t, o)
		var want []passedAt
		for i := range 5*passedPage + 3 {
			// Several in a second, and one of many pages.
			now = epoch().Add(time.Duration(i) * 300 * time.Millisecond)
			ch := Changes{Passed: prints(i, 1+i%7)}
			if i == 20 {
				ch.Passed = prints(i, 100_000)
			}
			if i%2 == 0 {
				ch.Positions = map[event.Stream]event.Position{"s": event.Position(strconv.Itoa(i))}
			}
			mustCommit(t, c, ch)
			want = append(want, passedAt{now.Truncate(time.Second), ch.Passed})
		}
		if path != "" {
			mustClose(t, c)
			c = mustOpen(t, o)
		}
		if s, err := c.Stats(t.Context()); err != nil || s.Passed < 100_000 {
			t.Error(s, err)
		}
		for _, since := range []time.Duration{-time.Hour, 0, 5500 * time.Millisecond, 7 * time.Second, time.Hour} {
			from := epoch().Add(since).Truncate(time.Second)
			later := slices.DeleteFunc(slices.Clone(want), func(p passedAt) bool { return p.At.Before(from) })
			if diff := cmp.Diff(later, allPassed(t, c, epoch().Add(since)), cmp.Comparer(slices.Equal[[]event.Fingerprint])); diff != "" && len(later) > 0 {
				t.Errorf("since %v: %s", since, diff)
			}
		}
		before := epoch().Add(10*time.Second + 999*time.Millisecond)
		left := slices.DeleteFunc(slices.Clone(want), func(p passedAt) bool { return p.At.Before(epoch().Add(10 * time.Second)) })
		for forgotten := len(want) - len(left); forgotten >= 0; forgotten -= 10 {
			if n, err := c.ForgetPassed(t.Context(), before, 10); n != int64(min(forgotten, 10)) || err != nil {
				t.Fatalf("forgot %d, want %d of %d: %v", n, 10, forgotten, err)
			}
		}
		if diff := cmp.Diff(left, allPassed(t, c, time.Time{})); diff != "" {
			t.Error(diff)
		}
		if _, err := c.ForgetPassed(t.Context(), before, 0); err == nil {
			t.Error("no limit passes")
		}
	}
}

// TestPassedWhileUsed calls the cursor from within, and ends from within.
func TestPassedWhileUsed(t *testing.T) {
	c := mustOpen(t, Options{})
	for i := range 2 * passedPage {
		mustCommit(t, c, Changes{Passed: prints(i, 1)})
	}
	enough, n := errors.New("enough"), 0
	err := c.Passed(t.Context(), time.Time{}, func(time.Time, []event.Fingerprint) error {
		if n++; n > passedPage+1 {
			return enough
		}
		_, err := c.Stats(t.Context())
		return err
	})
	if !errors.Is(err, enough) || n != passedPage+2 {
		t.Error(err, n)
	}
}

// TestPassedClockGoesBack shows that an order of time is kept to even then.
func TestPassedClockGoesBack(t *testing.T) {
	now := epoch()
	c := mustOpen(t, Options{Now: func() time.Time { return now }})
	for _, at := range []int{100, 5, 50, 5} {
		now = epoch().Add(time.Duration(at) * time.Second)
		mustCommit(t, c, Changes{Passed: prints(at, 1)})
	}
	var got []int
	for _, p := range allPassed(t, c, epoch()) {
		got = append(got, int(p.At.Sub(epoch()).Seconds()))
	}
	if diff := cmp.Diff([]int{5, 5, 50, 100}, got); diff != "" {
		t.Error(diff)
	}
	if n, err := c.ForgetPassed(t.Context(), epoch().Add(51*time.Second), 10); n != 3 || err != nil {
		t.Error(n, err)
	}
}

func TestPassedDamaged(t *testing.T) {
	c := mustOpen(t, Options{Path: tempPath(t)})
	mustCommit(t, c, Changes{Passed: prints(1, 2)})
	if _, err := c.db.Exec("UPDATE passed SET fingerprints = substr(fingerprints, 2)"); err != nil {
		t.Fatal(err)
	}
	err := c.Passed(t.Context(), time.Time{}, func(time.Time, []event.Fingerprint) error { return nil })
	wantKind(t, err, Corrupt)
	if !strings.Contains(err.Error(), "row 1 have 31 bytes") {
		t.Error(err)
	}
}

// TestPassedWithTheRest shows that a commit that fails leaves no fingerprint.
func TestPassedWithTheRest(t *testing.T) {
	path := tempPath(t)
	c := mustOpen(t, Options{Path: path})
	if err := setMaxPages(c.db, 12); err != nil {
		t.Fatal(err)
	}
	err := c.Commit(t.Context(), Changes{Passed: prints(1, 10), Seen: changesOf(uids(1, 1000), 1, epoch())})
	wantKind(t, err, Full)
	if got := allPassed(t, c, time.Time{}); len(got) != 0 {
		t.Error(got)
	}
}

func TestPositions(t *testing.T) {
	c := mustOpen(t, Options{})
	names := []event.Stream{"", "a", "a%", "a_b", "aXb", "A", "a_", "a\x00b", "a\x00", "a\xff", "a\xff\xff", "b", "ä", "\xff", "\xffa"}
	positions := make(map[event.Stream]event.Position)
	for i, name := range names {
		positions[name] = event.Position(strconv.Itoa(i))
	}
	mustCommit(t, c, Changes{Positions: positions})
	check := func() {
		t.Helper()
		for _, prefix := range append(names, "zzz", "a%%", "\xff\xff\xff", "\xc3") {
			want := make(map[event.Stream]event.Position)
			for name, position := range positions {
				if strings.HasPrefix(string(name), string(prefix)) {
					want[name] = position
				}
			}
			got, err := c.Positions(t.Context(), prefix)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("prefix %q: %v %s", prefix, err, diff)
			}
		}
	}
	check()
	for _, gone := range [][]event.Stream{nil, {"unknown"}, {"a%", "unknown", "a\xff", ""}} {
		if err := c.Forget(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		for _, name := range gone {
			delete(positions, name)
		}
		check()
	}
	mustClose(t, c)
	_, err := c.Positions(t.Context(), "")
	for _, err := range []error{err, c.Forget(t.Context(), nil), c.Passed(t.Context(), time.Time{}, nil), second(c.ForgetPassed(t.Context(), epoch(), 1))} {
		if !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
}

// TestPositionsModel draws names and prefixes of few letters.
func TestPositionsModel(t *testing.T) {
	c := mustOpen(t, Options{})
	name := rapid.StringOfN(rapid.SampledFrom([]rune("a%_\x00ÿ")), 0, 5, -1)
	rapid.Check(t, func(rt *rapid.T) {
		all, err := c.Positions(t.Context(), "")
		if err != nil {
			rt.Fatal(err)
		}
		stream, prefix := event.Stream(name.Draw(rt, "name")), event.Stream(name.Draw(rt, "prefix"))
		if rapid.Bool().Draw(rt, "forget") {
			if err := c.Forget(t.Context(), []event.Stream{stream}); err != nil {
				rt.Fatal(err)
			}
			delete(all, stream)
		} else {
			mustCommit(t, c, Changes{Positions: map[event.Stream]event.Position{stream: event.Position(prefix)}})
			all[stream] = event.Position(prefix)
		}
		got, err := c.Positions(t.Context(), prefix)
		if err != nil {
			rt.Fatal(err)
		}
		for name := range all {
			if !strings.HasPrefix(string(name), string(prefix)) {
				delete(all, name)
			}
		}
		if diff := cmp.Diff(all, got); diff != "" {
			rt.Fatal(fmt.Sprintf("%q", prefix), diff)
		}
	})
}
