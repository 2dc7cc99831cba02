package objects

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
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
)

// server stands in for the network: by itself it answers as an API server that
// streams lists does, and otherwise as a test says.
type server struct {
	// answer is asked first; nil leaves the answer to the server.
	answer func(r request) *http.Response

	mu       sync.Mutex
	groups   []discovered
	objects  map[string][]string
	frames   map[string][]chan string
	requests []request
	identity string
	rv       int
}

// discovered is a group version as discovery shows it.
type discovered struct {
	group, version, freshness string
	resources                 []served
}

type served struct {
	name, kind string
	namespaced bool
	verbs      []string
}

type request struct {
	path, accept string
	query        url.Values
	done         <-chan struct{}
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
	case r.query.Get("limit") != "":
		return "list"
	default:
		return "get"
	}
}

// cluster returns a server of the kinds given, which can be listed and watched.
func cluster(kinds ...string) *server {
	s := &server{objects: map[string][]string{}, frames: map[string][]chan string{}, identity: "cluster-uid", rv: 100}
	for _, k := range kinds {
		s.serve(k)
	}
	return s
}

// serve adds a kind: group/version/plural/Kind, with a ! where it is
// cluster-scoped.
func (s *server) serve(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, clusterScoped := strings.CutSuffix(kind, "!")
	parts := strings.Split(k, "/")
	s.groups = append(s.groups, discovered{group: parts[0], version: parts[1], resources: []served{
		{name: parts[2], kind: parts[3], namespaced: !clusterScoped, verbs: []string{"get", "list", "watch"}},
	}})
}

func (s *server) withdraw(group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups = slices.DeleteFunc(s.groups, func(d discovered) bool { return d.group == group })
}

func (s *server) discovery(core bool) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	type m = map[string]any
	byName, order := map[string][]any{}, []string{}
	for _, g := range s.groups {
		if (g.group == "") != core {
			continue
		}
		var resources []any
		for _, r := range g.resources {
			scope := "Cluster"
			if r.namespaced {
				scope = "Namespaced"
			}
			resources = append(resources, m{
				"resource": r.name, "scope": scope, "verbs": r.verbs, "responseKind": m{"kind": r.kind},
				"subresources": []any{m{"subresource": "status", "verbs": []string{"get"}}},
			})
		}
		if byName[g.group] == nil {
			order = append(order, g.group)
		}
		byName[g.group] = append(byName[g.group], m{"version": g.version, "freshness": cmp.Or(g.freshness, "Current"), "resources": resources})
	}
	items := []any{}
	for _, name := range order {
		items = append(items, m{"metadata": m{"name": name}, "versions": byName[name]})
	}
	data, err := json.Marshal(m{"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})
	if err != nil {
		panic(err)
	}
	return response(200, bytes.NewReader(data))
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	r := request{path: req.URL.Path, accept: req.Header.Get("Accept"), query: req.URL.Query(), done: req.Context().Done()}
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	var resp *http.Response
	if s.answer != nil {
		resp = s.answer(r)
	}
	switch {
	case resp != nil:
	case r.path == "/api" || r.path == "/apis":
		resp = s.discovery(r.path == "/api")
	default:
		resp = s.collection(r)
	}
	resp.Request = req
	return resp, nil
}

// collection answers as an API server does that streams lists.
func (s *server) collection(r request) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.watch() {
		return response(200, strings.NewReader(fmt.Sprintf(`{"metadata":{"resourceVersion":"%d"},"items":[%s]}`, s.rv, strings.Join(s.objects[r.path], ","))))
	}
	var first []string
	if r.query.Get("sendInitialEvents") != "" {
		for _, o := range s.objects[r.path] {
			first = append(first, `{"type":"ADDED","object":`+o+`}`)
		}
		first = append(first, fmt.Sprintf(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"%d","annotations":{"k8s.io/initial-events-end":"true"}}}}`, s.rv))
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

// tell says in all watches of a path what happened to an object.
func (s *server) tell(path, kind, object string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rv++
	for _, w := range s.frames[path] {
		w <- fmt.Sprintf(`{"type":%q,"object":%s}`, kind, object)
	}
}

// hang ends all watches of a path.
func (s *server) hang(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.frames[path] {
		close(w)
	}
	s.frames[path] = nil
}

// said returns the requests for a path.
func (s *server) said(path string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, r := range s.requests {
		if r.path == path {
			all = append(all, r.String())
		}
	}
	return all
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
	resp := response(200, pr)
	resp.Body = pr
	return resp
}

func response(code int, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode: code, Status: http.StatusText(code), Body: io.NopCloser(body),
		Header: http.Header{"Content-Type": {"application/json"}}, ProtoMajor: 1, ProtoMinor: 1,
	}
}

func failure(code int, reason metav1.StatusReason, message string) *http.Response {
	return response(code, strings.NewReader(fmt.Sprintf(
		`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)))
}

func objectOf(ns, name string, rv int) string {
	return fmt.Sprintf(`{"metadata":{"namespace":%q,"name":%q,"uid":%q,"resourceVersion":"%d"}}`, ns, name, name, rv)
}

// bench is a source at work on a server.
type bench struct {
	*Source
	server *server
	index  *index
	log    *logged
}

// run runs a source against the server until check is done, in a bubble whose
// clock stands still unless everybody waits. The bubble fails a test that leaves
// a goroutine behind.
func run(t *testing.T, s *server, change func(*Options), check func(t *testing.T, b bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ix := &index{lists: map[string]uint64{}, live: map[string]event.Live{}, whole: map[string]string{}, unreadable: map[string]bool{}}
		log := &logged{}
		opts := Options{
			Server: s, Index: ix, Catalog: ix, Sink: ix, Decode: metadata, PageSize: 2,
			Logger: slog.New(slog.NewTextHandler(log, nil)), Describe: func(err error) string { return err.Error() },
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
		synctest.Wait()
		check(t, bench{src, s, ix, log})
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

func isSynced(s *Source) bool {
	select {
	case <-s.Synced():
		return true
	default:
		return false
	}
}
