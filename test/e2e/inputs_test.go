package e2e

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Two inputs in one process read two clusters, each with a cursor of its own.
func TestTwoClustersInOneProcess(t *testing.T) {
	a, b := cluster(t), cluster(t)
	eachHost(t, func(t *testing.T, h host) {
		r := newRun(t, h)
		for name, c := range map[string]*account{"a": newAccount(t, a), "b": newAccount(t, b)} {
			options := c.options(filepath.Join(r.dir, name+".db"))
			options["cluster_name"] = name
			r.inputs = append(r.inputs, options)
		}
		r.configure(t)
		p := r.start(t)
		writers := map[string]*writer{"a": newWriter(t, a.Client(), "two-"+h.name), "b": newWriter(t, b.Client(), "two-"+h.name)}
		for name, w := range writers {
			w.create(t.Context(), t, name, 300, 8, 0)
		}
		records := &reader{path: r.out}
		eventually(t, time.Minute, "the events of both clusters", func() bool {
			n := map[string]int{}
			for _, rec := range records.events(t) {
				if rec.Event.Namespace != "two-"+h.name {
					continue
				}
				if _, ok := writers[rec.Cluster].written[rec.version()]; !ok {
					t.Fatalf("a record of %s is none of its events: %+v", rec.Cluster, rec)
				}
				n[rec.Cluster]++
			}
			return n["a"] == 300 && n["b"] == 300
		})
		p.terminate(t)
	})
}

// reloads is how often a process is reloaded; it may grow during the first
// ones, when caches fill.
const reloads, settledAfter = 50, 10

// A hot reload must leave nothing behind: no thread, no file, no memory.
func TestHotReload(t *testing.T) {
	c := cluster(t)
	eachHost(t, func(t *testing.T, h host) {
		acc := newAccount(t, c)
		r := newRun(t, h)
		r.inputs = append(r.inputs, acc.options(filepath.Join(r.dir, "cursor.db")))
		r.configure(t)
		p := r.start(t)
		records := &reader{path: r.out}
		w := newWriter(t, c.Client(), "reload-"+h.name)
		started := func() int {
			n := 0
			for _, rec := range records.read(t) {
				if rec.Monitor.Phase == "start" {
					n++
				}
			}
			return n
		}
		eventually(t, time.Minute, "the first start", func() bool { return started() == 1 })
		var before footprint
		for i := range reloads {
			if i == settledAfter {
				before = p.footprint(t)
			}
			w.create(t.Context(), t, fmt.Sprintf("during-%d", i), 5, 1, 0)
			if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			eventually(t, time.Minute, "a start after a reload", func() bool { return started() == i+2 })
		}
		after := p.footprint(t)
		t.Logf("after %d reloads %+v, after %d %+v", settledAfter, before, reloads, after)
		if after.threads > before.threads+5 || after.files > before.files+5 || after.rss > before.rss*1.25+20 {
			t.Errorf("%d reloads left something behind: %+v, then %+v", reloads-settledAfter, before, after)
		}
		w.create(t.Context(), t, "after", 50, 4, 0)
		eventually(t, time.Minute, "the events from before, during and after the reloads", func() bool {
			arrived := map[version]bool{}
			for _, rec := range records.events(t) {
				if _, ok := w.written[rec.version()]; ok {
					arrived[rec.version()] = true
				}
			}
			return len(arrived) == len(w.written)
		})
		p.terminate(t)
	})
}

// footprint is what a process holds.
type footprint struct {
	threads, files int
	rss            float64
}

func (p *process) footprint(t testing.TB) footprint {
	t.Helper()
	return footprint{threads: p.count(t, "task"), files: p.count(t, "fd"), rss: p.megabytes(t, "VmRSS")}
}
