package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// recordingServer serves recorded objects and events as an API server that streams
// lists does, and changes nothing any more. The real one could not: what it makes has
// other UIDs and times each time.
type recordingServer struct {
	*httptest.Server
	// lists are the items by path, and gates what each list waits for.
	lists map[string][]json.RawMessage
	gates map[string]chan struct{}
	// discovery is what is served, by path.
	discovery map[string][]byte
	stop      chan struct{}
}

// Paths of the lists.
const (
	eventsPath      = "/api/v1/events"
	podsPath        = "/api/v1/pods"
	replicaSetsPath = "/apis/apps/v1/replicasets"
	deploymentsPath = "/apis/apps/v1/deployments"
)

// newRecordingServer serves the items of a list of events and one of objects. Nothing
// is listed before its gate is opened.
func newRecordingServer(t testing.TB, events, objects []byte) *recordingServer {
	t.Helper()
	s := &recordingServer{lists: map[string][]json.RawMessage{}, gates: map[string]chan struct{}{}, stop: make(chan struct{})}
	s.discovery = map[string][]byte{"/api": discoveryOf(t, unzipped(t, "api.json.gz")), "/apis": discoveryOf(t, unzipped(t, "apis.json.gz"))}
	for _, path := range []string{eventsPath, podsPath, replicaSetsPath, deploymentsPath} {
		s.gates[path] = make(chan struct{})
	}
	kinds := map[string]string{"Pod": podsPath, "ReplicaSet": replicaSetsPath, "Deployment": deploymentsPath, "Event": eventsPath}
	for _, data := range [][]byte{events, objects} {
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			var head struct{ Kind string }
			if err := json.Unmarshal(item, &head); err != nil || kinds[head.Kind] == "" {
				t.Fatalf("kind %q: %v", head.Kind, err)
			}
			s.lists[kinds[head.Kind]] = append(s.lists[kinds[head.Kind]], item)
		}
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(func() { close(s.stop); s.Close() })
	return s
}

// open lets lists be read.
func (s *recordingServer) open(paths ...string) {
	for _, path := range paths {
		close(s.gates[path])
	}
}

func (s *recordingServer) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone needs no answer.
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	gate, listed := s.gates[r.URL.Path]
	q := r.URL.Query()
	switch {
	case r.URL.Path == "/version":
		say(`{"major":"1","minor":"36","gitVersion":"v1.36.0"}`)
	case strings.HasSuffix(r.URL.Path, "/namespaces/kube-system"):
		say(`{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system","uid":"recorded"}}`)
	case s.discovery[r.URL.Path] != nil:
		_, _ = w.Write(s.discovery[r.URL.Path])
	case !listed:
		http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`, http.StatusNotFound)
	case q.Get("watch") != "true":
		say(`{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"100000"},"items":[]}`)
	default:
		if q.Get("sendInitialEvents") != "" {
			select {
			case <-gate:
			case <-r.Context().Done():
				return
			case <-s.stop:
				return
			}
			for _, item := range s.lists[r.URL.Path] {
				say(`{"type":"ADDED","object":%s}`+"\n", item)
			}
			say(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"100000","annotations":{"k8s.io/initial-events-end":"true"}}}}` + "\n")
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-s.stop:
		}
	}
}

// discoveryOf is what a server said that it serves, but that of all kinds only those
// recorded can be watched: nothing is known of the others.
func discoveryOf(t testing.TB, recorded []byte) []byte {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(recorded, &v); err != nil {
		t.Fatal(err)
	}
	for _, group := range v["items"].([]any) {
		versions, _ := group.(map[string]any)["versions"].([]any)
		for _, version := range versions {
			for _, r := range version.(map[string]any)["resources"].([]any) {
				resource := r.(map[string]any)
				switch resource["resource"] {
				case "pods", "replicasets", "deployments":
				default:
					resource["verbs"] = []string{"get"}
				}
			}
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
