package objects

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What is asked for while it waits is fetched once, and who waits is told when all
// of it was dealt with.
func TestFetchesOnDemand(t *testing.T) {
	s := cluster("/v1/configmaps/ConfigMap", "/v1/nodes/Node!")
	var mu sync.Mutex
	asked := map[string]int{}
	s.answer = func(r request) *http.Response {
		name, single := strings.CutPrefix(r.path, "/api/v1/namespaces/shop/configmaps/")
		if node, ok := strings.CutPrefix(r.path, "/api/v1/nodes/"); ok {
			name, single = node, true
		}
		if !single {
			return nil
		}
		mu.Lock()
		asked[name]++
		n := asked[name]
		mu.Unlock()
		switch {
		case name == "gone":
			return failure(404, metav1.StatusReasonNotFound, "not found")
		case name == "secret":
			return failure(403, metav1.StatusReasonForbidden, "cannot get")
		case name == "slow" && n == 1:
			return failure(429, metav1.StatusReasonTooManyRequests, "later")
		}
		return response(200, strings.NewReader(objectOf("shop", name, 7)))
	}
	var got []string
	take := func(o *Options) {
		o.Fetched = func(l event.Live, raw []byte, _ uint64) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, fmt.Sprintf("%s@%s %d", l.Ref.Name, l.Ref.ResourceVersion, len(raw)))
		}
	}
	run(t, s, take, func(t *testing.T, b bench) {
		<-b.Fetched()
		maps := event.GroupKind{Kind: "ConfigMap"}
		for range 100 {
			// The first may be under way by now, and another one then waits.
			b.Fetch(maps, "shop", "slow")
		}
		for _, name := range []string{"a", "gone", "secret", "../secrets/x", ""} {
			b.Fetch(maps, "shop", name)
		}
		b.Fetch(event.GroupKind{Kind: "Node"}, "shop", "n1")
		b.Fetch(event.GroupKind{Kind: "Widget"}, "shop", "unknown")
		done := b.Fetched()
		pass(0)
		select {
		case <-done:
			t.Error("told that all is fetched while the server refuses one")
		default:
		}
		pass(time.Minute)
		<-done
		slices.Sort(got)
		got = slices.Compact(got)
		size := func(name string) int { return len(objectOf("shop", name, 7)) }
		if want := fmt.Sprintf("a@7 %d, n1@7 %d, slow@7 %d", size("a"), size("n1"), size("slow")); strings.Join(got, ", ") != want {
			t.Errorf("fetched %v, want %s", got, want)
		}
		if asked["slow"] < 2 || asked["slow"] > 10 || len(asked) != 5 {
			t.Errorf("asked %v", asked)
		}
		if log := b.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "name=secret") {
			t.Errorf("log\n%s", log)
		}
	})
}

// Statuses are only as good as the watches that they come from.
func TestTellsHowWatchesAreDoing(t *testing.T) {
	s := cluster("/v1/pods/Pod", "example.com/v1/widgets/Widget")
	var broken bool
	s.answer = func(r request) *http.Response {
		if broken && r.path == widgets {
			return failure(500, metav1.StatusReasonInternalError, "conversion webhook failed")
		}
		return nil
	}
	run(t, s, nil, func(t *testing.T, b bench) {
		s.mu.Lock()
		broken = true
		s.mu.Unlock()
		pass(10 * time.Minute)
		all := b.Watches()
		if len(all) != 2 || all[0].Resource.String() != "pods" || all[1].Resource.String() != "widgets.example.com" {
			t.Fatalf("watches %+v", all)
		}
		if w := all[0]; !w.Listed || !w.Broken.IsZero() || time.Since(w.Heard) > 2*time.Minute {
			t.Errorf("a watch that works: %+v", w)
		}
		if w := all[1]; !w.Listed || time.Since(w.Broken) < 5*time.Minute || !strings.Contains(w.Error, "conversion webhook") {
			t.Errorf("a watch that fails: %+v", w)
		}
	})
}
