package pipeline

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// kubeEvent is an event as the API server writes it, a kilobyte with its
// managed fields.
func kubeEvent(i, version, count int, now string) string {
	return fmt.Sprintf(`{"metadata":{"name":"pod-%d.18e9ee7c45628f7c","namespace":"shop","uid":"%08x-5d6a-4a59-9c3f-1f2f6d1f7a11","resourceVersion":"%d","creationTimestamp":%q,"managedFields":[{"manager":"kubelet","operation":"Update","apiVersion":"v1","time":%q,"fieldsType":"FieldsV1","fieldsV1":{"f:count":{},"f:firstTimestamp":{},"f:involvedObject":{},"f:lastTimestamp":{},"f:message":{},"f:reason":{},"f:reportingComponent":{},"f:source":{"f:component":{},"f:host":{}},"f:type":{}}}]},"reason":"BackOff","regarding":{"kind":"Pod","namespace":"shop","name":"pod-%d","uid":"4bf74304-c611-4d1d-84cf-0a5b0e0ac304","apiVersion":"v1","resourceVersion":"364","fieldPath":"spec.containers{app}"},"note":"Back-off restarting failed container app in pod pod-%d_shop(4bf74304-c611-4d1d-84cf-0a5b0e0ac304)","type":"Warning","deprecatedSource":{"component":"kubelet","host":"node-1"},"deprecatedFirstTimestamp":%q,"deprecatedLastTimestamp":%q,"deprecatedCount":%d}`,
		i, i, version, now, now, i, i, now, now, count)
}

// BenchmarkSteadyState measures what one occurrence costs, from its bytes to
// the committed batch, while the cursor remembers ever more events.
func BenchmarkSteadyState(b *testing.B) {
	for _, keys := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			ctx := b.Context()
			logger := slog.New(slog.DiscardHandler)
			c, err := cursor.Open(ctx, cursor.Options{
				Path: filepath.Join(b.TempDir(), "cursor.db"), Sync: "normal", JournalMode: "WAL", Holder: "bench", Now: time.Now, Logger: logger,
			})
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := c.Close(); err != nil {
					b.Error(err)
				}
			}()
			p := &Pipeline{cursor: c, outbox: newOutbox(8<<20, 0)}
			p.commits = &committer{store: c, outbox: p.outbox, count: &p.count, logger: logger}
			p.pump = &pump{events: dedup.New(c), redactor: redact.New(redact.Options{Salt: make([]byte, 32)}), format: encode.AppendMsgpack, outbox: p.outbox, count: &p.count, logger: logger}
			now := time.Now().UTC().Format(time.RFC3339)
			one := func(n int) {
				item := event.Item{Stream: "s", Change: event.Updated, Position: event.Position(fmt.Sprint(n)), Raw: []byte(kubeEvent(n%keys, n, 1+n/keys, now))}
				if !p.pump.admit(ctx, item) {
					b.Fatal("the pump has stopped")
				}
				if n%500 == 0 {
					p.outbox.accept(time.Now())
					p.commits.commit(ctx)
					p.outbox.take(time.Now(), 0)
				}
			}
			n := 0
			for ; n < keys; n++ {
				one(n)
			}
			b.ReportAllocs()
			for b.Loop() {
				// A stride that visits the keys in no order of theirs.
				n += 7919
				one(n)
			}
			if got := p.count.events.Load(); got < int64(keys) {
				b.Fatalf("%d records", got)
			}
		})
	}
}

// BenchmarkHeap measures what the Go heap of a whole pipeline holds once it
// has read ever more events, and the most it held meanwhile.
func BenchmarkHeap(b *testing.B) {
	for _, events := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			for range b.N {
				rest, peak := heapOf(b, events)
				b.ReportMetric(float64(rest)/1e6, "MB-heap")
				b.ReportMetric(float64(peak)/1e6, "MB-heap-peak")
			}
		})
	}
}

func heapOf(b *testing.B, events int) (rest, peak uint64) {
	stop := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, events, stop) }))
	defer func() { close(stop); srv.Close() }()
	dir := b.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: %q}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n", srv.URL)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, err := config.Parse(config.Map{"kube_config": kubeconfig, "db": filepath.Join(dir, "cursor.db"), "interval_nsec": "1"})
	if err != nil {
		b.Fatal(err)
	}
	p, err := Start(b.Context(), cfg, Options{Instance: "bench", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	var m runtime.MemStats
	for p.count.events.Load() < int64(events) || p.outbox.queue().Uncommitted > 0 || p.outbox.queue().Records > 0 {
		p.Take(150 * time.Millisecond)
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
		time.Sleep(20 * time.Millisecond)
	}
	runtime.GC()
	runtime.ReadMemStats(&m)
	if err := p.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	return m.HeapAlloc, peak
}

func serve(w http.ResponseWriter, r *http.Request, events int, stop <-chan struct{}) {
	q := r.URL.Query()
	w.Header().Set("Content-Type", "application/json")
	say := func(s string) {
		// A client that has gone needs no answer.
		_, _ = io.WriteString(w, s)
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/kube-system"):
		say(`{"metadata":{"uid":"cluster-1"}}`)
	case q.Get("watch") != "true":
		say(fmt.Sprintf(`{"metadata":{"resourceVersion":"%d"},"items":[]}`, events))
	default:
		now := time.Now().UTC().Format(time.RFC3339)
		for i := range events {
			say(`{"type":"ADDED","object":` + kubeEvent(i, i+1, 1, now) + "}\n")
		}
		say(fmt.Sprintf(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"%d","annotations":{"k8s.io/initial-events-end":"true"}}}}`+"\n", events))
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
		case <-stop:
		}
	}
}
