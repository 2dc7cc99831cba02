package pipeline

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/correlate"
	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/desired"
	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/status"
)

// statusBench is everything between a live object and the record of its status.
type statusBench struct {
	b        *testing.B
	states   *statuses
	decoder  decode.ObjectDecoder
	redactor *redact.Redactor
	scratch  []byte
	records  int
}

func newStatusBench(b *testing.B) *statusBench {
	b.Helper()
	rules, err := rule.New(rule.Options{})
	if err != nil {
		b.Fatal(err)
	}
	manifests, err := desired.NewStore(desired.Options{})
	if err != nil {
		b.Fatal(err)
	}
	assessor, err := status.NewAssessor(status.AssessorOptions{})
	if err != nil {
		b.Fatal(err)
	}
	s := &statuses{
		index: correlate.New(correlate.Options{Rules: rules, Now: time.Now}), assessor: assessor, manifests: manifests,
		apps: map[event.ObjectRef]event.Application{}, logger: slog.New(slog.DiscardHandler),
	}
	s.tracker = status.New(status.Options{Finder: s, Settle: time.Second})
	s.Serve([]event.ServedKind{{APIResource: podResource(), Watched: true}})
	return &statusBench{b: b, states: s, decoder: decode.ObjectDecoder{Annotations: rules.Annotation}, redactor: redact.New(redact.Options{Salt: make([]byte, 32)})}
}

func podResource() event.APIResource {
	return event.APIResource{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true}
}

// put takes an object as the source does.
func (s *statusBench) put(raw []byte, r event.APIResource) {
	live, err := s.decoder.Decode(raw, r)
	if err != nil {
		s.b.Fatal(err)
	}
	s.states.Put(live, raw, 1)
}

// take makes the records that are due.
func (s *statusBench) take() {
	for {
		e, ok := s.states.tracker.Next(time.Now())
		if !ok {
			return
		}
		out, err := encode.AppendMsgpack(s.scratch[:0], s.redactor.Redact(e.Record))
		if err != nil {
			s.b.Fatal(err)
		}
		s.scratch = out
		s.records++
	}
}

// object reads a YAML object of the tests of health, as the API server sends it.
func object(b *testing.B, file string) []byte {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("status", "health", "testdata", file))
	if err != nil {
		b.Fatal(err)
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// named gives an object another name and identity.
func named(raw []byte, name string, i, version int) []byte {
	raw = bytes.ReplaceAll(raw, []byte("@NAME@"), fmt.Appendf(nil, "%s-%d", name, i))
	raw = bytes.ReplaceAll(raw, []byte("@UID@"), fmt.Appendf(nil, "%08x-5d6a-4a59-9c3f-1f2f6d1f7a11", i))
	return bytes.ReplaceAll(raw, []byte("@VERSION@"), fmt.Appendf(nil, "%d", version))
}

// template takes out of an object what names it.
func template(b *testing.B, raw []byte) []byte {
	b.Helper()
	var o map[string]any
	if err := yaml.Unmarshal(raw, &o); err != nil {
		b.Fatal(err)
	}
	meta := o["metadata"].(map[string]any)
	meta["name"], meta["uid"], meta["resourceVersion"] = "@NAME@", "@UID@", "@VERSION@"
	raw, err := yaml.Marshal(o)
	if err == nil {
		raw, err = yaml.YAMLToJSON(raw)
	}
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// BenchmarkStatusChurn measures what an update of an object's status costs, from its
// bytes to the bytes of its record, among 10,000 pods. At 500 a second, a second
// of work takes 500 times as long.
func BenchmarkStatusChurn(b *testing.B) {
	const pods = 10_000
	s := newStatusBench(b)
	states := [][]byte{template(b, object(b, "pod/healthy.yaml")), template(b, object(b, "pod/image-pull-back-off.yaml"))}
	for i := range pods {
		s.put(named(states[0], "pod", i, i+1), podResource())
	}
	s.states.Listed(podResource().GroupResource(), "", 1)
	s.states.tracker.Synced()
	s.take()
	if s.records < pods {
		b.Fatalf("%d records", s.records)
	}
	s.records = 0
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		raw := named(states[(n/pods+1)%2], "pod", n%pods, pods+n+1)
		s.put(raw, podResource())
		s.take()
		n++
	}
	if s.records < n {
		b.Fatalf("%d records of %d updates", s.records, n)
	}
}

// BenchmarkStatusHeap measures what is kept of an object by everything that keeps
// anything of it: the index, and the tracker of statuses.
func BenchmarkStatusHeap(b *testing.B) {
	for _, objects := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("objects=%d", objects), func(b *testing.B) {
			raw := template(b, object(b, "pod/healthy.yaml"))
			for b.Loop() {
				before := heap()
				s := newStatusBench(b)
				began := time.Now()
				for i := range objects {
					s.put(named(raw, "pod", i, i+1), podResource())
				}
				s.states.Listed(podResource().GroupResource(), "", 1)
				s.states.tracker.Synced()
				s.take()
				took := time.Since(began)
				b.ReportMetric(float64(heap()-before)/float64(objects), "B/object")
				b.ReportMetric(float64(took.Microseconds())/float64(objects), "µs/object")
				runtime.KeepAlive(s)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
