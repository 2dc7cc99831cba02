package secrets

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
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
	"github.com/fluent-live/live-status/pipeline/kube"
)

const all = "/api/v1/secrets"

func in(ns string) string { return "/api/v1/namespaces/" + ns + "/secrets" }

// server stands in for the network: by itself it answers as an API server that
// streams lists does, and otherwise as a test says.
type server struct {
	mu sync.Mutex
	// answer is asked first; nil leaves the answer to the server.
	answer   func(r request) *http.Response
	objects  map[string][]string
	frames   map[string][]chan string
	requests []request
	identity string
	rv       int
}

type request struct {
	path  string
	query url.Values
	done  <-chan struct{}
}

func (r request) watch() bool { return r.query.Get("watch") == "true" }

func (r request) String() string {
	switch {
	case r.query.Get("sendInitialEvents") != "":
		return "streamlist"
	case r.watch():
		return "watch from=" + r.query.Get("resourceVersion")
	case r.query.Get("limit") == "1":
		return "probe"
	case r.query.Get("continue") != "":
		return "list continue=" + r.query.Get("continue")
	default:
		return "list"
	}
}

func cluster() *server {
	return &server{objects: map[string][]string{}, frames: map[string][]chan string{}, identity: "cluster-uid", rv: 100}
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	r := request{path: req.URL.Path, query: req.URL.Query(), done: req.Context().Done()}
	s.mu.Lock()
	s.requests = append(s.requests, r)
	answer := s.answer
	s.mu.Unlock()
	var resp *http.Response
	if answer != nil {
		resp = answer(r)
	}
	switch {
	case resp == nil:
		resp = s.collection(r)
	case resp.StatusCode == dead:
		return nil, errors.New("connection refused")
	case resp.StatusCode == silent:
		<-r.done
		return nil, req.Context().Err()
	}
	resp.Request = req
	return resp, nil
}

// Answers that are none.
const (
	dead   = -1
	silent = -2
)

func none(code int) *http.Response { return &http.Response{StatusCode: code} }

// says has the server answer so from now on; nil has it answer by itself.
func (s *server) says(answer func(r request) *http.Response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// refuse has the server refuse paths from now on.
func (s *server) refuse(paths ...string) {
	s.says(func(r request) *http.Response {
		if slices.Contains(paths, r.path) {
			return refusal()
		}
		return nil
	})
}

// collection answers as an API server does that streams lists.
func (s *server) collection(r request) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.watch() {
		return response(200, fmt.Sprintf(`{"metadata":{"resourceVersion":"%d"},"items":[%s]}`, s.rv, strings.Join(s.objects[r.path], ",")))
	}
	var first []string
	if r.query.Get("sendInitialEvents") != "" {
		for _, o := range s.objects[r.path] {
			first = append(first, frame("ADDED", o))
		}
		first = append(first, fmt.Sprintf(
			`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"%d","annotations":{"k8s.io/initial-events-end":"true"}}}}`, s.rv))
	}
	more := make(chan string, 100)
	s.frames[r.path] = append(s.frames[r.path], more)
	return live(r, strings.Join(first, "\n"), more)
}

// set says what lists of a path hold from now on.
func (s *server) set(path string, objects ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[path] = objects
}

// tell says something in all watches of a path.
func (s *server) tell(path, frame string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rv++
	for _, w := range s.frames[path] {
		w <- frame
	}
}

// hang ends all watches of all namespaces.
func (s *server) hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.frames[all] {
		close(w)
	}
	s.frames[all] = nil
}

// said returns the requests for a path, in one line.
func (s *server) said(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, r := range s.requests {
		if r.path == path {
			all = append(all, r.String())
		}
	}
	return strings.Join(all, ", ")
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
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity, nil
}

func (s *server) Invalidate() {}

// live is the body of a watch that stays open until the request or more ends.
func live(r request, first string, more <-chan string) *http.Response {
	pr, pw := io.Pipe()
	go func() {
		_, err := io.WriteString(pw, first+"\n")
		for err == nil {
			select {
			case <-r.done:
				err = context.Canceled
			case frame, ok := <-more:
				if err = io.EOF; ok {
					_, err = io.WriteString(pw, frame+"\n")
				}
			}
		}
		_ = pw.CloseWithError(err)
	}()
	resp := response(200, "")
	resp.Body = pr
	return resp
}

func response(code int, body string) *http.Response {
	return &http.Response{
		StatusCode: code, Status: http.StatusText(code), Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"Content-Type": {"application/json"}}, ProtoMajor: 1, ProtoMinor: 1,
	}
}

func status(code int, reason metav1.StatusReason, message string) string {
	return fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
}

func answered(code int, reason metav1.StatusReason, message string) *http.Response {
	return response(code, status(code, reason, message))
}

func refusal() *http.Response {
	return answered(403, metav1.StatusReasonForbidden, `secrets is forbidden: User "system:serviceaccount:live-status:live-status" cannot list resource "secrets"`)
}

func gone() string {
	return frame("ERROR", status(410, metav1.StatusReasonExpired, "too old resource version"))
}

func frame(kind, object string) string { return fmt.Sprintf(`{"type":%q,"object":%s}`, kind, object) }

func bookmark(rv int) string {
	return frame("BOOKMARK", fmt.Sprintf(`{"kind":"Secret","apiVersion":"v1","metadata":{"resourceVersion":"%d"},"data":null}`, rv))
}

// secretOf is a Secret as an API server writes it, with one value.
func secretOf(ns, name string, rv int, value string) string {
	return typed("Opaque", ns, name, rv, value)
}

func typed(secretType, ns, name string, rv int, value string) string {
	return fmt.Sprintf(`{"kind":"Secret","apiVersion":"v1","metadata":{"name":%q,"namespace":%q,"uid":"u-%s","resourceVersion":"%d",`+
		`"managedFields":[{"manager":"kubectl","fieldsV1":{"f:data":{".":{},"f:password":{}}}}]},"data":{"password":%q},"type":%q}`,
		name, ns, name, rv, base64.StdEncoding.EncodeToString([]byte(value)), secretType)
}

// sink keeps what it is told, as no sink of the program may.
type sink struct {
	mu sync.Mutex
	// values are those of each Secret; told is everything in order.
	values map[string]string
	told   []string
	data   [][]byte
}

func (s *sink) Put(key Key, secretType string, data map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var values []string
	for _, k := range slices.Sorted(maps.Keys(data)) {
		values = append(values, k+"="+string(data[k]))
		s.data = append(s.data, data[k])
	}
	name := string(key.Namespace) + "/" + key.Name
	s.values[name] = strings.Join(values, " ")
	s.told = append(s.told, "put "+name)
}

func (s *sink) Unread(key Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, "unread "+string(key.Namespace)+"/"+key.Name)
}

func (s *sink) Forget(key Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := string(key.Namespace) + "/" + key.Name
	delete(s.values, name)
	s.told = append(s.told, "forget "+name)
}

func (s *sink) Listed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, "listed")
}

func (s *sink) Failed(err *ReadError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, "failed: "+err.Error())
}

// news returns what was told since it was asked last.
func (s *sink) news() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := strings.Join(s.told, ", ")
	s.told = nil
	return told
}

func (s *sink) expect(t *testing.T, want string) {
	t.Helper()
	if got := s.news(); got != want {
		t.Errorf("told\n%s\nwant\n%s", got, want)
	}
}

// bench is a source at work on a server.
type bench struct {
	*Source

	server *server
	sink   *sink
	log    *strings.Builder
}

// run runs a source against the server until check is done, in a bubble whose
// clock stands still unless everybody waits. The bubble fails a test that leaves
// a goroutine behind.
func run(t *testing.T, s *server, change func(*Options), check func(t *testing.T, b bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		out, log := &sink{values: map[string]string{}}, &strings.Builder{}
		opts := Options{
			Server: s, Sink: out, PageSize: 2, Describe: kube.Describe,
			Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		}
		if change != nil {
			change(&opts)
		}
		src, err := New(opts)
		if err != nil {
			t.Fatal(err)
		}
		if st := src.Status(); st.State != event.SourceStarting || st.Scope != "*" {
			t.Errorf("at first: %+v", st)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); src.Run(ctx) }()
		synctest.Wait()
		check(t, bench{src, s, out, log})
		cancel()
		<-done
		if st := src.Status(); st.State != event.SourceStopped {
			t.Errorf("in the end: %+v", st)
		}
	})
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
