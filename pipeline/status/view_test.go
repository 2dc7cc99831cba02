package status

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

// view compares what the tracker shows with the last record of each object and
// application.
func (w *walker) view(t *rapid.T) {
	seen := map[string]string{}
	w.tr.Objects(func(v event.ObjectView) bool {
		key := short(&v.Object)
		told := w.told[key]
		seen[key] = told
		if now := fmt.Sprint(v.Status, "/", v.Health, "/", v.Sync, "/", v.Stale, "/"); len(told) < len(now) || told[:len(now)] != now {
			t.Fatalf("%s is shown as %q, was told to be %q", key, now, told)
		}
		return true
	})
	w.tr.Applications(func(v event.ApplicationView) bool {
		key := "application " + v.Application.Name
		seen[key] = string(v.Status)
		var sum int64
		for _, n := range v.Statuses {
			sum += n
		}
		if sum != v.Objects {
			t.Fatalf("%s: %d objects, statuses %v", key, v.Objects, v.Statuses)
		}
		return true
	})
	if diff := cmp.Diff(w.told, seen); diff != "" {
		t.Fatalf("(-told +shown)\n%s", diff)
	}
}

// An application that has not settled is shown as its last record told it, with the
// numbers of that time.
func TestViewBeforeItSettles(t *testing.T) {
	s := playground(t)
	s.start()
	s.tr.Synced()
	put := func(name string, h event.Health) {
		l := event.Live{Ref: refOf(t, name)}
		l.Ref.UID = uidOf(name)
		s.names.live[name] = l.Ref.UID
		s.tr.Put(l, 1, event.Assessment{Health: h, Reason: "because", Message: "long"}, &event.Comparison{})
	}
	take := func() {
		for em, ok := s.tr.Next(s.at); ok; em, ok = s.tr.Next(s.at) {
			s.remember(em.Rows)
		}
	}
	settle := func() {
		take()
		s.at = s.at.Add(2 * time.Second)
		take()
	}
	show := func() string {
		var all []string
		s.tr.Applications(func(v event.ApplicationView) bool {
			line := fmt.Sprint(v.Application.Name, " ", v.Status, " of ", v.Objects)
			for _, k := range slices.Sorted(maps.Keys(v.Statuses)) {
				line += fmt.Sprint(", ", v.Statuses[k], " ", k)
			}
			if d := v.Deciding; d != nil {
				line += fmt.Sprint(" by ", d.Object.Name, " ", d.Reason, d.Message)
			}
			all = append(all, line)
			return true
		})
		return fmt.Sprint(all)
	}
	put("Deployment/shop/web-1", event.HealthHealthy)
	if got := show(); got != "[]" {
		t.Errorf("before any record: %s", got)
	}
	settle()
	const healthy = "[web Healthy of 1, 1 Healthy]"
	if got := show(); got != healthy {
		t.Errorf("at first: %s", got)
	}
	put("Deployment/shop/web-2", event.HealthDegraded)
	take()
	if got := show(); got != healthy {
		t.Errorf("not settled: %s", got)
	}
	settle()
	if got := show(); got != "[web Degraded of 2, 1 Degraded, 1 Healthy by web-2 because]" {
		t.Errorf("settled: %s", got)
	}
	// No record tells of this.
	put("Deployment/shop/web-3", event.HealthHealthy)
	settle()
	if got := show(); got != "[web Degraded of 3, 1 Degraded, 2 Healthy by web-2 because]" {
		t.Errorf("more objects: %s", got)
	}
	// What an earlier run told has no numbers: those of now are shown.
	s.step("restart", nil)
	if got := show(); got != "[web Degraded of 3, 1 Degraded, 2 Healthy by web-2 ]" {
		t.Errorf("after a restart: %s", got)
	}
	objects, applications := s.tr.Transitions()
	if len(objects)+len(applications) != 0 {
		t.Errorf("a restart is no change: %v %v", objects, applications)
	}
}

func TestTransitions(t *testing.T) {
	s := playground(t)
	s.start()
	s.tr.Synced()
	l := event.Live{Ref: refOf(t, "Deployment/shop/web-1")}
	l.Ref.UID = uidOf("1")
	s.names.live["Deployment/shop/web-1"] = l.Ref.UID
	for _, a := range []event.Assessment{
		{Health: event.HealthProgressing},
		{Health: event.HealthProgressing, Reason: "no change"},
		{Health: event.HealthHealthy},
		{Health: event.HealthDegraded},
		{Health: event.HealthHealthy},
	} {
		s.tr.Put(l, 1, a, &event.Comparison{})
		drain(s.tr, s.at)
		s.at = s.at.Add(2 * time.Second)
		drain(s.tr, s.at)
	}
	s.tr.Remove(l)
	for range 3 {
		s.at = s.at.Add(5 * time.Second)
		drain(s.tr, s.at)
	}
	objects, applications := s.tr.Transitions()
	want := []event.Transition{
		{To: "Progressing", Count: 1},
		{From: "Healthy", Count: 1},
		{From: "Healthy", To: "Degraded", Count: 1},
		{From: "Progressing", To: "Healthy", Count: 1},
		{From: "Degraded", To: "Healthy", Count: 1},
	}
	if diff := cmp.Diff(want, objects); diff != "" {
		t.Errorf("objects (-want +got)\n%s", diff)
	}
	slices.SortFunc(applications, func(a, b event.Transition) int { return int(b.Count - a.Count) })
	if diff := cmp.Diff(len(want), len(applications)); diff != "" {
		t.Errorf("applications %v", applications)
	}
}

// Whoever stops is asked no more, and nothing stays locked.
func TestViewStops(t *testing.T) {
	s := playground(t)
	s.start()
	s.tr.Synced()
	for i := range 2 * viewObjects {
		l := event.Live{Ref: refOf(t, fmt.Sprintf("Deployment/shop/a%d-1", i))}
		l.Ref.UID = uidOf(fmt.Sprint(i + 1))
		s.names.live[short(&l.Ref)] = l.Ref.UID
		s.tr.Put(l, 1, event.Assessment{Health: event.HealthHealthy}, &event.Comparison{})
	}
	drain(s.tr, s.at)
	s.at = s.at.Add(2 * time.Second)
	drain(s.tr, s.at)
	for _, stop := range []int{1, viewObjects, viewObjects + 1, 2 * viewObjects} {
		objects, applications := 0, 0
		s.tr.Objects(func(event.ObjectView) bool {
			s.tr.Status() // The lock is not held.
			objects++
			return objects < stop
		})
		s.tr.Applications(func(event.ApplicationView) bool {
			s.tr.Status()
			applications++
			return applications < stop
		})
		if objects != stop || applications != stop {
			t.Errorf("asked for %d, got %d objects and %d applications", stop, objects, applications)
		}
	}
}

// BenchmarkObjects looks at 100,000 objects.
func BenchmarkObjects(b *testing.B) {
	tr := filled(b, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		tr.Objects(func(event.ObjectView) bool { n++; return true })
		if n < 100_000 {
			b.Fatal(n)
		}
	}
}

// BenchmarkApplications looks at two applications of 100,000 objects.
func BenchmarkApplications(b *testing.B) {
	tr := filled(b, 100_000)
	drain(tr, tr.opts.Now().Add(time.Minute))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		tr.Applications(func(event.ApplicationView) bool { n++; return true })
		if n != 2 {
			b.Fatal(n)
		}
	}
}
