package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/fluentbit"
)

// TestAPausedInputLosesNothing has one of two inputs run into its memory limit
// behind an output that is down. Fluent Bit then pauses the wrong input and goes
// on calling the paused one; what that returns must not count as delivered.
func TestAPausedInputLosesNothing(t *testing.T) {
	if fluentbit.Path() == "" {
		t.Skip("NOT RUN: no Fluent Bit was found, and the plugin host has no buffers that could be full")
	}
	c := cluster(t)
	acc := newAccount(t, c)
	r := newRun(t, host{name: "fluent-bit", real: true})
	options := func(name string) string {
		s := ""
		for key, value := range acc.options(filepath.Join(r.dir, name+".db")) {
			s += fmt.Sprintf("      %s: %q\n", key, value)
		}
		return s
	}
	configure := func(output string) {
		text := fmt.Sprintf("service:\n  flush: 1\n  grace: 1\nplugins:\n  - %s\npipeline:\n  inputs:\n    - name: live_status\n      tag: a\n      mem_buf_limit: 20k\n%s    - name: live_status\n      tag: b\n%s  outputs:\n    - name: \"null\"\n      match: b\n%s",
			plugin, options("a"), options("b"), output)
		if err := os.WriteFile(r.config(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := newWriter(t, c.Client(), "pause")
	configure("    - name: http\n      match: a\n      host: 127.0.0.1\n      port: 1\n      retry_limit: no_limits\n")
	p := r.start(t)
	for i := range 12 {
		w.create(t.Context(), t, fmt.Sprintf("e%d", i), 40, 4, 0)
		select {
		case <-p.done:
			t.Fatalf("the host ended by itself: %v", p.err)
		case <-time.After(time.Second):
		}
	}
	p.terminate(t)

	// What the engine held in memory is lost with it, as its users are told;
	// no more than that may be missing: it had the limit and a batch.
	configure("    - name: stdout\n      match: a\n      format: json_lines\n      json_date_key: \"false\"\n")
	p = r.start(t)
	records := &reader{path: r.out}
	arrived := func() int {
		n := map[version]bool{}
		for _, rec := range records.events(t) {
			n[rec.version()] = true
		}
		return len(n)
	}
	w.create(t.Context(), t, "last", 1, 1, 0)
	eventually(t, time.Minute, "the last event", func() bool {
		for _, rec := range records.events(t) {
			if rec.Event.Name == "last-0" {
				return true
			}
		}
		return false
	})
	t.Logf("%d of %d events arrived; the rest was in the engine's memory", arrived(), len(w.written))
	if arrived() < len(w.written)-160 {
		t.Errorf("%d of %d events are lost", len(w.written)-arrived(), len(w.written))
	}
	p.terminate(t)
}
