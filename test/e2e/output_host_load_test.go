package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// pair is two outputs of the plugin in one host that take the same chunks.
type pair struct {
	*loaded
	file, web *tally
	readFile  func(testing.TB)
}

func newPair(t testing.TB, h host, workers int, answersWithin time.Duration) *pair {
	t.Helper()
	p := &pair{loaded: newLoaded(t, h), file: newTally(), web: newTally()}
	path := filepath.Join(p.dir, "records.jsonl")
	p.readFile = fileDownstream(path, p.file)
	p.output("file", "file:"+path, workers)
	p.output("web", webDownstream(t, p.web, answersWithin), workers)
	p.write(t)
	return p
}

// settled waits until all that was written has arrived at both, and the host knows
// that.
func (p *pair) settled(t *testing.T, host *process, want trail) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		alive(t, host)
		p.readFile(t)
		file, some := p.file.missing(want)
		web, more := p.web.missing(want)
		kept := p.kept(t)
		if file+web+kept == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %d records %d are missing in the file (%v) and %d at the server (%v), %d chunks are kept", len(want), file, some, web, more, kept)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// flushes scales with LIVE_STATUS_SOAK how often outputs are called.
func flushes(t testing.TB, usual int) int {
	t.Helper()
	const span = 10 * time.Second
	return int(time.Duration(usual) * soak(t, span) / span)
}

// Two outputs of the plugin in one host, called thousands of times on small stacks
// while Go collects garbage all the time: each has each record once, also over a stop
// and over reloads in the midst of flushes.
func TestOutputHostLoad(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		for _, workers := range []int{0, 1, 4} {
			t.Run(fmt.Sprintf("%d workers", workers), func(t *testing.T) {
				p := newPair(t, h, workers, 0)
				f := startFlood(t, 400, p.logs(24))
				host := p.start(t)
				p.flushed(t, host, flushes(t, 1000))
				host.terminate(t)
				host = p.start(t)
				reloads := 3
				if h.real && workers > 0 {
					// It starts the workers of a Go output twice and stops one set. At a reload the
					// other goes on with what was freed: so it does with any Go output.
					t.Log("NOT RELOADED: Fluent Bit 5.1 crashes then")
					reloads = 0
				}
				for range reloads {
					p.flushed(t, host, 100)
					p.reload(t, host)
				}
				p.flushed(t, host, flushes(t, 500))
				want := f.stop(t)
				p.settled(t, host, want)
				host.terminate(t)
				p.readFile(t)
				for name, y := range map[string]*tally{"file": p.file, "web": p.web} {
					if n := y.check(t, name, want); n > 0 {
						t.Errorf("%s: %d records came again", name, n)
					}
				}
				log := p.seen.read(t)
				if log.collections < 100 {
					t.Errorf("Go collected %d times: nothing was tried", log.collections)
				}
				t.Logf("%d records, %d flushes, %d collections", len(want), log.flushes, log.collections)
				if !h.real {
					t.Logf("of the stack of a flush %d of %d bytes were used at most", log.stack, log.size)
				}
			})
		}
	})
}
