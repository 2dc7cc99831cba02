package fluentbit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// repeated is a chunk of about two megabytes, the most that Fluent Bit usually
// hands over.
func repeated(b *testing.B, bodies []string, wrap func(string) string) (data []byte, records int) {
	b.Helper()
	for len(data) < 2<<20 {
		data = append2(b, data, at, wrap(bodies[records%len(bodies)]))
		records++
	}
	return data, records
}

// lines are recorded audit events of about 2 KB, of the tests or, where it is there,
// of a larger file that LIVE_STATUS_AUDIT names.
func lines(b *testing.B) []string {
	b.Helper()
	name := os.Getenv("LIVE_STATUS_AUDIT")
	if name == "" {
		return said(b, "audit")
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	var out []string
	s := bufio.NewScanner(bytes.NewReader(data))
	for s.Buffer(nil, 1<<20); s.Scan() && len(out) < 1000; {
		out = append(out, s.Text())
	}
	return out
}

func bare(text string) string {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		panic(err)
	}
	delete(object, "kind")
	delete(object, "apiVersion")
	out, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// BenchmarkTake takes chunks apart: ns and allocations are those of a record.
func BenchmarkTake(b *testing.B) {
	as := func(text string) string { return text }
	inLog := func(text string) string { return `{"log":` + quoted(text) + `}` }
	for _, c := range []struct {
		name   string
		bodies []string
		wrap   func(string) string
	}{
		{"kubernetes_events", said(b, "events"), bare},
		{"audit/parsed", lines(b), as},
		{"audit/line", lines(b), inLog},
		{"watch/line", said(b, "watch"), inLog},
		{"other", []string{`{"log":"GET / 200","stream":"stdout","kubernetes":{"pod_name":"p","labels":{"a":"b"}}}`}, as},
	} {
		b.Run(c.name, func(b *testing.B) {
			data, records := repeated(b, c.bodies, c.wrap)
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				batch := newBatch(data, defaultMaxItem, event.Place{}, 1, func([]event.Item) error { return nil })
				tk := taker{unpacker: unpacker{data: data}, batch: batch, find: newRecogniser(data, batch)}
				if tk.chunk() != nil || batch.end() != nil || tk.fault != nil {
					b.Fatal("the chunk was not taken apart")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(records), "ns/record")
			b.ReportMetric(float64(len(data))/float64(records), "B/record")
		})
	}
}

// settled is a sink that tells at once that everything has arrived.
type settled struct{ source *Source }

func (s *settled) YieldAll(_ context.Context, items []event.Item) error {
	if last := items[len(items)-1]; last.Change == event.Progress {
		s.source.Settled([]Settled{{Receipt: last.Receipt}})
	}
	return nil
}

// BenchmarkFlush hands chunks over and waits for them.
func BenchmarkFlush(b *testing.B) {
	data, records := repeated(b, lines(b), func(text string) string { return text })
	sink := &settled{}
	s := New(Options{Sink: sink})
	sink.source = s
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if result, err := s.Flush(ctx, "tag", data); result != OK || err != nil {
			b.Fatal(result, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(records), "ns/record")
	stop()
	<-done
}

// BenchmarkQuote escapes text: ordinary, with quotes and line breaks, and of another
// alphabet.
func BenchmarkQuote(b *testing.B) {
	for name, text := range map[string]string{
		"plain":  strings.Repeat("Successfully pulled image ", 40),
		"quotes": strings.Repeat("\"name\":\n\t\"value\",", 60),
		"greek":  strings.Repeat("Καλημέρα κόσμε ", 40),
	} {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			s := []byte(text)
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				dst = appendEscaped(dst[:0], s)
			}
			if !bytes.Contains(dst, s[:3]) && name == "plain" {
				b.Fatal("it is not there")
			}
		})
	}
}
