package events

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/event"
)

// server answers requests as a test says. It stands in for the network, not
// for an API server: what it says is what a real one was seen to say, and the
// end-to-end tests ask a real one.
type server struct {
	t      *testing.T
	answer func(r request) *http.Response

	mu          sync.Mutex
	requests    []request
	invalidated int
	positions   map[event.Stream]event.Position
	identity    func() (string, error)
}

// request is what matters of a request.
type request struct {
	path  string
	query url.Values
	// done is closed when the client has given the request up.
	done <-chan struct{}
}

func (r request) watch() bool { return r.query.Get("watch") == "true" }
func (r request) probe() bool { return !r.watch() && r.query.Get("limit") == "1" }

func (r request) String() string {
	kind := "list"
	switch {
	case r.probe():
		kind = "probe"
	case r.watch() && r.query.Get("sendInitialEvents") != "":
		kind = "streamlist"
	case r.watch():
		kind = "watch"
	}
	s := kind
	if rv := r.query.Get("resourceVersion"); rv != "" {
		s += " from=" + rv
	}
	if c := r.query.Get("continue"); c != "" {
		s += " continue=" + c
	}
	return s
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	r := request{path: req.URL.Path, query: req.URL.Query(), done: req.Context().Done()}
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	resp := s.answer(r)
	if resp == nil {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	resp.Request = req
	return resp, nil
}

func (s *server) Client(context.Context) (rest.Interface, error) {
	cfg := &rest.Config{Host: "https://cluster.example", QPS: -1}
	cfg.GroupVersion = &schema.GroupVersion{Version: "v1"}
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, *cfg.GroupVersion)
	cfg.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	return rest.UnversionedRESTClientForConfigAndClient(cfg, &http.Client{Transport: s})
}

func (s *server) Identity(context.Context) (string, error) {
	if s.identity != nil {
		return s.identity()
	}
	return "cluster-uid", nil
}

func (s *server) Invalidate() { s.invalidated++ }

func (s *server) Position(_ context.Context, stream event.Stream) (event.Position, bool, error) {
	p, ok := s.positions[stream]
	return p, ok, nil
}

// said returns the requests so far, one word each.
func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, r := range s.requests {
		all = append(all, r.String())
	}
	return strings.Join(all, ", ")
}

// sink keeps what is yielded.
type sink struct {
	mu    sync.Mutex
	items []event.Item
}

func (s *sink) Yield(_ context.Context, item event.Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = append(s.items, item)
	return nil
}

// String shows the items, for example "L1(known 5) U2@2 P@9".
func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, it := range s.items {
		var o struct {
			Metadata struct{ ResourceVersion string } `json:"metadata"`
		}
		if it.Raw != nil {
			if err := json.Unmarshal(it.Raw, &o); err != nil {
				return err.Error()
			}
		}
		w := map[event.Change]string{event.Listed: "L", event.Updated: "U", event.Deleted: "D", event.Progress: "P"}[it.Change] + o.Metadata.ResourceVersion
		if it.Known != "" {
			w += "(known " + string(it.Known) + ")"
		}
		if it.Position != "" {
			w += "@" + string(it.Position)
		}
		all = append(all, w)
	}
	return strings.Join(all, " ")
}

// run runs a source against the server until check is done, in a bubble whose
// clock stands still unless everybody waits.
func run(t *testing.T, s *server, change func(*Options), check func(t *testing.T, src *Source, out *sink)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.t = t
		out := &sink{}
		opts := Options{
			Server: s, Positions: s, Sink: out, Logger: slog.New(slog.DiscardHandler),
			PageSize: 2, Retention: time.Hour, WatchTimeout: 10 * time.Minute, Describe: func(err error) string { return err.Error() },
		}
		if change != nil {
			change(&opts)
		}
		src, err := New(opts)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); src.Run(ctx) }()
		check(t, src, out)
		cancel()
		<-done
	})
}

func response(code int, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode: code, Status: http.StatusText(code), Body: io.NopCloser(body),
		Header: http.Header{"Content-Type": {"application/json"}}, ProtoMajor: 1, ProtoMinor: 1,
	}
}

// failure answers with a Status.
func failure(code int, reason metav1.StatusReason, message string) *http.Response {
	return response(code, strings.NewReader(status(code, reason, message)))
}

func status(code int, reason metav1.StatusReason, message string) string {
	return fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
}

func objectOf(rv int) string {
	return fmt.Sprintf(`{"metadata":{"name":"e%d","uid":"u%d","resourceVersion":"%d"},"note":"{\"items\":[\"]\"]}"}`, rv, rv, rv)
}

func pageOf(rv, cont string, versions ...int) *http.Response {
	var items []string
	for _, v := range versions {
		items = append(items, objectOf(v))
	}
	return response(200, strings.NewReader(fmt.Sprintf(`{"kind":"EventList","apiVersion":"events.k8s.io/v1","metadata":{"resourceVersion":%q,"continue":%q},"items":[%s]}`,
		rv, cont, strings.Join(items, ","))))
}

func frames(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

func added(rv int) string    { return fmt.Sprintf(`{"type":"ADDED","object":%s}`, objectOf(rv)) }
func modified(rv int) string { return fmt.Sprintf(`{"type":"MODIFIED","object":%s}`, objectOf(rv)) }
func deleted(rv int) string  { return fmt.Sprintf(`{"type":"DELETED","object":%s}`, objectOf(rv)) }

func bookmark(rv int, endsList bool) string {
	annotations := ""
	if endsList {
		annotations = `,"annotations":{"k8s.io/initial-events-end":"true"}`
	}
	return fmt.Sprintf(`{"type":"BOOKMARK","object":{"kind":"Event","metadata":{"resourceVersion":"%d"%s}}}`, rv, annotations)
}

func gone() string {
	return fmt.Sprintf(`{"type":"ERROR","object":%s}`, status(410, metav1.StatusReasonExpired, "too old resource version: 5 (9)"))
}

// live is the body of a watch that stays open after what it says first, until
// the request ends.
func live(r request, first string) *http.Response {
	pr, pw := io.Pipe()
	go func() {
		if _, err := io.WriteString(pw, first); err != nil {
			return
		}
		<-r.done
		_ = pw.CloseWithError(context.Canceled)
	}()
	resp := response(200, pr)
	resp.Body = pr
	return resp
}
