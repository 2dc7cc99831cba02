package metrics

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/fluent-live/live-status/pipeline/event"
)

// One tenant makes more bad objects and applications than there is room for, all of
// them worse than that of another tenant, and claims other namespaces for its
// applications. The other's are told.
func TestOneTenantDoesNotHideOthers(t *testing.T) {
	state := &pictured{monitor: Monitor{Cluster: "c"}}
	deciding := func(ns, name string) *event.ObjectFinding {
		return &event.ObjectFinding{Object: event.ObjectRef{Kind: "Pod", Namespace: event.Namespace(ns), Name: name}, Status: event.StatusDegraded}
	}
	for i := range 5000 {
		name := fmt.Sprintf("a-%d", i)
		state.applications = append(state.applications, event.ApplicationView{
			Application: event.Application{Name: name, Namespace: event.Namespace(fmt.Sprintf("claimed-%d", i))},
			Status:      event.ApplicationUnavailable, Deciding: deciding("evil", name),
			Statuses: map[event.Status]int64{event.StatusDegraded: 1},
		})
		state.objects = append(state.objects, event.ObjectView{
			Object: event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "evil", Name: name}, Status: event.StatusDegraded,
		})
	}
	state.applications = append(state.applications, event.ApplicationView{
		Application: event.Application{Name: "shop", Namespace: "shop"}, Status: event.ApplicationOutOfSync, Deciding: deciding("shop", "shop"),
		Statuses: map[event.Status]int64{event.StatusOutOfSync: 1},
	})
	state.objects = append(state.objects, event.ObjectView{
		Object: event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "shop"}, Status: event.StatusProgressing,
	})
	slices.Reverse(state.objects)
	opts := Options{State: state, Objects: ObjectsUnhealthy, MaxSeries: 1000}.complete()
	g, err := newGatherer(&opts)
	if err != nil {
		t.Fatal(err)
	}
	told := false
	series := 0
	for _, mf := range g.own() {
		if !strings.HasPrefix(mf.GetName(), "live_status_application_") {
			continue
		}
		series += len(mf.Metric)
		for _, m := range mf.Metric {
			for _, p := range m.Label {
				told = told || mf.GetName() == "live_status_application_status" && p.GetName() == "application" && p.GetValue() == "shop"
			}
		}
	}
	if !told || series > opts.MaxSeries || series < opts.MaxSeries-10 {
		t.Errorf("application told: %t, series: %d", told, series)
	}
	s := &scrape{builder: newBuilder(), cleaner: newCleaner(opts.Clean)}
	s.objects(state, ObjectsUnhealthy, 100)
	told = slices.ContainsFunc(s.families[familyObjectStatus].Metric, func(m *dto.Metric) bool {
		return slices.ContainsFunc(m.Label, func(p *dto.LabelPair) bool { return p.GetName() == "name" && p.GetValue() == "shop" })
	})
	if n := len(s.families[familyObjectStatus].Metric); !told || n != 100 {
		t.Errorf("object told: %t, series: %d", told, n)
	}
}

// What is dropped on the way is what would be dropped at the end.
func TestWorstOfManyIsThatOfAll(t *testing.T) {
	owner := func(n *int) (event.Namespace, bool) { return event.Namespace(fmt.Sprint(*n % 3 * (*n % 2))), *n < 600 }
	compare := func(a, b int) int { return a - b }
	for seed := range 200 {
		var all []int
		w := worst[int]{most: 20, compare: compare, owner: owner, share: 4}
		for i := range 1000 {
			n := (i*(2*seed+7) + seed*seed) % 1009
			all = append(all, n)
			w.add(n)
		}
		slices.Sort(all)
		shareOut(all, owner, w.share)
		if got := w.list(); !slices.Equal(got, all[:20]) || w.dropped != 980 {
			t.Fatalf("%d: %v, want %v; dropped %d", seed, got, all[:20], w.dropped)
		}
	}
}
