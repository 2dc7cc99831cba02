package pipeline

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// BenchmarkAuditFile measures what an audit event costs from the file to the
// encoded record in the batch, on one core: reading, splitting, decoding,
// filter, dedup, change, redaction, encoding and the commit to the cursor. It
// includes the start of the pipeline.
func BenchmarkAuditFile(b *testing.B) {
	for _, sample := range []string{"metadata", "requestresponse"} {
		for _, bodies := range []string{config.BodiesOff, config.BodiesAll} {
			b.Run("level="+sample+"/bodies="+bodies, func(b *testing.B) {
				path := filepath.Join(b.TempDir(), "audit.log")
				lines, size := grow(b, "../test/e2e/testdata/audit-"+sample+".jsonl.gz", path, 64<<20)
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				b.SetBytes(size)
				for b.Loop() {
					readAudit(b, path, bodies, lines)
				}
				runtime.ReadMemStats(&after)
				records := float64(lines) * float64(b.N)
				b.ReportMetric(records/b.Elapsed().Seconds(), "records/s")
				b.ReportMetric(float64(after.Mallocs-before.Mallocs)/records, "allocs/record")
				b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/records, "B/record")
			})
		}
	}
}

func readAudit(b *testing.B, path, bodies string, lines int64) {
	b.Helper()
	cfg, err := config.Parse(config.Map{
		"kube_events": "off", "cluster_name": "bench", "db": filepath.Join(b.TempDir(), "cursor.db"),
		"audit_path": path, "audit_bodies": bodies, "audit_stages": "*", "interval_nsec": "0", "monitor_interval": "0",
	})
	if err != nil {
		b.Fatal(err)
	}
	p, err := Start(b.Context(), cfg, Options{Instance: "bench", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	for p.count.audits.Load() < lines || p.outbox.queue().Records > 0 || p.outbox.queue().Uncommitted > 0 {
		if len(p.Take(10*time.Millisecond)) == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	if err := p.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	if n := p.count.audits.Load(); n != lines {
		b.Fatalf("%d records, want %d: %+v", n, lines, p.count.snapshot())
	}
}

var auditIDs = regexp.MustCompile(`"auditID":"[0-9a-f-]{36}"`)

// grow writes a log of the sample's lines again and again, each with an Audit-ID
// of its own.
func grow(b *testing.B, sample, path string, want int64) (lines, size int64) {
	b.Helper()
	f, err := os.Open(sample)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	}()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	out, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(out)
	for size < want {
		for l := range bytes.Lines(text) {
			lines++
			l = auditIDs.ReplaceAll(l, fmt.Appendf(nil, `"auditID":"%08x-db74-4807-861a-a85bddb6412e"`, lines))
			n, err := w.Write(l)
			if err != nil {
				b.Fatal(err)
			}
			size += int64(n)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
	return lines, size
}
