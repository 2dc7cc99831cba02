package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/config"
)

// chunk encodes log events as Fluent Bit does.
func chunk(t testing.TB, bodies ...map[string]any) []byte {
	t.Helper()
	var b []byte
	for i, body := range bodies {
		b = msgp.AppendArrayHeader(b, 2)
		b = msgp.AppendArrayHeader(b, 2)
		b = append(b, 0xd7, 0, 0x65, 0, 0, byte(i), 0, 0, 0, 0)
		b = msgp.AppendMapHeader(b, 0)
		var err error
		if b, err = msgp.AppendIntf(b, body); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// podEvent is an event as Fluent Bit's kubernetes_events shapes it.
func podEvent(n int) map[string]any {
	return map[string]any{
		"kind": "Event", "apiVersion": "v1",
		"metadata":       map[string]any{"name": fmt.Sprintf("web.%d", n), "namespace": "shop", "uid": fmt.Sprintf("uid-%d", n), "resourceVersion": fmt.Sprint(100 + n)},
		"involvedObject": map[string]any{"kind": "Pod", "apiVersion": "v1", "namespace": "shop", "name": fmt.Sprintf("web-%d", n)},
		"reason":         "BackOff", "message": "Back-off restarting failed container", "type": "Warning", "count": 1,
		"firstTimestamp": "2026-11-21T10:00:00Z", "lastTimestamp": "2026-11-21T10:00:00Z",
	}
}

func podEvents(from, to int) []map[string]any {
	var all []map[string]any
	for n := from; n < to; n++ {
		all = append(all, podEvent(n))
	}
	return all
}

// createPod is an audit event that tells of the labels of a pod, as tail hands it
// over.
func createPod(name string) map[string]any {
	line := fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"a-%[1]s","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods","verb":"create","user":{"username":"jane"},"objectRef":{"resource":"pods","namespace":"shop","name":%[1]q,"apiVersion":"v1"},"responseStatus":{"code":201},"requestObject":{"kind":"Pod","apiVersion":"v1","metadata":{"name":%[1]q,"namespace":"shop","labels":{"app.kubernetes.io/instance":"web","app.kubernetes.io/managed-by":"Helm"}}},"requestReceivedTimestamp":"2026-11-21T09:59:59.000000Z","stageTimestamp":"2026-11-21T09:59:59.100000Z"}`, name)
	return map[string]any{"log": line}
}

// outputPlugin starts what the output plugin is without its host.
func outputPlugin(t testing.TB, set config.Map) *Pipeline {
	t.Helper()
	if set["cluster_name"] == "" {
		set["cluster_name"] = "test"
	}
	set["monitor_interval"] = "0"
	cfg, err := config.ParseOutput(set)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(t.Context(), cfg, Options{Instance: "live_status.0", Version: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, p) })
	return p
}

func shut(t testing.TB, p *Pipeline) {
	t.Helper()
	if err := p.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// flushed flushes a chunk until it need not come again.
func flushed(t testing.TB, p *Pipeline, data []byte) Flushed {
	t.Helper()
	for {
		if got := p.Flush(t.Context(), "kube", data); got != Retry {
			return got
		}
		if t.Context().Err() != nil {
			t.Fatal("the chunk was never done")
		}
	}
}

// delivered are records as a downstream has them.
func delivered(t testing.TB, lines []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range bytes.Lines(lines) {
		var rec map[string]any
		if err := json.Unmarshal(line, &rec); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		all = append(all, rec)
	}
	return all
}

func ids(records []map[string]any) []string {
	var all []string
	for _, rec := range records {
		all = append(all, rec["id"].(string))
	}
	slices.Sort(all)
	return all
}

func TestOutputToFile(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.jsonl")
	set := config.Map{"forward_to": "file:" + out, "db": filepath.Join(dir, "cursor.db")}
	p := outputPlugin(t, set)
	data := chunk(t, append(podEvents(0, 3), createPod("web-7"), podEvent(7))...)
	if got := flushed(t, p, data); got != Delivered {
		t.Fatalf("got %v", got)
	}
	read := func() []map[string]any {
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return delivered(t, b)
	}
	records := read()
	if len(records) != 5 {
		t.Fatalf("got %d records: %v", len(records), records)
	}
	// Nothing is known of the first pod, and of the last what the audit trail tells.
	if records[0]["correlation"] != "not_watched" || records[0]["application"] != nil {
		t.Errorf("got %v", records[0])
	}
	app, _ := records[4]["application"].(map[string]any)
	if records[4]["correlation"] != "matched" || app["name"] != "web" {
		t.Errorf("got %v", records[4])
	}

	// Fluent Bit comes again with what it was not told had arrived, also after a crash.
	if got := flushed(t, p, data); got != Delivered {
		t.Fatalf("got %v", got)
	}
	shut(t, p)
	p = outputPlugin(t, set)
	if got := flushed(t, p, data); got != Delivered {
		t.Fatalf("got %v", got)
	}
	if again := read(); len(again) != 5 {
		t.Errorf("got %d records: %v", len(again), again[5:])
	}
}

// server is a downstream that answers as it is told to.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(body []byte) int
	lines  []byte
	asked  int
}

func newServer(t testing.TB, answer func(body []byte) int) *server {
	t.Helper()
	s := &server{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		code := s.answer(body)
		if code < 300 {
			s.lines = append(s.lines, body...)
		}
		w.WriteHeader(code)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) set(answer func(body []byte) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *server) records(t testing.TB) []map[string]any {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return delivered(t, s.lines)
}

func always(code int) func([]byte) int { return func([]byte) int { return code } }

// While the downstream is away Fluent Bit keeps the chunk, and what has arrived by the
// time that it comes again is not sent once more.
func TestOutputRetries(t *testing.T) {
	srv := newServer(t, always(503))
	p := outputPlugin(t, config.Map{"forward_to": srv.URL, "flush_timeout": "100ms"})
	data := chunk(t, podEvents(0, 100)...)
	for range 3 {
		if got := p.Flush(t.Context(), "kube", data); got != Retry {
			t.Fatalf("got %v", got)
		}
	}
	srv.set(always(200))
	if got := flushed(t, p, data); got != Delivered {
		t.Fatalf("got %v", got)
	}
	got := ids(srv.records(t))
	if want := slices.Compact(slices.Clone(got)); len(got) != 100 || len(want) != 100 {
		t.Errorf("got %d records, %d of them different", len(got), len(want))
	}
}

// A record that the downstream will never take is put aside, and all others arrive.
func TestOutputDeadLetters(t *testing.T) {
	bad := func(body []byte) int {
		if bytes.Contains(body, []byte(`"web-13"`)) {
			return 400
		}
		return 200
	}
	srv := newServer(t, bad)
	letters := filepath.Join(t.TempDir(), "dead.jsonl")
	p := outputPlugin(t, config.Map{"forward_to": srv.URL, "dead_letter_path": letters})
	if got := flushed(t, p, chunk(t, podEvents(0, 50)...)); got != Refused {
		t.Fatalf("got %v", got)
	}
	if got := srv.records(t); len(got) != 49 {
		t.Errorf("%d records arrived", len(got))
	}
	b, err := os.ReadFile(letters)
	if err != nil {
		t.Fatal(err)
	}
	dead := delivered(t, b)
	if len(dead) != 1 || dead[0]["id"] != "event/uid-13/113" || !strings.Contains(dead[0]["reason"].(string), "400") {
		t.Errorf("got %v", dead)
	}
	if got := flushed(t, p, chunk(t, podEvents(50, 60)...)); got != Delivered {
		t.Errorf("the next chunk: %v", got)
	}
}

// What is no chunk can never be delivered, and says so; what stands before it is.
func TestOutputOfNonsense(t *testing.T) {
	srv := newServer(t, always(200))
	letters := filepath.Join(t.TempDir(), "dead.jsonl")
	p := outputPlugin(t, config.Map{"forward_to": srv.URL, "dead_letter_path": letters})
	if got := flushed(t, p, append(chunk(t, podEvent(1)), 0xc1)); got != Refused {
		t.Errorf("got %v", got)
	}
	b, err := os.ReadFile(letters)
	if err != nil {
		t.Fatal(err)
	}
	if dead := delivered(t, b); len(dead) != 1 || dead[0]["tag"] != "kube" || !strings.Contains(dead[0]["reason"].(string), "log event 1") {
		t.Errorf("got %s", b)
	}
	if got := flushed(t, p, chunk(t, map[string]any{"log": "GET / 200"})); got != Delivered {
		t.Errorf("got %v", got)
	}
	var types []string
	for _, rec := range srv.records(t) {
		types = append(types, rec["type"].(string))
	}
	if !slices.Equal(types, []string{"event", "rejected", "rejected"}) {
		t.Errorf("got %v", types)
	}
	if got := flushed(t, p, nil); got != Delivered {
		t.Errorf("an empty chunk: %v", got)
	}
}

// Many threads flush at the same time.
func TestOutputOfManyThreads(t *testing.T) {
	srv := newServer(t, always(200))
	p := outputPlugin(t, config.Map{"forward_to": srv.URL})
	var threads sync.WaitGroup
	for n := range 16 {
		threads.Go(func() {
			if got := flushed(t, p, chunk(t, podEvents(n*50, n*50+50)...)); got != Delivered {
				t.Errorf("got %v", got)
			}
		})
	}
	threads.Wait()
	if got := slices.Compact(ids(srv.records(t))); len(got) != 16*50 {
		t.Errorf("%d records arrived", len(got))
	}
}

// The end does not wait for a downstream that is away, nor does it lose what that has.
func TestOutputEnds(t *testing.T) {
	srv := newServer(t, always(500))
	p := outputPlugin(t, config.Map{"forward_to": srv.URL, "flush_timeout": "100ms"})
	if got := p.Flush(t.Context(), "kube", chunk(t, podEvents(0, 10)...)); got != Retry {
		t.Fatalf("got %v", got)
	}
	began := time.Now()
	shut(t, p)
	if took := time.Since(began); took > closeWithin {
		t.Errorf("the end took %v", took)
	}
	if got := p.Flush(t.Context(), "kube", chunk(t, podEvent(1))); got != Retry {
		t.Errorf("a flush after the end: %v", got)
	}
}
