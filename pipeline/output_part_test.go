package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

// Where the plugin ends in the midst of a batch, what has arrived of it does not come
// again with the chunk: neither events, nor audit events, nor dead letters.
func TestOutputEndsWithinBatch(t *testing.T) {
	var away atomic.Bool
	srv := newServer(t, func(body []byte) int {
		switch {
		case bytes.Contains(body, []byte(`"web-2"`)), bytes.Count(body, []byte("\n")) > 1:
			return 400
		case bytes.Contains(body, []byte(`"web-4"`)) && away.Load():
			return 503
		}
		return 200
	})
	away.Store(true)
	dir := t.TempDir()
	letters := filepath.Join(dir, "dead.jsonl")
	set := config.Map{"forward_to": srv.URL, "db": filepath.Join(dir, "cursor.db"), "dead_letter_path": letters, "flush_timeout": "300ms"}
	p := outputPlugin(t, set)
	data := chunk(t, podEvent(0), createPod("web-1"), podEvent(2), createPod("web-3"), podEvent(4), podEvent(5))
	for p.output.deliverer.Status().Acknowledged < 3 {
		if got := p.Flush(t.Context(), "kube", data); got != Retry {
			t.Fatalf("got %v", got)
		}
	}
	shut(t, p)
	away.Store(false)
	p = outputPlugin(t, set)
	if got := flushed(t, p, data); got != Delivered {
		t.Errorf("got %v", got)
	}
	got := ids(srv.records(t))
	if distinct := slices.Compact(slices.Clone(got)); len(got) != 5 || len(distinct) != 5 {
		t.Errorf("got %q", got)
	}
	if dead := lettersOf(t, letters); len(dead) != 1 {
		t.Errorf("dead letters: %v", dead)
	}
}

func lettersOf(t *testing.T, path string) []map[string]any {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return delivered(t, b)
}
