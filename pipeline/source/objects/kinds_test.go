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

func TestWhichKinds(t *testing.T) {
	all := []string{
		"/v1/pods/Pod", "/v1/events/Event", "/v1/secrets/Secret", "/v1/nodes/Node!", "/v1/endpoints/Endpoints",
		"apps/v1/deployments/Deployment", "apps/v1/controllerrevisions/ControllerRevision", "events.k8s.io/v1/events/Event",
		"coordination.k8s.io/v1/leases/Lease", "extensions/v1beta1/ingresses/Ingress", "extensions/v1beta1/deployments/Deployment",
		"networking.k8s.io/v1/ingresses/Ingress", "metrics.k8s.io/v1beta1/pods/PodMetrics", "example.com/v1/widgets/Widget",
		"a.example.com/v1/gadgets/Gadget",
	}
	const usual = "deployments.apps gadgets.a.example.com ingresses.networking.k8s.io nodes pods secrets widgets.example.com"
	for _, tt := range []struct {
		name             string
		include, exclude []string
		only             []string
		namespaces       []event.Namespace
		want             string
	}{
		{name: "by default", want: usual},
		{name: "a group left out, with those below it", exclude: []string{"*.example.com"}, want: "deployments.apps ingresses.networking.k8s.io nodes pods secrets"},
		{name: "one of the core group", exclude: []string{"secrets", "pods"}, want: "deployments.apps gadgets.a.example.com ingresses.networking.k8s.io nodes widgets.example.com"},
		{name: "a plural without its group", exclude: []string{"deployments", "Widgets"}, want: "gadgets.a.example.com ingresses.networking.k8s.io nodes pods secrets"},
		{name: "included", include: []string{"leases.coordination.k8s.io", "controllerrevisions"}, want: "controllerrevisions.apps deployments.apps gadgets.a.example.com ingresses.networking.k8s.io leases.coordination.k8s.io nodes pods secrets widgets.example.com"},
		{name: "events by either name", include: []string{"events"}, want: "deployments.apps events.events.k8s.io gadgets.a.example.com ingresses.networking.k8s.io nodes pods secrets widgets.example.com"},
		{name: "exclude outweighs include", include: []string{"*"}, exclude: []string{"*"}, want: ""},
		{name: "everything once", include: []string{"*"}, want: "controllerrevisions.apps deployments.apps endpoints events.events.k8s.io gadgets.a.example.com ingresses.networking.k8s.io leases.coordination.k8s.io nodes pods pods.metrics.k8s.io secrets widgets.example.com"},
		{name: "by an older group", exclude: []string{"*.extensions"}, want: "gadgets.a.example.com nodes pods secrets widgets.example.com"},
		{name: "those alone", only: []string{"pods", "deployments.apps", "*.a.example.com"}, want: "deployments.apps gadgets.a.example.com pods"},
		{name: "those alone, left out by default", only: []string{"leases.coordination.k8s.io"}, want: "leases.coordination.k8s.io"},
		{name: "those alone, without one", only: []string{"*"}, exclude: []string{"*.*"}, want: "endpoints nodes pods secrets"},
		{name: "some namespaces", namespaces: []event.Namespace{"shop"}, want: strings.Replace(usual, "nodes ", "", 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			change := func(o *Options) {
				o.Only, o.Include, o.Exclude, o.Namespaces = tt.only, tt.include, tt.exclude, tt.namespaces
			}
			run(t, cluster(all...), change, func(t *testing.T, b bench) {
				if got := b.index.watched(); got != tt.want {
					t.Errorf("watched\n got %s\nwant %s", got, tt.want)
				}
				if len(b.index.served) != len(all) {
					t.Errorf("%d kinds served", len(b.index.served))
				}
				if b.log.String() != "" {
					t.Errorf("log\n%s", b.log)
				}
			})
		})
	}
}

// Until the catalog is told of kinds, any object may yet come.
func TestTheCatalogIsToldThatThereAreNoKinds(t *testing.T) {
	run(t, cluster(), nil, func(t *testing.T, b bench) {
		if b.index.served == nil {
			t.Error("the catalog was told nothing")
		}
	})
}

func TestMistakesAreNamed(t *testing.T) {
	for want, opts := range map[string]Options{
		`objects_include "po ds"`: {Include: []string{"po ds"}},
		`objects_exclude "a/b"`:   {Exclude: []string{"pods", "a/b"}},
	} {
		if _, err := New(opts); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want it to begin with %s", err, want)
		}
	}
	run(t, cluster("/v1/pods/Pod"), func(o *Options) { o.Exclude = []string{"secrets", "pods"} }, func(t *testing.T, b bench) {
		if log := b.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "patterns=secrets") {
			t.Errorf("log\n%s", log)
		}
	})
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "pods", true},
		{"*.apps", "deployments.apps", true},
		{"*.apps", "apps", false},
		{"p*s", "pods", true},
		{"p*s", "ps", true},
		{"a*a", "a", false},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"a**b", "ab", true},
		{"pods", "pod", false},
	} {
		if got := glob(tt.pattern, tt.s); got != tt.want {
			t.Errorf("glob(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}

func TestDefinitionsComeAndGo(t *testing.T) {
	s := cluster("/v1/pods/Pod", "apiextensions.k8s.io/v1/customresourcedefinitions/CustomResourceDefinition!")
	run(t, s, nil, func(t *testing.T, b bench) {
		pass(time.Minute)
		s.tell(crds, "ADDED", objectOf("", "widgets.example.com", 101))
		// The server takes its time to serve what was defined.
		pass(2500 * time.Millisecond)
		s.serve("example.com/v1/widgets/Widget")
		s.set(widgets, objectOf("shop", "w", 102))
		pass(5 * time.Second)
		const defined = "customresourcedefinitions.apiextensions.k8s.io /widgets.example.com@101"
		if got := b.index.String(); got != defined+", widgets.example.com shop/w@102" || b.Objects().Kinds != 3 {
			t.Errorf("index %s", got)
		}
		// Another version is preferred now.
		s.withdraw("example.com")
		s.serve("example.com/v2/widgets/Widget")
		s.set("/apis/example.com/v2/widgets", objectOf("shop", "w", 110))
		s.tell(crds, "MODIFIED", objectOf("", "widgets.example.com", 111))
		pass(5 * time.Second)
		if got := b.index.String(); !strings.HasSuffix(got, "widgets.example.com shop/w@110") {
			t.Errorf("index %s", got)
		}
		s.withdraw("example.com")
		s.tell(crds, "DELETED", objectOf("", "widgets.example.com", 112))
		pass(5 * time.Second)
		if got := b.index.watched(); got != "customresourcedefinitions.apiextensions.k8s.io pods" || b.Objects().Kinds != 2 {
			t.Errorf("watched %s", got)
		}
		if got := strings.Join(s.said(pods), ", "); got != "streamlist" {
			t.Errorf("requests for pods: %s", got)
		}
		if b.log.String() != "" {
			t.Errorf("log\n%s", b.log)
		}
	})
}

// Without the right to read definitions, a kind that is gone is noticed by the
// answer to its watch.
func TestKindThatIsNotFound(t *testing.T) {
	s := cluster("/v1/pods/Pod", "example.com/v1/widgets/Widget")
	var there atomic.Bool
	there.Store(true)
	s.answer = func(r request) *http.Response {
		if r.path == widgets && !there.Load() {
			return failure(404, metav1.StatusReasonNotFound, "the server could not find the requested resource")
		}
		return nil
	}
	run(t, s, nil, func(t *testing.T, b bench) {
		there.Store(false)
		s.withdraw("example.com")
		s.hang(widgets)
		pass(10 * time.Second)
		if got := b.index.watched(); got != "pods" || b.log.String() != "" || len(b.Objects().Troubled) != 0 {
			t.Errorf("watched %s, log\n%s", got, b.log)
		}
	})
}

// The server of one group does not answer: what was known of it stays, and
// nobody else notices.
func TestGroupThatDoesNotAnswer(t *testing.T) {
	s := cluster("/v1/pods/Pod", "example.com/v1/widgets/Widget", "other.example.com/v1/gadgets/Gadget")
	s.set(widgets, objectOf("shop", "w", 5))
	run(t, s, nil, func(t *testing.T, b bench) {
		s.mu.Lock()
		for i := range s.groups {
			if s.groups[i].group == "example.com" {
				s.groups[i].freshness, s.groups[i].resources = "Stale", nil
			}
		}
		s.mu.Unlock()
		s.withdraw("other.example.com")
		before := len(s.said(widgets))
		pass(discoverEvery + 10*time.Second)
		if got := b.index.watched(); got != "pods widgets.example.com" || b.index.String() != "widgets.example.com shop/w@5" {
			t.Errorf("watched %s, index %s", got, b.index)
		}
		for _, r := range s.said(widgets)[before:] {
			if !strings.HasPrefix(r, "watch") {
				t.Errorf("request %s", r)
			}
		}
		if log := b.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "groups=example.com") {
			t.Errorf("log\n%s", log)
		}
	})
}

// Servers before Kubernetes 1.27 tell group by group.
func TestOlderDiscovery(t *testing.T) {
	s := cluster()
	s.answer = func(r request) *http.Response {
		answers := map[string]string{
			"/api":                 `{"kind":"APIVersions","versions":["v1"]}`,
			"/api/v1":              `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","namespaced":true,"kind":"Pod","verbs":["list","watch"]},{"name":"pods/log","namespaced":true,"kind":"Pod","verbs":["get"]}]}`,
			"/apis":                `{"kind":"APIGroupList","groups":[{"name":"example.com","versions":[{"version":"v1alpha1"},{"version":"v1"}],"preferredVersion":{"version":"v1"}},{"name":"metrics.example.com","versions":[{"version":"v1"}]},{"name":"../../etc","versions":[{"version":"v1"}]}]}`,
			"/apis/example.com/v1": `{"kind":"APIResourceList","resources":[{"name":"widgets","namespaced":true,"kind":"Widget","verbs":["list","watch"]}]}`,
			"/apis/example.com/v1alpha1": `{"kind":"APIResourceList","resources":[{"name":"widgets","namespaced":true,"kind":"Widget","verbs":["list","watch"]},
				{"name":"gadgets","namespaced":true,"kind":"Gadget","verbs":["list","watch"]},{"name":"reviews","kind":"Review","verbs":["create"]},{"name":"a/../b","kind":"B","verbs":["list","watch"]}]}`,
		}
		switch a, ok := answers[r.path]; {
		case ok:
			return response(200, strings.NewReader(a))
		case strings.HasPrefix(r.path, "/apis/metrics.example.com/v1"):
			return failure(503, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request")
		}
		return nil
	}
	run(t, s, nil, func(t *testing.T, b bench) {
		var got []string
		for _, k := range b.index.served {
			got = append(got, k.APIVersion()+"/"+k.Resource)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != "example.com/v1/widgets example.com/v1alpha1/gadgets example.com/v1alpha1/reviews v1/pods" {
			t.Errorf("served %v", got)
		}
		if got := b.index.watched(); got != "gadgets.example.com pods widgets.example.com" {
			t.Errorf("watched %s", got)
		}
	})
}

func TestNamespaces(t *testing.T) {
	t.Run("some", func(t *testing.T) {
		s := cluster("/v1/pods/Pod", "/v1/nodes/Node!")
		s.set("/api/v1/namespaces/a/pods", objectOf("a", "p", 3))
		s.set("/api/v1/namespaces/b/pods", objectOf("b", "p", 4))
		s.answer = func(r request) *http.Response {
			if strings.Contains(r.path, "/namespaces/c/") {
				return failure(403, metav1.StatusReasonForbidden, "forbidden")
			}
			return nil
		}
		run(t, s, func(o *Options) { o.Namespaces = []event.Namespace{"a", "b", "c"} }, func(t *testing.T, b bench) {
			if got := b.index.String(); got != "pods a/p@3, pods b/p@4" || b.Status().Scope != "a,b,c" || !isSynced(b.Source) {
				t.Errorf("index %s", got)
			}
			// A relist of one namespace says nothing about another.
			s.set("/api/v1/namespaces/a/pods")
			s.tell("/api/v1/namespaces/a/pods", "ERROR", `{"kind":"Status","status":"Failure","reason":"Expired","code":410}`)
			pass(5 * time.Second)
			if got := b.index.String(); got != "pods b/p@4" {
				t.Errorf("index %s", got)
			}
			// Where one namespace can be read, its objects are worth waiting for.
			if st := b.Objects(); st.Kinds != 1 || st.Synced != 0 || len(st.Troubled) != 1 || b.index.cannotRead("pods") {
				t.Errorf("objects %+v", st)
			}
		})
	})
	t.Run("all but one", func(t *testing.T) {
		s := cluster("/v1/pods/Pod", "/v1/nodes/Node!", "example.com/v1/widgets/Widget")
		s.set(pods, objectOf("noise", "p", 3), objectOf("shop", "p", 4))
		s.answer = func(r request) *http.Response {
			if r.path == widgets && r.query.Get("fieldSelector") != "" {
				return failure(400, metav1.StatusReasonBadRequest, "field label not supported: metadata.namespace")
			}
			return nil
		}
		run(t, s, func(o *Options) { o.NamespacesExclude = []event.Namespace{"noise"} }, func(t *testing.T, b bench) {
			pass(5 * time.Second)
			if got := b.index.String(); got != "pods shop/p@4" || len(b.Objects().Troubled) != 0 {
				t.Errorf("index %s, objects %+v", got, b.Objects())
			}
			for _, r := range s.requests {
				if want := map[string]string{pods: "metadata.namespace!=noise"}[r.path]; r.watch() && r.path != widgets && r.query.Get("fieldSelector") != want {
					t.Errorf("%s: selector %s", r.path, r.query.Get("fieldSelector"))
				}
			}
		})
	})
}
