package cursor

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

func allStatuses(t testing.TB, c *Cursor) map[event.StatusKey]string {
	t.Helper()
	all, last := map[event.StatusKey]string{}, event.StatusKey("")
	err := c.Statuses(t.Context(), func(row event.StatusRow) error {
		if len(all) > 0 && row.Key <= last {
			t.Errorf("%q after %q", row.Key, last)
		}
		all[row.Key], last = string(row.Data), row.Key
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func statusRows(from, n int, data string) []event.StatusRow {
	rows := make([]event.StatusRow, n)
	for i := range rows {
		rows[i] = event.StatusRow{Key: event.StatusKey(fmt.Sprintf("o//Pod/shop/web-%06d", (from+i)*7919%1_000_003)), Data: []byte(data)}
	}
	return rows
}

func TestStatuses(t *testing.T) {
	for _, path := range []string{"", tempPath(t)} {
		c := mustOpen(t, Options{Path: path})
		// More than a page, and exactly pages.
		for _, n := range []int{0, 1, statusPage - 1, statusPage, 2*statusPage + 1} {
			rows := statusRows(0, n, "a")
			mustCommit(t, c, Changes{Statuses: rows})
			if got := allStatuses(t, c); len(got) != n {
				t.Errorf("%d rows, want %d", len(got), n)
			}
			for i := range rows {
				rows[i].Data = nil
			}
			mustCommit(t, c, Changes{Statuses: rows, Positions: map[event.Stream]event.Position{"s": "1"}})
			if got := allStatuses(t, c); len(got) != 0 {
				t.Error(got)
			}
		}
		mustCommit(t, c, Changes{Statuses: []event.StatusRow{
			{Key: "a", Data: []byte("1")},
			{Key: "b", Data: []byte("1")},
			{Key: "", Data: []byte("no key")},
			{Key: "a"},
			{Key: "gone"},
			{Key: "c"},
			{Key: "b", Data: []byte("2")},
			{Key: "c", Data: []byte{}},
			{Key: "\xff\x00", Data: []byte("odd")},
		}})
		if path != "" {
			mustClose(t, c)
			c = mustOpen(t, Options{Path: path})
		}
		want := map[event.StatusKey]string{"": "no key", "b": "2", "c": "", "\xff\x00": "odd"}
		if diff := cmp.Diff(want, allStatuses(t, c)); diff != "" {
			t.Error(diff)
		}
		if s, err := c.Stats(t.Context()); err != nil || s.Statuses != 4 {
			t.Error(s, err)
		}
		mustClose(t, c)
		if err := c.Statuses(t.Context(), nil); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
}

// TestStatusesWhileUsed calls the cursor from within, and ends from within.
func TestStatusesWhileUsed(t *testing.T) {
	c := mustOpen(t, Options{})
	mustCommit(t, c, Changes{Statuses: statusRows(0, 2*statusPage, "a")})
	enough, n := errors.New("enough"), 0
	err := c.Statuses(t.Context(), func(row event.StatusRow) error {
		if n++; n > statusPage+1 {
			return enough
		}
		return c.Commit(t.Context(), Changes{Statuses: []event.StatusRow{{Key: row.Key, Data: []byte("b")}}})
	})
	if !errors.Is(err, enough) || n != statusPage+2 {
		t.Error(err, n)
	}
}

// TestStatusesWithTheRest shows that a commit that fails leaves no status.
func TestStatusesWithTheRest(t *testing.T) {
	c := mustOpen(t, Options{Path: tempPath(t)})
	mustCommit(t, c, Changes{Statuses: statusRows(0, 1, "a")})
	if err := setMaxPages(c.db, 16); err != nil {
		t.Fatal(err)
	}
	err := c.Commit(t.Context(), Changes{
		Statuses: append(statusRows(1, 3, "b"), event.StatusRow{Key: statusRows(0, 1, "")[0].Key}),
		Seen:     changesOf(uids(1, 1000), 1, epoch()),
	})
	wantKind(t, err, Full)
	if got := allStatuses(t, c); len(got) != 1 {
		t.Error(got)
	}
}

// TestStatusesModel does the same to a cursor and to a map.
func TestStatusesModel(t *testing.T) {
	path := tempPath(t)
	c := mustOpen(t, Options{Path: path, Sync: "off"})
	key := rapid.Custom(func(t *rapid.T) event.StatusKey {
		return event.StatusKey(rapid.OneOf(rapid.StringN(0, 2, -1), rapid.StringMatching(`o/[ab]?/[kK]/[a-c]`)).Draw(t, "key"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		want := allStatuses(t, c)
		rows := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) event.StatusRow {
			row := event.StatusRow{Key: key.Draw(rt, "key")}
			if rapid.IntRange(0, 2).Draw(rt, "forget") > 0 {
				row.Data = append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(rt, "data")...)
			}
			return row
		}), 0, 12).Draw(rt, "rows")
		for _, row := range rows {
			if row.Data == nil {
				delete(want, row.Key)
			} else {
				want[row.Key] = string(row.Data)
			}
		}
		if err := c.Commit(t.Context(), Changes{Statuses: rows}); err != nil {
			rt.Fatal(err)
		}
		if rapid.IntRange(0, 9).Draw(rt, "reopen") == 0 {
			mustClose(t, c)
			c = mustOpen(t, Options{Path: path, Sync: "off"})
		}
		if diff := cmp.Diff(want, allStatuses(t, c)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// BenchmarkStatuses loads what is remembered, as a start does.
func BenchmarkStatuses(b *testing.B) {
	const n = 100_000
	c := withStatuses(b, n)
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		err := c.Statuses(b.Context(), func(event.StatusRow) error { got++; return nil })
		if err != nil || got != n {
			b.Fatal(got, err)
		}
	}
	s, err := c.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(s.FileBytes)/n, "fileB/status")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/load")
}

// BenchmarkCommitStatuses commits 500 statuses of 100,000 known ones at a time.
func BenchmarkCommitStatuses(b *testing.B) {
	const n, batch = 100_000, 500
	c := withStatuses(b, n)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		ch := Changes{
			Positions: map[event.Stream]event.Position{"s": event.Position(strconv.Itoa(i))},
			Statuses:  statusRows(i*batch*31%n, batch, statusData),
		}
		if err := c.Commit(b.Context(), ch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/status")
}

// statusData is as long as that of most objects.
const statusData = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

func withStatuses(b *testing.B, n int) *Cursor {
	b.Helper()
	c, err := Open(b.Context(), Options{Path: tempPath(b)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	})
	for i := 0; i < n; i += 5000 {
		if err := c.Commit(b.Context(), Changes{Statuses: statusRows(i, 5000, statusData)}); err != nil {
			b.Fatal(err)
		}
	}
	return c
}
