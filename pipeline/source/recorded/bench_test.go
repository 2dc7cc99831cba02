package recorded

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// corpusVariable names a recorded audit log to repeat in place of made-up lines,
// and benchVariable how many MB are read.
const (
	corpusVariable = "RECORDED_BENCH_CORPUS"
	benchVariable  = "RECORDED_BENCH_MB"
)

// measuring counts what it takes, and looks at the heap: how large it was at most,
// and how much of that was in use.
type measuring struct {
	items, bytes int64
	peak, live   uint64
	skipped      event.RejectReason
	sample       []metrics.Sample
}

func (m *measuring) YieldAll(ctx context.Context, items []event.Item) error {
	for i := range items {
		m.bytes += int64(len(items[i].Raw))
		m.skipped = items[i].Skipped
	}
	m.items += int64(len(items))
	if m.sample == nil {
		m.sample = []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	}
	metrics.Read(m.sample)
	m.peak = max(m.peak, m.sample[0].Value.Uint64())
	m.live = max(m.live, m.sample[1].Value.Uint64())
	return ctx.Err()
}

// recordedLines returns lines of an audit log, and where in each its time is.
func recordedLines(b *testing.B) [][]byte {
	b.Helper()
	if path := os.Getenv(corpusVariable); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		return bytes.Split(bytes.TrimSpace(text), []byte{'\n'})
	}
	var all [][]byte
	for i := range 1000 {
		pad := strings.Repeat(`{"name":"LOG_LEVEL","value":"debug"},`, 10+i%100)
		all = append(all, []byte(strings.Replace(auditLine(strconv.Itoa(i), i), `"requestObject":{`, `"requestObject":{"env":[`+pad+`1],`, 1)))
	}
	return all
}

// audited writes an audit log of about size bytes, whose times go on.
func audited(b *testing.B, name string, size int, zipped bool) (path string, written int64) {
	b.Helper()
	lines := recordedLines(b)
	path = filepath.Join(b.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		b.Fatal(err)
	}
	at := epoch
	for n := 0; written < int64(size); n++ {
		line := bytes.Clone(lines[n%len(lines)])
		if i := bytes.LastIndex(line, []byte(`"stageTimestamp":"`)); i >= 0 {
			at = at.Add(time.Millisecond)
			// One in a hundred comes late.
			copy(line[i+len(`"stageTimestamp":"`):], at.Add(-time.Duration(n%100/99)*time.Second).Format("2006-01-02T15:04:05.000000Z"))
		}
		line = append(line, '\n')
		written += int64(len(line))
		if zipped {
			_, err = z.Write(line)
		} else {
			_, err = w.Write(line)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if zipped {
		err = z.Close()
	}
	for _, e := range []error{err, w.Flush(), f.Close()} {
		if e != nil {
			b.Fatal(e)
		}
	}
	return path, written
}

func benchSize(b *testing.B) int {
	b.Helper()
	mb, err := strconv.Atoi(os.Getenv(benchVariable))
	if err != nil || mb <= 0 {
		mb = 64
	}
	return mb << 20
}

// BenchmarkSource reads files to items in order of time. It reports how large the
// heap was at most when items were yielded.
func BenchmarkSource(b *testing.B) {
	size := benchSize(b)
	plain, plainBytes := audited(b, "audit.log", size, false)
	packed, packedBytes := audited(b, "audit.log.gz", size/4, true)
	other, otherBytes := audited(b, "other.log", size, false)
	var list strings.Builder
	list.WriteString(`{"apiVersion":"v1","items":[`)
	for i := 0; list.Len() < size/4; i++ {
		if i > 0 {
			list.WriteByte(',')
		}
		list.WriteString("\n        " + strings.ReplaceAll(eventJSON(fmt.Sprint(i), i*7919%100_000), `,"`, ",\n            \""))
	}
	list.WriteString("\n    ],\n    \"kind\": \"List\"\n}\n")
	events := filepath.Join(b.TempDir(), "events.json")
	if err := os.WriteFile(events, []byte(list.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	listBytes := int64(list.Len())
	list.Reset()
	packedEvents := filepath.Join(b.TempDir(), "events.json.gz")
	func() {
		text, err := os.ReadFile(events)
		if err == nil {
			err = os.WriteFile(packedEvents, []byte(zip(b, string(text))), 0o600)
		}
		if err != nil {
			b.Fatal(err)
		}
	}()
	for _, bb := range []struct {
		name  string
		opts  Options
		bytes int64
	}{
		{"audit", Options{Audit: []string{plain}}, plainBytes},
		{"audit two", Options{Audit: []string{plain, other}}, plainBytes + otherBytes},
		{"audit gzip", Options{Audit: []string{packed}}, packedBytes},
		{"events", Options{Events: []string{events}}, listBytes},
		{"events gzip", Options{Events: []string{packedEvents}}, listBytes},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(bb.bytes)
			b.ReportAllocs()
			var peak uint64
			var items, late int64
			for b.Loop() {
				m := &measuring{}
				bb.opts.Sink, bb.opts.MaxItem = m, 8<<20
				s, err := New(bb.opts)
				if err != nil {
					b.Fatal(err)
				}
				s.Run(b.Context())
				if err := s.Err(); err != nil {
					b.Fatal(err)
				}
				peak, items, late = max(peak, m.peak), m.items, s.Late()
			}
			b.ReportMetric(float64(peak)/(1<<20), "peak-heap-MB")
			b.ReportMetric(float64(items), "items")
			b.ReportMetric(float64(late), "late")
		})
	}
}

// BenchmarkMoment finds the time of one line.
func BenchmarkMoment(b *testing.B) {
	line := []byte(auditLine("a", 1))
	sorted := []byte(`{"stageTimestamp":"2026-11-21T02:00:00.000000Z","z":"` + strings.Repeat(`\"x `, 500) + `"}`)
	one := []byte(eventJSON("a", 1))
	for name, run := range map[string]struct {
		text []byte
		of   func([]byte) (moment, bool)
	}{
		"audit": {line, auditMoment}, "audit sorted": {sorted, auditMoment},
		"event": {one, func(raw []byte) (moment, bool) { m := membersOf(raw); return m.moment() }},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(run.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := run.of(run.text); !ok {
					b.Fatal("no time")
				}
			}
		})
	}
}
