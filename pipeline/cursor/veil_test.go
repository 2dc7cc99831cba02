package cursor

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

var (
	veilKey  = bytes.Repeat([]byte("k"), KeyBytes)
	otherKey = bytes.Repeat([]byte("o"), KeyBytes)
)

// fileHas reports whether a text stands in the cursor's files.
func fileHas(t *testing.T, path, text string) bool {
	t.Helper()
	for _, suffix := range []string{"", logSuffix} {
		b, err := os.ReadFile(path + suffix)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}

func TestVeilKeepsNamesOut(t *testing.T) {
	const name = "hunter2-s3cret"
	path := tempPath(t)
	c := mustOpen(t, Options{Path: path, Key: veilKey})
	const uid = "0f8fad5b-d9cb-469f-a165-70867728950e"
	release := event.SeenKey("deployment/helm/shop/" + name)
	mustCommit(t, c, Changes{
		Seen: []SeenChange{{Key: release, Seen: event.Seen{Version: "7"}}, {Key: uid, Seen: event.Seen{Version: "8"}}},
		Statuses: []event.StatusRow{
			{Key: "o//Pod/shop/" + name, Data: []byte("of " + name)}, {Key: "o//Pod/shop/gone", Data: []byte("x")}, {Key: "base", Data: []byte("1")},
		},
	})
	mustCommit(t, c, Changes{Statuses: []event.StatusRow{{Key: "o//Pod/shop/gone"}, {Key: "base", Data: []byte("2")}}})
	check := func(c *Cursor) {
		t.Helper()
		for key, want := range map[event.SeenKey]event.ResourceVersion{release: "7", uid: "8"} {
			if seen, ok, err := c.Seen(t.Context(), key); !ok || seen.Version != want || err != nil {
				t.Errorf("%s: %+v, %t, %v", key, seen, ok, err)
			}
		}
		got := map[event.StatusKey]string{}
		err := c.Statuses(t.Context(), func(row event.StatusRow) error { got[row.Key] = string(row.Data); return nil })
		if diff := cmp.Diff(map[event.StatusKey]string{"o//Pod/shop/" + name: "of " + name, "base": "2"}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	check(c)
	if fileHas(t, path, name) || fileHas(t, path, "Pod") {
		t.Error("a name stands in the file")
	}
	mustClose(t, c)
	c = mustOpen(t, Options{Path: path, Key: veilKey})
	check(c)
	mustClose(t, c)

	// With another key nothing is known, and nothing is left behind.
	c = mustOpen(t, Options{Path: path, Key: otherKey})
	for range 2 {
		err := c.Statuses(t.Context(), func(row event.StatusRow) error { t.Errorf("%q is told", row.Key); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if s, err := c.Stats(t.Context()); s.Statuses != 0 || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
	if _, ok, err := c.Seen(t.Context(), release); ok || err != nil {
		t.Error(ok, err)
	}
}

// TestVeilFormerFormats has names of former formats, which are veiled at the start.
func TestVeilFormerFormats(t *testing.T) {
	for i, path := range former(t) {
		c := mustOpen(t, Options{Path: path, Key: veilKey})
		checkFormer(t, c)
		got := map[event.StatusKey]string{}
		if err := c.Statuses(t.Context(), func(row event.StatusRow) error { got[row.Key] = string(row.Data); return nil }); err != nil {
			t.Fatal(err)
		}
		want := map[event.StatusKey]string{}
		if i+1 >= 3 {
			want = map[event.StatusKey]string{"o/apps/Deployment/shop/web": "\x01\x00\x02", "base": "\x01\x07"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		var plain int
		if err := c.db.QueryRow("SELECT (SELECT count(*) FROM seen WHERE typeof(key) = 'text') + (SELECT count(*) FROM status WHERE length(key) <> 20)").Scan(&plain); err != nil || plain != 0 {
			t.Errorf("%d rows are as they were, %v", plain, err)
		}
		mustClose(t, c)
	}
}

func TestVeilOfWrongKey(t *testing.T) {
	_, err := Open(t.Context(), Options{Path: tempPath(t), Key: []byte("short")})
	if err == nil || !strings.Contains(err.Error(), "a key of 5 bytes, want 32") {
		t.Error(err)
	}
}
