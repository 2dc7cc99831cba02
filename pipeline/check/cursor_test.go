package check

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/cursor"
)

// looksOnly checks that a folder is left as it was.
func looksOnly(t *testing.T, dir string, look func()) {
	t.Helper()
	state := func() map[string]string {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			out[e.Name()] = string(data)
		}
		return out
	}
	before := state()
	look()
	after := state()
	if len(before) != len(after) {
		t.Errorf("%d files before, %d after", len(before), len(after))
	}
	for name, data := range before {
		if after[name] != data {
			t.Errorf("%s was changed", name)
		}
	}
}

func TestCursor(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "live-status.db")
	values := offline(config.Map{"db": path})
	looksOnly(t, dir, func() {
		says(t, only(t, Cursor, values), "cursor ok: db "+path+": it is made at the first start; ... free")
	})

	c, err := cursor.Open(t.Context(), cursor.Options{Path: path, Holder: "live-status node-1"})
	if err != nil {
		t.Fatal(err)
	}
	looksOnly(t, dir, func() {
		says(t, only(t, Cursor, values), "cursor ok: db "+path+": format ..., in use by pid ...: live-status node-1, since")
	})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	looksOnly(t, dir, func() {
		says(t, only(t, Cursor, values), "cursor ok: db "+path+": format ..., sound; ... free")
	})
	// Nobody is kept out after that.
	if c, err = cursor.Open(context.Background(), cursor.Options{Path: path}); err != nil { //nolint:usetesting // It is closed at once.
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCursorThatIsNone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "live-status.db")
	c, err := cursor.Open(t.Context(), cursor.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte{}, sound...)
	for i := 1024; i < 1100; i++ {
		damaged[i] = 0xff
	}
	newer := append([]byte{}, sound...)
	newer[63] = 99
	for _, tt := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"foreign", []byte("no database, but geheim, as long as a header has to be, which is a hundred bytes and some more, so go on"), "cursor failed: cursor database ... is not a SQLite database ... -> name another file in db"},
		{"damaged", damaged, "cursor failed: cursor database ... is damaged: ... -> move it away to start afresh"},
		{"zeros", make([]byte, 4096), "cursor failed: ...its header consists of zeros"},
		{"newer", newer, "cursor failed: ...was written by a newer version: it has format 99"},
		{"empty", nil, "cursor ok: ...it is made at the first start"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			write(t, path, tt.content)
			looksOnly(t, dir, func() { says(t, only(t, Cursor, offline(config.Map{"db": path})), tt.want) })
		})
	}
}

func TestSpool(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live-status.db")
	values := config.Map{"db": path, "audit_webhook_listen": "127.0.0.1:9443", "audit_spool_max_size": "1024GiB", "audit_path": ""}
	says(t, only(t, Cursor, offline(values)), "cursor ok: db ", "cursor warning: audit_spool_file "+path+".spool: it is made at the first start; ... free, and it may grow by 1.0 TiB -> give the volume more room, or lower audit_spool_max_size")
	values["audit_spool_max_size"] = "16MiB"
	says(t, only(t, Cursor, offline(values)), "cursor ok: db ", "cursor ok: audit_spool_file "+path+".spool: it is made at the first start; ... free")
}

func TestCursorInAFolderThatIsGone(t *testing.T) {
	cfg := parse(t, offline(nil))
	cfg.Cursor.Path = filepath.Join(t.TempDir(), "gone", "live-status.db")
	says(t, Run(t.Context(), Options{Config: cfg, Only: []Name{Cursor}, Timeout: 20 * time.Second}), "cursor failed: ...cannot be written: ...no such file or directory -> let this process write")
}
