package auditwebhook

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/fluent-live/live-status/pipeline/cursor"
)

// remote is a source in another process.
type remote struct {
	tb      testing.TB
	address string
	ca      *authority
}

func (r *remote) client() *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: r.ca.pool()},
	}}
}

// post returns the status, 0 if there was no answer.
func (r *remote) post(ctx context.Context, client *http.Client, body string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+r.address, strings.NewReader(body))
	if err != nil {
		r.tb.Error(err)
		return 0
	}
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func openSpool(tb testing.TB, path string, most int64) *cursor.Spool {
	tb.Helper()
	spool, err := cursor.OpenSpool(tb.Context(), cursor.SpoolOptions{Key: make([]byte, cursor.KeyBytes), Path: path, MaxBytes: most, Holder: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := spool.Close(); err != nil {
			tb.Error(err)
		}
	})
	return spool
}

// With the real spool, bodies posted at the same time are all yielded, once.
func TestConcurrentPosts(t *testing.T) {
	opts, ca := newOptions(t)
	opts.Spool = openSpool(t, filepath.Join(t.TempDir(), "spool.db"), 64<<20)
	f := start(t, opts, ca)
	const clients, posts, items = 8, 25, 4
	var all sync.WaitGroup
	for c := range clients {
		client := f.client(c%2 == 0)
		all.Go(func() {
			for p := range posts {
				var list []string
				for i := range items {
					list = append(list, fmt.Sprintf(`{"auditID":"%d-%d-%d"}`, c, p, i))
				}
				if got, err := f.try(client, http.MethodPost, "/", strings.NewReader(listOpen+strings.Join(list, ",")+"]}")); err != nil || got.status != 200 {
					t.Errorf("got %+v, %v", got, err)
				}
			}
		})
	}
	all.Wait()
	seen := make(map[string]bool)
	for _, item := range f.await(clients * posts * items) {
		seen[string(item.Raw)] = true
	}
	if len(seen) != clients*posts*items {
		t.Errorf("%d different items", len(seen))
	}
	f.eventually("all is deleted", func() bool { return f.source.Status().Behind == 0 })
}

// A spool that is full has the API server keep its events, and takes them once
// others are committed.
func TestFullSpool(t *testing.T) {
	opts, ca := newOptions(t)
	body := goodBody(1, 10<<10)
	spool := openSpool(t, filepath.Join(t.TempDir(), "spool.db"), 2*(int64(len(body))+cursor.RowBytes)+10)
	opts.Spool = spool
	f := start(t, opts, ca)
	f.sink.mu.Lock()
	f.sink.hold = true
	f.sink.mu.Unlock()
	client := f.client(true)
	for i, want := range []int{200, 200, 429, 429} {
		if got := f.post(client, body); got.status != want {
			t.Errorf("post %d: got %+v", i, got)
		}
	}
	if got := f.do(client, http.MethodGet, "/readyz", nil); got.status != 503 {
		t.Errorf("got %+v", got)
	}
	items := f.await(2)
	f.sink.commit(items[0].Stream, items[0].Position)
	f.eventually("room", func() bool { return f.post(client, body).status == 200 })
	if got := f.do(client, http.MethodGet, "/readyz", nil); got.status != 200 {
		t.Errorf("got %+v", got)
	}
}

// BenchmarkPost is the way of a recorded body from the client over TLS to the
// disk and out of the spool again, from four clients at once.
func BenchmarkPost(b *testing.B) {
	for _, name := range []string{"00016", "00019"} {
		for _, spool := range []string{"memory", "disk"} {
			b.Run(name+"/"+spool, func(b *testing.B) {
				opts, ca := newOptions(b)
				if spool == "disk" {
					opts.Spool = openSpool(b, filepath.Join(b.TempDir(), "spool.db"), 1<<30)
				}
				f := start(b, opts, ca)
				defer f.stop()
				body := string(recordedBodies(b)[name])
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				b.SetParallelism(2)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					client := f.client(true)
					for pb.Next() {
						if got, err := f.try(client, http.MethodPost, "/", strings.NewReader(body)); err != nil || got.status != 200 {
							b.Errorf("got %+v, %v", got, err)
						}
					}
				})
			})
		}
	}
}
