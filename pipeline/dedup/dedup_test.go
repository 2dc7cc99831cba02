package dedup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

type memory map[event.SeenKey]event.Seen

func (m memory) Seen(_ context.Context, k event.SeenKey) (event.Seen, bool, error) {
	s, ok := m[k]
	return s, ok, nil
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func occurrence(version string, count int64, minutes int, message string) *event.Occurrence {
	return &event.Occurrence{
		UID: "u", ResourceVersion: event.ResourceVersion(version), Count: count,
		LastTime: noon.Add(time.Duration(minutes) * time.Minute), Message: message,
	}
}

func TestJudge(t *testing.T) {
	first := occurrence("100", 3, 0, "m")
	tests := []struct {
		name  string
		seen  *event.Occurrence
		item  event.Item
		occ   *event.Occurrence
		want  Verdict
		delta int64
	}{
		{name: "first sight counts all", occ: occurrence("100", 3, 0, "m"), want: News, delta: 3},
		{name: "same version", seen: first, occ: occurrence("100", 3, 0, "m"), want: Repeat},
		{name: "higher count", seen: first, occ: occurrence("101", 5, 1, "m"), want: News, delta: 2},
		{name: "newer series without a count", seen: first, occ: occurrence("101", 3, 1, "m"), want: News, delta: 0},
		{name: "higher count at the same second", seen: first, occ: occurrence("101", 4, 0, "m"), want: News, delta: 1},
		{name: "says something else", seen: first, occ: occurrence("101", 3, 0, "other"), want: News, delta: 0},
		{name: "only metadata changed", seen: first, occ: occurrence("101", 3, 0, "m"), want: Repeat},
		{name: "older copy of a restored server", seen: first, occ: occurrence("90", 2, -1, "m"), want: Repeat},
		{name: "newer version after a count and time out of this world", seen: occurrence("100", 2147483647, 9_999_999, "m"), occ: occurrence("101", 4, 1, "OOMKilled"), want: News, delta: 0},
		{name: "lower count but newer: recreated series", seen: first, occ: occurrence("101", 1, 5, "m"), want: News, delta: 0},
		{name: "listed, dealt with by an earlier run, key forgotten", item: event.Item{Change: event.Listed, Known: "100"}, occ: occurrence("100", 3, 0, "m"), want: Repeat},
		{name: "listed, newer than the earlier run, however old", item: event.Item{Change: event.Listed, Known: "99", NotBefore: time.Time{}}, occ: occurrence("100", 3, -600, "m"), want: News, delta: 3},
		{name: "versions compare as numbers", item: event.Item{Change: event.Listed, Known: "99"}, occ: occurrence("100", 1, 0, "m"), want: News, delta: 1},
		{name: "incomparable version", item: event.Item{Change: event.Listed, Known: "99"}, occ: occurrence("abc", 1, 0, "m"), want: News, delta: 1},
		{name: "first list, too old", item: event.Item{Change: event.Listed, NotBefore: noon}, occ: occurrence("100", 1, -1, "m"), want: Expired},
		{name: "first list, just young enough", item: event.Item{Change: event.Listed, NotBefore: noon}, occ: occurrence("100", 1, 0, "m"), want: News, delta: 1},
		{name: "watched, however old", item: event.Item{Change: event.Updated, NotBefore: noon}, occ: occurrence("100", 1, -600, "m"), want: News, delta: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := New(memory{})
			if tt.seen != nil {
				f.Note(1, tt.seen)
			}
			item := tt.item
			if item.Change == event.Listed && item.Known == "" && item.NotBefore.IsZero() {
				item.Change = event.Updated
			}
			got, err := f.Judge(t.Context(), &item, tt.occ)
			if err != nil || got != tt.want || tt.occ.CountDelta != tt.delta {
				t.Errorf("verdict %d, delta %d, error %v; want %d, %d", got, tt.occ.CountDelta, err, tt.want, tt.delta)
			}
		})
	}
}

type broken struct{}

func (broken) Seen(context.Context, event.SeenKey) (event.Seen, bool, error) {
	return event.Seen{}, false, errors.New("disk on fire")
}

func TestAnUnreadableMemoryIsNoVerdict(t *testing.T) {
	if _, err := New(broken{}).Judge(t.Context(), &event.Item{}, occurrence("1", 1, 0, "")); err == nil {
		t.Error("no error")
	}
}

func TestForgottenEventsAreNewsAgain(t *testing.T) {
	m := memory{}
	f := New(m)
	key, seen := f.Note(1, occurrence("100", 3, 0, "m"))
	m[key] = seen
	f.Forget(2, "u")
	occ := occurrence("200", 1, 1, "m")
	if v, err := f.Judge(t.Context(), &event.Item{Change: event.Updated}, occ); v != News || occ.CountDelta != 1 || err != nil {
		t.Errorf("verdict %d, delta %d, error %v", v, occ.CountDelta, err)
	}
}

// However lists, watches, commits and crashes are mixed: every version with a
// higher count is reported, none twice in one life, and the deltas of what
// arrived add up to the count.
func TestNothingLostNothingTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		committed := memory{}
		var committedAt uint64
		f := New(committed)
		mark := Mark(1)
		pending := map[event.SeenKey]event.Seen{}
		var pendingAt uint64
		server := map[event.UID]*event.Occurrence{}
		reported := map[string]int{}
		lost := map[string]bool{}
		var inBatch []string
		version := uint64(10)
		position := uint64(0)

		judge := func(item event.Item, occ event.Occurrence) {
			v, err := f.Judge(t.Context(), &item, &occ)
			if err != nil {
				t.Fatal(err)
			}
			if v != News {
				return
			}
			id := fmt.Sprintf("%s@%s", occ.UID, occ.ResourceVersion)
			if reported[id]++; reported[id] > 1 && !lost[id] {
				t.Fatalf("%s reported twice", id)
			}
			delete(lost, id)
			inBatch = append(inBatch, id)
			k, s := f.Note(mark, &occ)
			pending[k] = s
		}
		relist := func() {
			item := event.Item{Change: event.Listed}
			if position > 0 {
				item.Known = event.ResourceVersion(fmt.Sprint(position))
			}
			for _, occ := range server {
				judge(item, *occ)
			}
			position, pendingAt = version, version
		}
		steps := rapid.IntRange(1, 60).Draw(t, "steps")
		for range steps {
			switch rapid.SampledFrom([]string{"bump", "bump", "bump", "relist", "commit", "crash"}).Draw(t, "step") {
			case "bump":
				uid := event.UID(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "uid"))
				occ := server[uid]
				if occ == nil {
					occ = &event.Occurrence{UID: uid, LastTime: noon}
					server[uid] = occ
				}
				version++
				occ.ResourceVersion = event.ResourceVersion(fmt.Sprint(version))
				occ.Count++
				occ.LastTime = occ.LastTime.Add(time.Second)
				if rapid.Bool().Draw(t, "watched") && position > 0 && position == version-1 {
					judge(event.Item{Change: event.Updated}, *occ)
					position, pendingAt = version, version
				}
			case "relist":
				relist()
			case "commit":
				maps.Copy(committed, pending)
				committedAt = pendingAt
				f.Committed(mark)
				mark++
				pending, inBatch = map[event.SeenKey]event.Seen{}, nil
			case "crash":
				for _, id := range inBatch {
					lost[id] = true
				}
				pending, inBatch, pendingAt = map[event.SeenKey]event.Seen{}, nil, committedAt
				position = committedAt
				f = New(committed)
				mark = 1
			}
		}
		relist()
		for uid, occ := range server {
			id := fmt.Sprintf("%s@%s", uid, occ.ResourceVersion)
			if reported[id] == 0 || lost[id] {
				t.Fatalf("the latest version %s was not reported", id)
			}
		}
	})
}

func TestDigestTellsFieldsApart(t *testing.T) {
	a := Digest(&event.Occurrence{Reason: "ab", Message: "c"})
	b := Digest(&event.Occurrence{Reason: "a", Message: "bc"})
	if a == b {
		t.Error("fields run into each other")
	}
	// The digest is stored: it must not change. The value is that of another
	// implementation of 64-bit FNV-1a.
	if got, want := Digest(&event.Occurrence{Reason: "BackOff", Message: "m", Type: "Warning"}), uint64(0x5892746ede478fe4); got != want {
		t.Errorf("digest %#x, want %#x", got, want)
	}
}
