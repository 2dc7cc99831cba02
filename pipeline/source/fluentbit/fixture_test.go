package fluentbit

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"
	"go.uber.org/goleak"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// at is when the log events of these tests happened.
var at = time.Date(2026, 11, 21, 2, 29, 3, 123456000, time.UTC)

// recorder is a sink that keeps what it takes. Where source is set, it tells that of
// a chunk at once that all of it arrived.
type recorder struct {
	source *Source

	mu    sync.Mutex
	items []event.Item
	calls int
}

func (r *recorder) YieldAll(_ context.Context, items []event.Item) error {
	r.mu.Lock()
	r.items = append(r.items, items...)
	r.calls++
	r.mu.Unlock()
	if last := items[len(items)-1]; last.Change == event.Progress && r.source != nil {
		r.source.Settled([]Settled{{Receipt: last.Receipt}})
	}
	return nil
}

func (r *recorder) taken() []event.Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.items
}

// run runs a source until the test ends.
func run(t *testing.T, s *Source) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
}

// flush hands a chunk to a source of its own and returns the items without the one
// that ends it.
func flush(t *testing.T, data []byte, maxItem int) ([]event.Item, Result, error) {
	t.Helper()
	r := &recorder{}
	s := New(Options{Sink: r, MaxItem: maxItem})
	r.source = s
	run(t, s)
	result, err := s.Flush(t.Context(), "a.tag", data)
	items := r.taken()
	if len(items) == 0 {
		t.Fatal("no item, not even the last one")
	}
	for i := range items {
		if items[i].Receipt == 0 || (items[i].Change == event.Progress) != (i == len(items)-1) {
			t.Fatalf("item %d of %d: receipt %d, change %d", i, len(items), items[i].Receipt, items[i].Change)
		}
	}
	return items[:len(items)-1], result, err
}

// flushed is flush of a chunk that is well-formed.
func flushed(t *testing.T, data []byte) []event.Item {
	t.Helper()
	items, result, err := flush(t, data, 0)
	if result != OK || err != nil {
		t.Fatalf("result %d, %v", result, err)
	}
	return items
}

// readGzip returns what is in a file of testdata.
func readGzip(t testing.TB, name string) []byte {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// said returns the lines that the inputs read.
func said(t testing.TB, name string) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(string(readGzip(t, "said/"+name+".jsonl.gz"))), "\n")
}

// parsed parses JSON, numbers as they are written.
func parsed(t testing.TB, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("something follows in %q", text)
	}
	return v
}

// append1 appends a log event of the older encoding, with a body of JSON.
func append1(t testing.TB, b []byte, body string) []byte {
	t.Helper()
	b = msgp.AppendArrayHeader(b, 2)
	b = appendTime(b, at)
	return appendJSON(t, b, body)
}

// append2 appends one of the newer encoding.
func append2(t testing.TB, b []byte, when time.Time, body string) []byte {
	t.Helper()
	b = msgp.AppendArrayHeader(b, 2)
	b = msgp.AppendArrayHeader(b, 2)
	b = appendTime(b, when)
	b = msgp.AppendMapHeader(b, 1)
	b = msgp.AppendString(b, "otlp")
	b = msgp.AppendMapHeader(b, 0)
	return appendJSON(t, b, body)
}

func appendTime(b []byte, when time.Time) []byte {
	sec, nsec := uint32(when.Unix()), uint32(when.Nanosecond())
	return append(b, 0xd7, 0,
		byte(sec>>24), byte(sec>>16), byte(sec>>8), byte(sec),
		byte(nsec>>24), byte(nsec>>16), byte(nsec>>8), byte(nsec))
}

// appendJSON appends a JSON text as Fluent Bit's parsers do, keys in their order.
func appendJSON(t testing.TB, b []byte, body string) []byte {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	b, err := appendNext(b, d)
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return b
}

func appendNext(b []byte, d *json.Decoder) ([]byte, error) {
	token, err := d.Token()
	if err != nil {
		return b, err
	}
	switch v := token.(type) {
	case json.Delim:
		var inside []byte
		n := uint32(0)
		for ; d.More(); n++ {
			if inside, err = appendNext(inside, d); err != nil {
				return b, err
			}
		}
		if _, err := d.Token(); err != nil {
			return b, err
		}
		if v == '{' {
			b = msgp.AppendMapHeader(b, n/2)
		} else {
			b = msgp.AppendArrayHeader(b, n)
		}
		return append(b, inside...), nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return msgp.AppendInt64(b, n), nil
		}
		f, err := v.Float64()
		return msgp.AppendFloat64(b, f), err
	case string:
		return msgp.AppendString(b, v), nil
	case bool:
		return msgp.AppendBool(b, v), nil
	default:
		return msgp.AppendNil(b), nil
	}
}
