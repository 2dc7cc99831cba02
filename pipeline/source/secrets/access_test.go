package secrets

import (
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

const forbiddenEverywhere = "failed: read secrets in all namespaces: the API server answered 403 Forbidden; " +
	"grant get, list and watch of secrets, as conf/rbac-secrets.yaml does"

func TestForbidden(t *testing.T) {
	s := cluster()
	s.set(all, secretOf("a", "one", 1, "x"))
	s.refuse(all)
	run(t, s, nil, func(t *testing.T, b bench) {
		b.sink.expect(t, forbiddenEverywhere)
		if err := b.Failing(); err == nil || !err.Forbidden {
			t.Errorf("failing: %v", err)
		}
		if err := b.Check(t.Context()); err == nil || !err.Forbidden {
			t.Errorf("check: %v", err)
		}
		pass(20 * time.Second)
		if got := s.said(all); got != "streamlist, probe, streamlist" {
			t.Error(got)
		}
		if st := b.Status(); st.State != event.SourceBackingOff || !strings.Contains(st.Error, "403") {
			t.Errorf("status %+v", st)
		}
		s.says(nil)
		pass(2 * forbidden)
		b.sink.expect(t, "put a/one, listed")
		if err := b.Check(t.Context()); err != nil {
			t.Errorf("check: %v", err)
		}

		// The right is taken away. Values that were known stay so.
		s.refuse(all)
		s.hang()
		pass(2 * time.Second)
		b.sink.expect(t, forbiddenEverywhere)
		if n, _ := b.Count(); n != 1 {
			t.Errorf("%d Secrets", n)
		}
	})
}

func TestWatchingIsForbidden(t *testing.T) {
	s := cluster()
	s.says(func(r request) *http.Response {
		if r.watch() {
			return refusal()
		}
		return nil
	})
	run(t, s, nil, func(t *testing.T, b bench) {
		b.sink.expect(t, forbiddenEverywhere)
		if err := b.Check(t.Context()); err == nil || !err.Forbidden {
			t.Errorf("check: %v", err)
		}
	})
}

func TestNamespacesWhereAllIsForbidden(t *testing.T) {
	s := cluster()
	s.set(in("a"), secretOf("a", "one", 1, "x"))
	s.set(in("b"), secretOf("b", "two", 2, "x"))
	s.refuse(all, in("b"))
	namespaces := func(o *Options) { o.Namespaces = []event.Namespace{"a", "b"} }
	run(t, s, namespaces, func(t *testing.T, b bench) {
		got := b.sink.news()
		if !strings.Contains(got, "put a/one") || !strings.Contains(got, "failed: read secrets in b: the API server answered 403") || strings.Contains(got, "listed") {
			t.Errorf("told %q", got)
		}
		if err := b.Check(t.Context()); err == nil || !err.Forbidden || !strings.Contains(err.Error(), "in b") {
			t.Errorf("check: %v", err)
		}
		s.refuse(all)
		pass(20 * time.Second)
		b.sink.expect(t, "put b/two, listed")
		if st := b.Status(); st.Scope != "a,b" || st.State != event.SourceWatching {
			t.Errorf("status %+v", st)
		}
		if err := b.Check(t.Context()); err != nil {
			t.Errorf("check: %v", err)
		}

		// A Secret vanishes from one namespace: the others stay.
		s.set(in("a"))
		s.tell(in("a"), gone())
		pass(2 * time.Second)
		b.sink.expect(t, "forget a/one")

		// All may be read after all.
		s.set(all, secretOf("b", "two", 2, "x"), secretOf("c", "three", 3, "x"))
		s.says(nil)
		pass(2 * forbidden)
		b.sink.expect(t, "put b/two, put c/three")
		if st := b.Status(); st.Scope != "*" || st.State != event.SourceWatching {
			t.Errorf("status %+v", st)
		}

		// And no more: what is elsewhere is kept.
		s.refuse(all)
		s.hang()
		pass(10 * time.Second)
		b.sink.expect(t, "put b/two")
		if n, _ := b.Count(); n != 2 {
			t.Errorf("%d Secrets", n)
		}
	})
}

// TestNamespacesAreEnteredOnce has a server let all Secrets be listed and not be
// watched.
func TestNamespacesAreEnteredOnce(t *testing.T) {
	s := cluster()
	s.says(func(r request) *http.Response {
		if r.path == all && r.watch() {
			return refusal()
		}
		return nil
	})
	run(t, s, func(o *Options) { o.Namespaces = []event.Namespace{"a"} }, func(t *testing.T, b bench) {
		pass(10 * forbidden)
		b.sink.expect(t, "listed")
		if got := s.said(in("a")); strings.Count(got, "streamlist") != 1 {
			t.Error(got)
		}
	})
}

func TestServerErrorsAreNoRefusal(t *testing.T) {
	s := cluster()
	s.says(func(request) *http.Response {
		return answered(503, metav1.StatusReasonServiceUnavailable, "starting")
	})
	run(t, s, func(o *Options) { o.Namespaces = []event.Namespace{"a"} }, func(t *testing.T, b bench) {
		pass(time.Minute)
		b.sink.expect(t, "failed: read secrets in all namespaces: the API server answered 503 Service Unavailable")
		if err := b.Check(t.Context()); err == nil || err.Forbidden {
			t.Errorf("check: %v", err)
		}
		if got := s.said(in("a")); got != "" {
			t.Error(got)
		}
	})
}

func TestNamespaceThatIsNone(t *testing.T) {
	if _, err := New(Options{Namespaces: []event.Namespace{"a/../b"}}); err == nil {
		t.Error("accepted")
	}
}
