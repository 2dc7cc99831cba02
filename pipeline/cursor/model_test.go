package cursor

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

// model is what a cursor should be: two maps.
type model struct {
	positions map[event.Stream]event.Position
	seen      map[event.SeenKey]SeenChange
}

func genKey() *rapid.Generator[event.SeenKey] {
	return rapid.Custom(func(t *rapid.T) event.SeenKey {
		// Few enough to meet again.
		known := uids(4, 12)
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0:
			return "c/" + rapid.SampledFrom(known).Draw(t, "uid")
		case 1:
			return event.SeenKey(rapid.StringN(0, 2, -1).Draw(t, "text"))
		default:
			return rapid.SampledFrom(known).Draw(t, "uid")
		}
	})
}

func genTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		switch rapid.IntRange(0, 4).Draw(t, "form") {
		case 0:
			return time.Time{}
		case 1:
			return time.Unix(rapid.Int64Range(-62_135_596_800, 253_402_300_799).Draw(t, "s"),
				rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
		default:
			return epoch().Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
		}
	})
}

func genChange() *rapid.Generator[SeenChange] {
	return rapid.Custom(func(t *rapid.T) SeenChange {
		return SeenChange{
			Key: genKey().Draw(t, "key"),
			Seen: event.Seen{
				Version: event.ResourceVersion(rapid.OneOf(
					rapid.StringMatching(`-?[0-9]{0,20}`), rapid.String()).Draw(t, "version")),
				Count:  rapid.Int64().Draw(t, "count"),
				Last:   genTime().Draw(t, "last"),
				Digest: rapid.Uint64().Draw(t, "digest"),
			},
			Expires: genTime().Draw(t, "expires"),
			Forget:  rapid.IntRange(0, 4).Draw(t, "forget") == 0,
		}
	})
}

// TestModel does the same to a cursor and to two maps.
func TestModel(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(dir, rapid.StringMatching(`[a-z]{20}`).Draw(rt, "name"))
		o := Options{Path: path, Sync: "off"}
		c, err := Open(t.Context(), o)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() {
			if err := c.Close(); err != nil {
				rt.Error(err)
			}
		}()
		// The name may come again: start from what is there.
		m := model{map[event.Stream]event.Position{}, map[event.SeenKey]SeenChange{}}
		if s, err := c.Stats(t.Context()); err != nil || s.Seen+s.Positions > 0 {
			rt.Skip("name taken", err)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"commit": func(rt *rapid.T) {
				ch := Changes{
					Positions: rapid.MapOfN(
						rapid.Map(rapid.StringN(0, 1, -1), func(s string) event.Stream { return event.Stream(s) }),
						rapid.Map(rapid.String(), func(s string) event.Position { return event.Position(s) }), 0, 3).Draw(rt, "positions"),
					Seen: rapid.SliceOfN(genChange(), 0, 20).Draw(rt, "seen"),
				}
				if err := c.Commit(t.Context(), ch); err != nil {
					rt.Fatal(err)
				}
				maps.Copy(m.positions, ch.Positions)
				for _, s := range ch.Seen {
					if s.Forget {
						delete(m.seen, s.Key)
					} else {
						m.seen[s.Key] = s
					}
				}
			},
			"expire": func(rt *rapid.T) {
				now := epoch().Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "s")) * time.Second)
				if _, err := c.Expire(t.Context(), now, 1000); err != nil {
					rt.Fatal(err)
				}
				for k, s := range m.seen {
					// Whole seconds: a fraction keeps the key until the next.
					if !s.Expires.IsZero() && !s.Expires.After(now) {
						delete(m.seen, k)
					}
				}
			},
			"reopen": func(rt *rapid.T) {
				if err := c.Close(); err != nil {
					rt.Fatal(err)
				}
				if c, err = Open(t.Context(), o); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) { m.compare(t, rt, c) },
		})
	})
}

func (m *model) compare(t *testing.T, rt *rapid.T, c *Cursor) {
	for k, want := range m.seen {
		got, ok, err := c.Seen(t.Context(), k)
		if diff := cmp.Diff(want.Seen, got); diff != "" || !ok || err != nil {
			rt.Fatalf("%q: %v %v\n%s", k, ok, err, diff)
		}
	}
	for k, want := range m.positions {
		if got, ok, err := c.Position(t.Context(), k); got != want || !ok || err != nil {
			rt.Fatalf("%q: got %q %v %v, want %q", k, got, ok, err, want)
		}
	}
	s, err := c.Stats(t.Context())
	if err != nil || s.Seen != int64(len(m.seen)) || s.Positions != int64(len(m.positions)) {
		rt.Fatalf("%+v %v, want %d keys and %d positions", s, err, len(m.seen), len(m.positions))
	}
}

// FuzzKey checks that no two keys are stored alike.
func FuzzKey(f *testing.F) {
	const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for _, k := range []string{
		"", "a", uuid, "c/" + uuid, strings.ToUpper(uuid), uuid + " ", uuid[1:] + "0",
		"0f8fad5b-d9cb-469f-a165-7086772895-e", "0f8fad5bd9cb469fa16570867728950e----",
		"0f8fad5bad9cba469faa165a70867728950e", uuid + uuid, "\xff" + uuid,
	} {
		f.Add(k, uuid)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, k := range []string{a, b} {
			if back := originalKey(storedKey(event.SeenKey(k))); back != k {
				t.Errorf("%q comes back as %q", k, back)
			}
		}
		same := cmp.Equal(storedKey(event.SeenKey(a)), storedKey(event.SeenKey(b)))
		if same != (a == b) {
			t.Errorf("%q and %q: stored alike: %v", a, b, same)
		}
	})
}
