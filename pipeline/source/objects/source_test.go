package objects

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	pods    = "/api/v1/pods"
	widgets = "/apis/example.com/v1/widgets"
	crds    = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
)

func TestFollowsObjects(t *testing.T) {
	s := cluster("/v1/pods/Pod", "apps/v1/deployments/Deployment", "/v1/configmaps/ConfigMap")
	s.set(pods, objectOf("shop", "a", 3), objectOf("shop", "b", 4))
	s.set("/api/v1/configmaps", objectOf("shop", "c", 5))
	reads := func(o *Options) { o.Reads = func(r event.APIResource) bool { return r.Kind != "ConfigMap" } }
	run(t, s, reads, func(t *testing.T, b bench) {
		if got := b.index.String(); got != "configmaps shop/c@5, pods shop/a@3, pods shop/b@4" || !isSynced(b.Source) {
			t.Errorf("after the list: %s, synced %v", got, isSynced(b.Source))
		}
		if b.index.whole["pods shop/a"] != objectOf("shop", "a", 3) || b.index.whole["configmaps shop/c"] != "" {
			t.Errorf("whole %v", b.index.whole)
		}
		s.tell(pods, "MODIFIED", objectOf("shop", "a", 101))
		s.tell(pods, "DELETED", objectOf("shop", "b", 102))
		s.tell(pods, "ADDED", objectOf("shop", "c", 103))
		pass(0)
		if got := b.index.String(); got != "configmaps shop/c@5, pods shop/a@101, pods shop/c@103" {
			t.Errorf("after changes: %s", got)
		}
		if st := b.Status(); st.State != event.SourceWatching || st.Scope != "*" || st.Error != "" || st.Reconnects != 0 || st.LastReceived.IsZero() {
			t.Errorf("status %+v", st)
		}
		if st := b.Objects(); st.Kinds != 3 || st.Synced != 3 || len(st.Troubled) != 0 {
			t.Errorf("objects %+v", st)
		}
		for _, r := range s.requests {
			if metadata := strings.Contains(r.accept, "as=PartialObjectMetadata"); r.watch() && metadata != strings.HasSuffix(r.path, "configmaps") {
				t.Errorf("%s %s: accept %s", r, r.path, r.accept)
			}
		}
		if b.log.String() != "" {
			t.Errorf("log\n%s", b.log)
		}
	})
}

// One kind that is forbidden and one whose conversion webhook fails must not
// disturb the others, nor fill the log.
func TestTroubleStaysAlone(t *testing.T) {
	s := cluster("/v1/pods/Pod", "/v1/secrets/Secret", "/v1/configmaps/ConfigMap", "example.com/v1/widgets/Widget")
	var allowed, mended atomic.Bool
	s.set("/api/v1/secrets", objectOf("shop", "s", 5))
	s.answer = func(r request) *http.Response {
		switch {
		case strings.HasSuffix(r.path, "/secrets") && !allowed.Load(), strings.HasSuffix(r.path, "/configmaps"):
			return failure(403, metav1.StatusReasonForbidden, `is forbidden: User "live" cannot list`)
		case r.path == widgets && !mended.Load():
			return failure(500, metav1.StatusReasonInternalError, "conversion webhook for example.com/v2, Kind=Widget failed")
		}
		return nil
	}
	run(t, s, nil, func(t *testing.T, b bench) {
		if b.index.cannotRead("widgets.example.com") {
			t.Error("a kind that has just failed is given up")
		}
		pass(time.Hour)
		s.tell(pods, "ADDED", objectOf("shop", "c", 103))
		pass(0)
		if got := b.index.String(); got != "pods shop/c@103" || !isSynced(b.Source) {
			t.Errorf("index %s, synced %v", got, isSynced(b.Source))
		}
		streamed := slices.DeleteFunc(s.said(pods), func(r string) bool { return strings.HasPrefix(r, "watch") })
		if len(streamed) != 1 {
			t.Errorf("pods were listed: %v", streamed)
		}
		st := b.Objects()
		if st.Kinds != 4 || st.Synced != 1 || len(st.Troubled) != 3 {
			t.Fatalf("objects %+v", st)
		}
		for i, want := range []event.KindState{event.KindForbidden, event.KindForbidden, event.KindBackingOff} {
			if got := st.Troubled[i]; got.State != want || got.Error == "" || time.Since(got.Since) < 50*time.Minute {
				t.Errorf("troubled %+v, want %s", got, want)
			}
		}
		if !b.index.cannotRead("secrets") || !b.index.cannotRead("configmaps") || !b.index.cannotRead("widgets.example.com") {
			t.Error("one that cannot be read can be")
		}
		if n := len(s.said("/api/v1/secrets")); n < 10 || n > 20 {
			t.Errorf("secrets were asked for %d times in an hour", n)
		}
		if n := len(s.said(widgets)); n < 60 || n > 400 {
			t.Errorf("widgets were asked for %d times in an hour", n)
		}
		log := b.log.String()
		if strings.Count(log, "\n") != 2 || !strings.Contains(log, `kinds="configmaps, secrets" count=2`) || !strings.Contains(log, "conversion webhook") {
			t.Errorf("log\n%s", log)
		}

		allowed.Store(true)
		mended.Store(true)
		pass(10 * time.Minute)
		if got := b.index.String(); got != "pods shop/c@103, secrets shop/s@5" {
			t.Errorf("index %s", got)
		}
		if st := b.Objects(); st.Synced != 3 || len(st.Troubled) != 1 || b.index.cannotRead("secrets") || b.index.cannotRead("widgets.example.com") {
			t.Errorf("objects %+v", st)
		}
	})
}

// A server that closes every watch each second costs a request each second.
func TestServerThatClosesEveryWatch(t *testing.T) {
	s := cluster("/v1/pods/Pod", "/v1/services/Service")
	s.set(pods, objectOf("shop", "a", 3))
	run(t, s, nil, func(t *testing.T, b bench) {
		for i := range 300 {
			s.tell(pods, "MODIFIED", objectOf("shop", "a", 101+i))
			pass(time.Second)
			s.hang(pods)
			s.hang("/api/v1/services")
			pass(0)
		}
		said := s.said(pods)
		if n := len(said); n < 200 || n > 320 {
			t.Errorf("%d requests in 300 s", n)
		}
		for _, r := range said[1:] {
			if !strings.HasPrefix(r, "watch from=") {
				t.Errorf("request %s", r)
			}
		}
		if b.log.String() != "" || b.Status().Relists != 0 || len(b.Objects().Troubled) != 0 {
			t.Errorf("status %+v, log\n%s", b.Status(), b.log)
		}
		pass(5 * time.Second)
		s.tell(pods, "MODIFIED", objectOf("shop", "a", 999))
		pass(0)
		if got := b.index.String(); got != "pods shop/a@999" {
			t.Errorf("index %s", got)
		}
	})
}

// A list that has to be read anew finds out what is gone.
func TestExpiredVersion(t *testing.T) {
	for _, said := range []string{"in the stream", "as the answer"} {
		s := cluster("/v1/pods/Pod", "/v1/services/Service")
		s.set(pods, objectOf("shop", "a", 3), objectOf("shop", "b", 4))
		s.set("/api/v1/services", objectOf("shop", "s", 3))
		var expired atomic.Bool
		s.answer = func(r request) *http.Response {
			if r.path == pods && expired.Load() && r.watch() && r.query.Get("sendInitialEvents") == "" {
				expired.Store(false)
				return failure(410, metav1.StatusReasonExpired, "too old resource version")
			}
			return nil
		}
		t.Run(said, func(t *testing.T) {
			run(t, s, nil, func(t *testing.T, b bench) {
				s.set(pods, objectOf("shop", "b", 104))
				if said == "in the stream" {
					s.tell(pods, "ERROR", `{"kind":"Status","status":"Failure","reason":"Expired","code":410}`)
				} else {
					expired.Store(true)
					s.hang(pods)
				}
				pass(5 * time.Second)
				if got := b.index.String(); got != "pods shop/b@104, services shop/s@3" {
					t.Errorf("index %s; requests %v", got, s.said(pods))
				}
				if st := b.Status(); st.Relists != 1 || st.Reconnects != 0 || len(s.said("/api/v1/services")) != 1 {
					t.Errorf("status %+v", st)
				}
			})
		})
	}
}

func TestPagedLists(t *testing.T) {
	s := cluster("/v1/pods/Pod")
	s.set(pods, objectOf("shop", "a", 3), objectOf("shop", "b", 4))
	s.answer = func(r request) *http.Response {
		if r.query.Get("sendInitialEvents") != "" {
			return failure(422, metav1.StatusReasonInvalid, "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
		}
		return nil
	}
	run(t, s, nil, func(t *testing.T, b bench) {
		if got := b.index.String(); got != "pods shop/a@3, pods shop/b@4" {
			t.Errorf("index %s", got)
		}
		if got := strings.Join(s.said(pods), ", "); got != "streamlist, list, watch from=100" {
			t.Errorf("requests %s", got)
		}
	})
}

// A cluster that was restored from a backup, or made anew, must not leave behind
// what only the former one had.
func TestAnotherCluster(t *testing.T) {
	for name, change := range map[string]func(*server){
		"restored": func(s *server) { s.rv = 50 },
		"new":      func(s *server) { s.identity, s.rv = "another", 5_000 },
	} {
		s := cluster("/v1/pods/Pod")
		s.set(pods, objectOf("shop", "a", 90))
		var down atomic.Bool
		s.answer = func(request) *http.Response {
			if down.Load() {
				return failure(503, metav1.StatusReasonServiceUnavailable, "starting")
			}
			return nil
		}
		t.Run(name, func(t *testing.T) {
			run(t, s, nil, func(t *testing.T, b bench) {
				down.Store(true)
				s.hang(pods)
				pass(5 * time.Second)
				down.Store(false)
				s.set(pods, objectOf("shop", "old", 40))
				s.mu.Lock()
				change(s)
				s.mu.Unlock()
				pass(time.Minute)
				if got := b.index.String(); got != "pods shop/old@40" {
					t.Errorf("index %s; requests %v", got, s.said(pods))
				}
			})
		})
	}
}

func TestServerThatIsAway(t *testing.T) {
	s := cluster("/v1/pods/Pod")
	var down atomic.Bool
	down.Store(true)
	s.answer = func(request) *http.Response {
		if down.Load() {
			return failure(503, metav1.StatusReasonServiceUnavailable, "starting")
		}
		return nil
	}
	run(t, s, nil, func(t *testing.T, b bench) {
		pass(10 * time.Minute)
		if st := b.Status(); st.State != event.SourceBackingOff || st.Error == "" || st.Reconnects < 10 || isSynced(b.Source) {
			t.Errorf("status %+v", st)
		}
		if n := strings.Count(b.log.String(), "\n"); n != 1 {
			t.Errorf("log\n%s", b.log)
		}
		down.Store(false)
		pass(time.Minute)
		if st := b.Status(); st.State != event.SourceWatching || st.Error != "" || !isSynced(b.Source) {
			t.Errorf("status %+v", st)
		}
	})
}

// What cannot be read is counted and named, and stops nobody.
func TestHostileObjects(t *testing.T) {
	s := cluster("/v1/pods/Pod")
	huge := `{"metadata":{"name":"huge","namespace":"shop","uid":"h","resourceVersion":"7","annotations":{"x":"` + strings.Repeat("x", 5<<20) + `"}}}`
	s.set(pods, `{"metadata":{"name":7}}`, huge, `{"metadata":{"name":"deep","x":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}}`, objectOf("shop", "a", 3))
	run(t, s, nil, func(t *testing.T, b bench) {
		if got := b.index.String(); got != "pods shop/a@3" {
			t.Errorf("index %s", got)
		}
		if got := b.Unread()[event.GroupResource{Resource: "pods"}]; got != 3 {
			t.Errorf("%d objects were not read", got)
		}
		if n := strings.Count(b.log.String(), "\n"); n != 1 {
			t.Errorf("log\n%s", b.log)
		}
		s.tell(pods, "MODIFIED", huge)
		s.tell(pods, "MODIFIED", objectOf("shop", "a", 9))
		pass(sayAgain)
		s.tell(pods, "MODIFIED", huge)
		pass(time.Second)
		if log := b.log.String(); b.index.String() != "pods shop/a@9" || !strings.Contains(log, `namespace=shop name=huge error="too large" so_far=5`) {
			t.Errorf("index %s, log\n%s", b.index, log)
		}
	})
}
