package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// BenchmarkScrape makes a scrape and writes it as text.
func BenchmarkScrape(b *testing.B) {
	for _, size := range []struct{ applications, objects int }{{100, 1_000}, {1_000, 100_000}} {
		for _, o := range []Options{
			{Objects: ObjectsUnhealthy, MaxSeries: 20_000},
			{Objects: ObjectsAll, MaxSeries: 20_000},
			{Objects: ObjectsAll, MaxSeries: 5_000_000},
		} {
			b.Run(fmt.Sprintf("applications=%d/objects=%d/%s/max=%d", size.applications, size.objects, o.Objects, o.MaxSeries), func(b *testing.B) {
				o.State, o.Now = crowd(size.applications, size.objects), now
				o := o.complete()
				g, err := newGatherer(&o)
				if err != nil {
					b.Fatal(err)
				}
				handler := promhttp.HandlerFor(g, promhttp.HandlerOpts{DisableCompression: true})
				b.ReportAllocs()
				for b.Loop() {
					w := &counting{header: http.Header{}}
					handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
					b.ReportMetric(float64(w.n), "bytes")
					b.ReportMetric(float64(w.lines), "lines")
				}
			})
		}
	}
}

// counting counts what is written.
type counting struct {
	header   http.Header
	n, lines int
}

func (c *counting) Header() http.Header { return c.header }
func (c *counting) WriteHeader(int)     {}
func (c *counting) Write(p []byte) (int, error) {
	c.n += len(p)
	for _, ch := range p {
		if ch == '\n' {
			c.lines++
		}
	}
	return len(p), nil
}

// BenchmarkHeap measures what a scrape keeps until it is written.
func BenchmarkHeap(b *testing.B) {
	o := Options{Objects: ObjectsAll, MaxSeries: 5_000_000, State: crowd(1_000, 100_000), Now: now}.complete()
	g, err := newGatherer(&o)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		all := g.own()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(all)
	}
}
