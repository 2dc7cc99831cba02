package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBothPlugins has the input and the output in one process, which are two Go
// runtimes: each with an audit log of its own, under load, with reloads' signals and
// collections of garbage in both. Nobody promises that this works; the documentation
// tells what was found, and this test that it is still so.
func TestBothPlugins(t *testing.T) {
	realHost(t, func(t *testing.T, h host) {
		c := newCollector(t, h)
		read, tailed := filepath.Join(c.dir, "read.jsonl"), filepath.Join(c.dir, "tailed.jsonl")
		delivered := filepath.Join(c.dir, "delivered.jsonl")
		config := strings.NewReplacer("DIR", c.dir, "OUTPUT", outputPlugin, "INPUT", plugin).Replace(bothInOne)
		if err := os.WriteFile(c.config(), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		loads := []*load{newLoad(300, 0, read), newLoad(300, 0, tailed)}
		for _, l := range loads {
			l.start(t)
		}
		p := c.startWith(t, func(cmd *exec.Cmd) { cmd.Stdout = c.appendTo(t, c.out) })
		m := watchMemory(t, p)
		span := soak(t, 20*time.Second)
		for ended := time.Now().Add(span); time.Now().Before(ended); {
			alive(t, p)
			// Conditions are waited for below; this is the length of the load.
			time.Sleep(time.Second)
		}
		for i, l := range loads {
			l.stop(t)
			want, _ := l.lines()
			got := newArrivals(&run{out: []string{c.out, delivered}[i]})
			got.await(t, time.Minute, want)
			if got.repeats > 0 {
				t.Errorf("%d records came twice", got.repeats)
			}
			t.Logf("%s: %d records, each once", []string{"input", "output"}[i], len(want))
		}
		p.terminate(t)
		m.stop()
		first, second := m.peaks()
		t.Logf("%v of load: peaks of memory %.0f MB in the first half, %.0f MB in the second", span, first, second)
		if log := c.logged(t); strings.Contains(log, "panic") || strings.Contains(log, "fatal error") {
			t.Error(fmt.Sprint("the log has a panic: ", log))
		}
	})
}

const bothInOne = `service:
  flush: 1
  grace: 5
  log_level: info
  storage.path: DIR/storage
  scheduler.base: 1
  scheduler.cap: 3
plugins:
  - INPUT
  - OUTPUT
pipeline:
  inputs:
    - name: live_status
      tag: read
      kube_events: off
      cluster_name: e2e
      audit_path: DIR/read.jsonl
      db: DIR/input.db
      storage.type: filesystem
    - name: tail
      tag: tailed
      path: DIR/tailed.jsonl
      read_from_head: on
      refresh_interval: 1
      db: DIR/tail.db
      buffer_chunk_size: 256k
      buffer_max_size: 16M
      storage.type: filesystem
  outputs:
    - name: stdout
      match: read
      format: json_lines
      json_date_key: "false"
    - name: live_status
      match: tailed
      workers: 2
      retry_limit: no_limits
      cluster_name: e2e
      db: DIR/output.db
      forward_to: file:DIR/delivered.jsonl
`
