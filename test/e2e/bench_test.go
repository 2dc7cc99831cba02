package e2e

import (
	"path/filepath"
	"testing"
	"time"
)

const backlog = 20_000

// BenchmarkBacklog measures how long a backlog takes from the start of the
// host until the last record is out, and what memory the host then has and had
// at most, Fluent Bit's own included.
func BenchmarkBacklog(b *testing.B) {
	c := cluster(b)
	acc := newAccount(b, c)
	w := newWriter(b, c.Client(), "backlog")
	w.create(b.Context(), b, "e", backlog, 16, 0)
	for _, h := range hosts() {
		b.Run("host="+h.name, func(b *testing.B) {
			for range b.N {
				r := newRun(b, h)
				r.inputs = append(r.inputs, acc.options(filepath.Join(r.dir, "cursor.db")))
				r.configure(b)
				began := time.Now()
				p := r.start(b)
				records := &reader{path: r.out}
				eventually(b, 2*time.Minute, "the backlog", func() bool { return len(records.events(b)) >= backlog })
				b.ReportMetric(time.Since(began).Seconds(), "s/backlog")
				b.ReportMetric(p.megabytes(b, "VmRSS"), "MB-rss")
				b.ReportMetric(p.megabytes(b, "VmHWM"), "MB-rss-peak")
				p.terminate(b)
			}
		})
	}
}
