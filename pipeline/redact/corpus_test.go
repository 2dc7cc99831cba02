package redact_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// corpus returns records of audit events that a kube-apiserver 1.36 wrote,
// one of each verb, resource and shape.
func corpus(tb testing.TB) []event.Record {
	tb.Helper()
	f, err := os.Open("testdata/audit.jsonl.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			tb.Error(err)
		}
	}()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var out []event.Record
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var rec event.Record
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			tb.Fatal(err)
		}
		out = append(out, rec)
	}
	if err := lines.Err(); err != nil || len(out) < 100 {
		tb.Fatalf("%d records: %v", len(out), err)
	}
	return out
}

// sized returns the records of the corpus whose bodies have between low and
// high bytes, and the mean of them.
func sized(tb testing.TB, low, high int) (recs []event.Record, mean int) {
	tb.Helper()
	sum := 0
	for _, rec := range corpus(tb) {
		if n := len(rec.Audit.Request) + len(rec.Audit.Response); low <= n && n <= high {
			recs = append(recs, rec)
			sum += n
		}
	}
	if len(recs) == 0 {
		tb.Fatal("the corpus has none")
	}
	return recs, sum / len(recs)
}

// BenchmarkAudit measures the redaction of audit records, and that together
// with their encoding.
func BenchmarkAudit(b *testing.B) {
	r := redact.New(redact.Options{Salt: salt})
	for _, c := range []struct {
		name      string
		low, high int
	}{{"no-bodies", 0, 0}, {"bodies-1k", 500, 1500}, {"bodies-5k", 4000, 6500}} {
		recs, mean := sized(b, c.low, c.high)
		b.Run("redact/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(mean))
			i := 0
			for b.Loop() {
				r.Redact(recs[i%len(recs)])
				i++
			}
		})
		b.Run("redact+msgpack/"+c.name, func(b *testing.B) {
			dst := make([]byte, 0, 1<<16)
			b.ReportAllocs()
			b.SetBytes(int64(mean))
			i := 0
			for b.Loop() {
				if _, err := encode.AppendMsgpack(dst, r.Redact(recs[i%len(recs)])); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
