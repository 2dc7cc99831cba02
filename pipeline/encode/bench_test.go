package encode_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

func BenchmarkAppend(b *testing.B) {
	withMaps := typical()
	ev := *withMaps.Event
	ev.Labels = map[string]string{"app": "shop", "team": "web", "tier": "front"}
	ev.Annotations = maps.Clone(ev.Labels)
	withMaps.Event = &ev
	for name, form := range forms {
		for kind, rec := range map[string]event.Record{
			"event": typical(), "event-with-maps": withMaps, "event-correlated": correlated(), "deployment": rollout(), "monitor": monitor(),
			"object-status": degraded(), "application-status": progressing(),
		} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				r := redacted(rec)
				dst := make([]byte, 0, 1<<14)
				b.ReportAllocs()
				for b.Loop() {
					out, err := form(dst, r)
					if err != nil {
						b.Fatal(err)
					}
					b.SetBytes(int64(len(out)))
				}
			})
		}
	}
}

// corpus returns redacted records of audit events that a kube-apiserver 1.36
// wrote, whose bodies have between low and high bytes.
func corpus(tb testing.TB, low, high int) []redact.Redacted {
	tb.Helper()
	f, err := os.Open("../redact/testdata/audit.jsonl.gz")
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
	var out []redact.Redacted
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var rec event.Record
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			tb.Fatal(err)
		}
		if n := len(rec.Audit.Request) + len(rec.Audit.Response); low <= n && n <= high {
			out = append(out, redacted(rec))
		}
	}
	if err := lines.Err(); err != nil || len(out) == 0 {
		tb.Fatalf("%d records: %v", len(out), err)
	}
	return out
}

// TestCorpusMatchesSchema encodes what a real API server wrote.
func TestCorpusMatchesSchema(t *testing.T) {
	schema := recordSchema(t)
	for _, r := range corpus(t, 0, 1<<20) {
		j, err := forms["json"](nil, r)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schema, j); err != nil {
			t.Errorf("%s: %v", j, err)
		}
		m, err := forms["msgpack"](nil, r)
		if err != nil {
			t.Fatal(err)
		}
		sameContent(t, m, j)
	}
}

func BenchmarkAudit(b *testing.B) {
	for _, c := range []struct {
		name      string
		low, high int
	}{{"no-bodies", 0, 0}, {"bodies-1k", 500, 1500}, {"bodies-5k", 4000, 6500}} {
		recs := corpus(b, c.low, c.high)
		for name, form := range forms {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				dst := make([]byte, 0, 1<<16)
				size, i := 0, 0
				for _, r := range recs {
					out, err := form(dst, r)
					if err != nil {
						b.Fatal(err)
					}
					size += len(out)
				}
				b.SetBytes(int64(size / len(recs)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := form(dst, recs[i%len(recs)]); err != nil {
						b.Fatal(err)
					}
					i++
				}
			})
		}
	}
}
