package objects

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

const secrets = "/api/v1/secrets"

func release(name string, rv int) string {
	return fmt.Sprintf(`{"metadata":{"namespace":"shop","name":%q,"uid":%q,"resourceVersion":"%d","labels":{"owner":"helm"}}}`, name, name, rv)
}

func wantsReleases(o *Options) {
	o.Whole = func(l event.Live) bool { return len(l.Labels) > 0 }
}

// Objects of which only the metadata is read are fetched whole where wanted: the
// newest version once, and never after they are gone.
func TestFetchesWholeObjects(t *testing.T) {
	s := cluster("/v1/secrets/Secret")
	s.set(secrets, objectOf("shop", "plain", 3), release("r1", 4), release("gone", 5), release("secret", 6))
	gets := map[string]int{}
	s.answer = func(r request) *http.Response {
		if !strings.HasPrefix(r.path, "/api/v1/namespaces/") {
			return nil
		}
		s.mu.Lock()
		gets[r.path]++
		n := gets[r.path]
		s.mu.Unlock()
		switch r.path {
		case "/api/v1/namespaces/shop/secrets/r1":
			if n < 3 {
				return failure(500, metav1.StatusReasonInternalError, "etcdserver: leader changed")
			}
			return response(200, strings.NewReader(release("r1", 9)))
		case "/api/v1/namespaces/shop/secrets/gone":
			return failure(404, metav1.StatusReasonNotFound, "not found")
		default:
			return failure(403, metav1.StatusReasonForbidden, "cannot get")
		}
	}
	run(t, s, wantsReleases, func(t *testing.T, b bench) {
		for rv := 101; rv < 110; rv++ {
			s.tell(secrets, "MODIFIED", release("r1", rv))
		}
		pass(10 * time.Second)
		if got := b.index.yielded(); got != fmt.Sprintf("L secrets shop/r1@9 %d, U secrets shop/r1@9 %d", len(release("r1", 9)), len(release("r1", 9))) {
			t.Errorf("yielded %s", got)
		}
		if n := gets["/api/v1/namespaces/shop/secrets/r1"]; n != 4 { // two failures, one success, and one for all changes meanwhile
			t.Errorf("asked for %d times", n)
		}
		s.tell(secrets, "MODIFIED", objectOf("shop", "plain", 120))
		s.tell(secrets, "DELETED", release("r1", 121))
		pass(time.Second)
		if got := b.index.yielded(); !strings.HasSuffix(got, "D secrets shop/r1@121 "+fmt.Sprint(len(release("r1", 121)))) || len(b.index.items) != 3 {
			t.Errorf("yielded %s", got)
		}
		if log := b.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "name=secret") || b.Unread()[event.GroupResource{Resource: "secrets"}] != 1 {
			t.Errorf("log\n%s", log)
		}
	})
}

// Too many objects that wait to be fetched make the kind wait, not the memory
// grow; and the end does not wait for them.
func TestFetchingIsBounded(t *testing.T) {
	s := cluster("/v1/secrets/Secret", "/v1/pods/Pod")
	for i := range 3 * fetchers * maxWaiting {
		s.objects[secrets] = append(s.objects[secrets], release(fmt.Sprintf("r%d", i), 3))
	}
	s.set(pods, objectOf("shop", "p", 3))
	s.answer = func(r request) *http.Response {
		if strings.HasPrefix(r.path, "/api/v1/namespaces/") {
			return failure(429, metav1.StatusReasonTooManyRequests, "later")
		}
		return nil
	}
	run(t, s, wantsReleases, func(t *testing.T, b bench) {
		if n := len(b.fetches.newest); n > fetchers*maxWaiting+1 {
			t.Errorf("%d objects wait", n)
		}
		if _, ok := b.index.live["pods shop/p"]; !ok {
			t.Error("another kind waits, too")
		}
	})
}

// Who waits for the first lists waits for what they tell of other objects, too.
func TestSyncedIncludesWhatIsFetched(t *testing.T) {
	s := cluster("/v1/secrets/Secret")
	s.set(secrets, release("r1", 4))
	var at time.Time
	s.answer = func(r request) *http.Response {
		if !strings.HasPrefix(r.path, "/api/v1/namespaces/") {
			return nil
		}
		if time.Since(at) < 2*time.Second {
			return failure(429, metav1.StatusReasonTooManyRequests, "later")
		}
		return response(200, strings.NewReader(release("r1", 4)))
	}
	run(t, s, func(o *Options) {
		wantsReleases(o)
		at = time.Now()
	}, func(t *testing.T, b bench) {
		select {
		case <-b.Synced():
			t.Error("synced while an object is being fetched")
		default:
		}
		pass(time.Minute)
		select {
		case <-b.Synced():
		default:
			t.Error("not synced")
		}
		if got := b.index.yielded(); !strings.HasPrefix(got, "L secrets shop/r1@4") {
			t.Errorf("yielded %q", got)
		}
	})
}

// Of a name that is given to another object both are told, in their order.
func TestObjectThatWasMadeAnewBeforeItsEndWasYielded(t *testing.T) {
	s := cluster("/v1/secrets/Secret")
	anew := strings.Replace(release("r1", 6), `"uid":"r1"`, `"uid":"r2"`, 1)
	s.set(secrets, release("r0", 3))
	s.answer = func(r request) *http.Response {
		if strings.HasPrefix(r.path, "/api/v1/namespaces/") {
			return response(200, strings.NewReader(anew))
		}
		return nil
	}
	var full chan struct{}
	run(t, s, func(o *Options) {
		wantsReleases(o)
		full = make(chan struct{})
		o.Sink = stopped{o.Sink, full}
	}, func(t *testing.T, b bench) {
		s.tell(secrets, "DELETED", release("r1", 5))
		pass(0)
		s.tell(secrets, "ADDED", anew)
		pass(0)
		close(full)
		pass(time.Second)
		if got := b.index.yielded(); !strings.Contains(got, "D secrets shop/r1@5") || !strings.Contains(got, "U secrets shop/r1@6") {
			t.Errorf("yielded %s", got)
		}
	})
}

// stopped is a sink that takes nothing until full is closed.
type stopped struct {
	Sink
	full <-chan struct{}
}

func (s stopped) Yield(ctx context.Context, item event.Item) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.full:
		return s.Sink.Yield(ctx, item)
	}
}

func TestYieldsWholeKinds(t *testing.T) {
	s := cluster("argoproj.io/v1alpha1/applications/Application", "/v1/configmaps/ConfigMap")
	const apps = "/apis/argoproj.io/v1alpha1/applications"
	s.set(apps, objectOf("argocd", "a", 3))
	s.set("/api/v1/configmaps", objectOf("shop", "c", 3))
	change := func(o *Options) { o.Yields = func(r event.APIResource) bool { return r.Group == "argoproj.io" } }
	run(t, s, change, func(t *testing.T, b bench) {
		s.tell(apps, "MODIFIED", objectOf("argocd", "a", 101))
		s.tell(apps, "DELETED", objectOf("argocd", "a", 102))
		pass(0)
		n := len(objectOf("argocd", "a", 101))
		want := fmt.Sprintf("L applications.argoproj.io argocd/a@3 %d, U applications.argoproj.io argocd/a@101 %d, D applications.argoproj.io argocd/a@102 %d", n-2, n, n)
		if got := b.index.yielded(); got != want {
			t.Errorf("yielded\n got %s\nwant %s", got, want)
		}
		for _, it := range b.index.items {
			if it.Kind != event.KindObject || it.Place.Source != "objects" || !strings.Contains(string(it.Raw), `"resourceVersion":"`+string(it.Live.Ref.ResourceVersion)) {
				t.Errorf("item %+v", it)
			}
		}
	})
}
