package bridge

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// apiServer serves a number of events as a streamed list and then as an open
// watch, which is all that an instance asks of a server. The end-to-end tests
// use a real one.
func apiServer(t testing.TB, events int) *httptest.Server {
	t.Helper()
	stop := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		q := r.URL.Query()
		say := func(format string, args ...any) {
			// A client that has gone needs no answer.
			_, _ = fmt.Fprintf(w, format, args...)
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/namespaces/kube-system"):
			say(`{"metadata":{"name":"kube-system","uid":"cluster-1"}}`)
		case q.Get("watch") != "true":
			say(`{"metadata":{"resourceVersion":"%d"},"items":[]}`, events)
		default:
			if q.Get("sendInitialEvents") != "" {
				now := time.Now().UTC().Format(time.RFC3339)
				for i := 1; i <= events; i++ {
					say(`{"type":"ADDED","object":{"metadata":{"name":"e%d","namespace":"shop","uid":"u%d","resourceVersion":"%d","creationTimestamp":%q},"regarding":{"kind":"Pod","name":"web"},"reason":"Started","note":"Started container"}}`+"\n", i, i, i, now)
				}
				say(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"%d","annotations":{"k8s.io/initial-events-end":"true"}}}}`+"\n", events)
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-stop:
			}
		}
	}))
	t.Cleanup(func() { close(stop); srv.Close() })
	return srv
}

// options are those of an instance that reads srv.
func options(t testing.TB, srv *httptest.Server, more map[string]string) Getter {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: %q}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n", srv.URL)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(key string) string {
		if key == "kube_config" {
			return kubeconfig
		}
		if v, ok := more[key]; ok {
			return v
		}
		if key == "interval_nsec" {
			return "1" // the tests do not wait for a pace
		}
		return ""
	}
}

// log is a log that may be written while it is read.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// collect collects until n event records have come and returns their ids.
func collect(t testing.TB, inst *Instance, n int) map[string]int {
	t.Helper()
	ids := map[string]int{}
	deadline := time.Now().Add(20 * time.Second)
	for len(ids) < n {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d records within 20 s", len(ids), n)
		}
		for _, id := range recordIDs(t, inst.Collect()) {
			ids[id]++
		}
		time.Sleep(5 * time.Millisecond)
	}
	return ids
}

// recordIDs decodes what Fluent Bit is given, with another library's decoder.
func recordIDs(t testing.TB, data []byte) []string {
	t.Helper()
	var ids []string
	for len(data) > 0 {
		v, rest, err := msgp.ReadIntfBytes(data)
		if err != nil {
			t.Fatal(err)
		}
		data = rest
		body := v.([]any)[1].(map[string]any)
		if body["type"] == "event" {
			ids = append(ids, body["id"].(string))
		}
	}
	return ids
}

func TestARestartRepeatsNothing(t *testing.T) {
	srv := apiServer(t, 100)
	var out log
	get := options(t, srv, map[string]string{"db": filepath.Join(t.TempDir(), "c.db")})
	inst, err := Open(get, 0, "test", &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	collect(t, inst, 100)
	// The host comes back, after it had the time: it has the batch.
	time.Sleep(settled)
	inst.Collect()
	inst.Close()
	inst.Close()

	inst, err = Open(get, 0, "test", &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	defer inst.Close()
	deadline := time.Now().Add(2 * time.Second)
	for time.Now().Before(deadline) {
		if ids := recordIDs(t, inst.Collect()); len(ids) > 0 {
			t.Fatalf("repeated %v", ids)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAKillRepeatsTheBatchAndNoMore(t *testing.T) {
	srv := apiServer(t, 100)
	var out log
	dir := t.TempDir()
	get := options(t, srv, map[string]string{"db": filepath.Join(dir, "c.db")})
	inst, err := Open(get, 0, "test", &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	first := collect(t, inst, 100)
	inst.Close() // at once: the host may not have passed it on
	if !strings.Contains(out.String(), "uncommitted=") {
		t.Errorf("the log does not say what is left uncommitted:\n%s", &out)
	}
	inst, err = Open(get, 0, "test", &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	defer inst.Close()
	for id := range collect(t, inst, 1) {
		if first[id] == 0 {
			t.Errorf("%s is new", id)
		}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	srv := apiServer(t, 10)
	for range 50 {
		var out log
		inst, err := Open(options(t, srv, map[string]string{"db": filepath.Join(t.TempDir(), "c.db")}), 0, "test", &out)
		if err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		collect(t, inst, 10)
		inst.Close()
	}
	// goleak in TestMain finds what is left.
}

func TestMistakesAreLoggedAndAbortTheStart(t *testing.T) {
	srv := apiServer(t, 0)
	for want, more := range map[string]map[string]string{
		`did you mean "kube_namespace"`: {"kube_namspace": "shop"},
		"kube_retention_time":           {"kube_retention_time": "soon"},
		"kube_field_selector":           {"kube_field_selector": "reason"},
		"db":                            {"db": "/does/not/exist/c.db"},
	} {
		var out log
		var set Instances
		if set.Open(options(t, srv, more), 1, func(Handle) bool { t.Error("bound"); return true }, "test", &out) {
			t.Errorf("%v: started", more)
			set.CloseAll()
		}
		if !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "[error] [input:live_status:live_status.0] ") {
			t.Errorf("%v: the log does not say %s:\n%s", more, want, &out)
		}
	}
}

func TestASecondInstanceOnTheSameFileIsToldWhoHoldsIt(t *testing.T) {
	srv := apiServer(t, 0)
	var out log
	get := options(t, srv, map[string]string{"db": filepath.Join(t.TempDir(), "c.db")})
	var set Instances
	defer set.CloseAll()
	bind := func(Handle) bool { return true }
	if !set.Open(get, 1, bind, "test", &out) {
		t.Fatal(out.String())
	}
	if set.Open(get, 1, bind, "test", &out) {
		t.Fatal("two instances share a cursor")
	}
	if !strings.Contains(out.String(), "live_status.0") || !strings.Contains(out.String(), fmt.Sprint(os.Getpid())) {
		t.Errorf("the holder is not named:\n%s", &out)
	}
}

func TestInstances(t *testing.T) {
	srv := apiServer(t, 5)
	var out log
	var set Instances
	var handles []Handle
	for thread := range Thread(2) {
		if !set.Open(options(t, srv, nil), thread, func(h Handle) bool { handles = append(handles, h); return true }, "test", &out) {
			t.Fatal(out.String())
		}
	}
	if handles[0] == handles[1] || handles[0] == 0 {
		t.Errorf("handles %v", handles)
	}
	if !strings.Contains(out.String(), "live_status.1") {
		t.Errorf("the second instance is not called live_status.1:\n%s", &out)
	}
	// A pause says nothing but on which thread it is: it must reach that one.
	set.Pause(0)
	set.Pause(7)
	deadline := time.Now().Add(10 * time.Second)
	for n := 0; n < 5; n += len(recordIDs(t, set.Collect(handles[1]))) {
		if got := set.Collect(handles[0]); got != nil {
			t.Fatal("a paused instance collected")
		}
		if time.Now().After(deadline) {
			t.Fatal("the other instance was paused")
		}
	}
	set.Resume(0)
	for set.Collect(handles[0]) == nil {
		if time.Now().After(deadline) {
			t.Fatal("the instance was not resumed")
		}
	}
	set.CloseAll()
	set.CloseAll()
	set.Pause(0)
	set.Refused(handles[0])
	if got := set.Collect(handles[0]); got != nil {
		t.Errorf("a closed instance collected %d bytes", len(got))
	}
	if set.Open(options(t, srv, nil), 1, func(Handle) bool { return false }, "test", &out) {
		t.Error("started without a context to be found by")
	}
	if got := set.Collect(0); got != nil {
		t.Error("handle zero collects")
	}
}
