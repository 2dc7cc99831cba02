package cursor

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestBegin stores where streams begin beside what is known of others.
func TestBegin(t *testing.T) {
	path, keys := create(t, 3)
	c := mustOpen(t, Options{Path: path})
	begun := map[event.Stream]event.Position{"audit_file/a": "0/tail", "audit_file/b": ""}
	for range 2 {
		if err := c.Begin(t.Context(), begun); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Begin(t.Context(), nil); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Begin(ended, map[event.Stream]event.Position{"late": "1"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	mustClose(t, c)
	if err := c.Begin(t.Context(), begun); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	c = mustOpen(t, Options{Path: path})
	want := map[event.Stream]event.Position{"audit_file/a": "0/tail", "audit_file/b": "", "events": "1"}
	if got, err := c.Positions(t.Context(), ""); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
	if stats, err := c.Stats(t.Context()); err != nil || stats.Seen != int64(len(keys)) || stats.Passed != 0 {
		t.Errorf("%+v %v", stats, err)
	}
}
