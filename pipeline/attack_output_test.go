package pipeline

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/redact/plant"
)

// A known value leaves by none of the words that identify a record, neither to the
// downstream nor into dead letters or the log; and no id is longer than stores take.
func TestAttackOutputIdentities(t *testing.T) {
	const secret = "pl4nted-Value-0f-Mine"
	dir := t.TempDir()
	values := filepath.Join(dir, "values.env")
	if err := os.WriteFile(values, []byte("THE_VALUE="+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	event := func(uid, version string) map[string]any {
		e := podEvent(1)
		meta := e["metadata"].(map[string]any)
		meta["uid"], meta["resourceVersion"] = uid, version
		return e
	}
	data := chunk(t, event(secret, "1"), event("u", secret), event(strings.Repeat("x", 1000), "1"), event("a/b\n", "1"),
		createPod(secret), map[string]any{"log": secret})
	for _, code := range []int{200, 400} {
		for _, format := range []string{"jsonl", "otlp"} {
			srv, letters := newServer(t, always(code)), filepath.Join(t.TempDir(), "dead")
			cfg, err := config.ParseOutput(config.Map{
				"forward_to": srv.URL, "forward_format": format, "dead_letter_path": letters, "cluster_name": "c",
				"monitor_interval": "0", "redact_values_path": values,
			})
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			p, err := Start(t.Context(), cfg, Options{Instance: "i", Version: "v", Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			flushed(t, p, data)
			shut(t, p)
			dead, err := os.ReadFile(letters)
			if err != nil {
				t.Fatal(err)
			}
			for what, text := range map[string]string{"records": string(srv.lines), "dead letters": string(dead), "log": log.String()} {
				if at := plant.Occurs(text, secret); at != "" {
					t.Errorf("%d, %s: %s: %s", code, format, what, at)
				}
			}
			for _, rec := range delivered(t, dead) {
				if id := rec["id"].(string); len(id) > 200 || strings.Contains(id, "a/b") {
					t.Errorf("id %.100q", id)
				}
			}
		}
	}
}
