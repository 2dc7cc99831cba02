package cursor

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What a crash leaves, a database with its write-ahead log, is looked at and stays as
// it is.
func TestExamineAfterACrash(t *testing.T) {
	dir, crashed := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "live-status.db")
	c, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Commit(t.Context(), Changes{Positions: map[event.Stream]event.Position{"a": "1"}}); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(crashed, "live-status.db")
	for _, suffix := range []string{"", logSuffix, lockSuffix} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(copied + logSuffix)
	if err != nil || len(before) == 0 {
		t.Fatalf("a write-ahead log of %d bytes, %v", len(before), err)
	}
	x, err := Examine(t.Context(), CursorFile, copied)
	if err != nil || x.Holder != "" || x.Format != x.Newest || x.Bytes <= int64(len(before)) {
		t.Errorf("got %+v, %v", x, err)
	}
	after, err := os.ReadFile(copied + logSuffix)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the write-ahead log was changed: %v", err)
	}
	x, err = Examine(t.Context(), CursorFile, path)
	if err != nil || x.Holder == "" {
		t.Errorf("of a database that is open: got %+v, %v", x, err)
	}
	if x, err := Examine(t.Context(), SpoolFile, copied); KindOf(err) != Foreign {
		t.Errorf("a cursor is taken for a spool: %+v, %v", x, err)
	}
}
