package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// fickle is a downstream that answers by chance, and never takes records that say bad.
type fickle struct {
	*httptest.Server
	mu sync.Mutex
	// known are the records that were acknowledged, and how often; doubtful those
	// whose acknowledgement may have got lost.
	known    map[string]int
	doubtful map[string]bool
}

func newFickle(t *testing.T) *fickle {
	t.Helper()
	f := &fickle{known: map[string]int{}, doubtful: map[string]bool{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		switch n := rand.IntN(12); {
		case n == 0:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case bytes.Contains(body, []byte("web-bad-")):
			w.WriteHeader(http.StatusBadRequest)
			return
		default:
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, rec := range delivered(t, body) {
				id, _ := rec["id"].(string)
				f.known[id]++
				// Who is closing does not hear of it.
				f.doubtful[id] = f.doubtful[id] || n == 1
			}
			if n == 1 {
				panic(http.ErrAbortHandler)
			}
		}
	}))
	t.Cleanup(f.Close)
	return f
}

// Chunks are flushed by several threads, again and again until they are done, while the
// plugin is closed and opened and the downstream fails. What was told to be delivered
// was, and nothing is missing in the end.
func TestOutputThroughRestarts(t *testing.T) {
	f := newFickle(t)
	dir := t.TempDir()
	letters := filepath.Join(dir, "dead.jsonl")
	set := config.Map{
		"forward_to": f.URL, "db": filepath.Join(dir, "cursor.db"), "dead_letter_path": letters, "flush_timeout": "100ms",
		"batch_max_bytes": "64KiB", "cluster_name": "test", "monitor_interval": "0",
	}
	const chunks, each, threads = 40, 20, 6
	var open atomic.Pointer[Pipeline]
	start := func() *Pipeline {
		p := outputPlugin(t, set)
		open.Store(p)
		return p
	}
	p := start()
	var done, refused atomic.Int64
	expected := make(chan int, chunks)
	for n := range chunks {
		expected <- n
	}
	close(expected)
	var workers sync.WaitGroup
	for range threads {
		workers.Go(func() {
			for n := range expected {
				var bodies []map[string]any
				var names []string
				for i := range each {
					name := fmt.Sprintf("web-%d-%d", n, i)
					if n%10 == 3 && i == 7 {
						name = "web-bad-" + fmt.Sprint(n)
					}
					bodies = append(bodies, createPod(name))
					names = append(names, "audit/a-"+name+"/")
				}
				data := chunk(t, bodies...)
				for {
					got := open.Load().Flush(t.Context(), "kube", data)
					if got == Retry {
						time.Sleep(time.Duration(rand.IntN(50)) * time.Millisecond)
						continue
					}
					if got == Refused {
						refused.Add(1)
					}
					all, err := os.ReadFile(letters)
					if err != nil {
						t.Error(err)
					}
					f.mu.Lock()
					for _, name := range names {
						found := strings.Contains(string(all), name)
						for id := range f.known {
							found = found || strings.HasPrefix(id, name)
						}
						if !found {
							t.Errorf("%v, but %s is nowhere", got, name)
						}
					}
					f.mu.Unlock()
					done.Add(1)
					break
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { workers.Wait(); close(ended) }()
	restarts := 0
	for running := true; running; {
		select {
		case <-ended:
			running = false
		case <-time.After(700 * time.Millisecond):
			ctx, cancel := context.WithTimeout(t.Context(), closeWithin)
			if err := p.Close(ctx); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			cancel()
			restarts++
			p = start()
		}
	}
	again, surely := 0, 0
	for id, n := range f.known {
		if n > 1 {
			again++
			if !f.doubtful[id] {
				surely++
			}
		}
	}
	all, _ := os.ReadFile(letters)
	t.Logf("%d chunks, %d refused, %d restarts, %d records, %d letters, %d twice, %d of them though acknowledged", done.Load(), refused.Load(), restarts, len(f.known), bytes.Count(all, []byte("\n")), again, surely)
}
