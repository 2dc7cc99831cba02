package status

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"
	"unique"

	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

// walker goes at random through what may happen, and knows what must have been
// told in the end.
type walker struct {
	*stage
	model map[string]state
	uids  map[string]int
	next  int
	// told is what the last record of each object and application told, and
	// committed is that as of the rows that would survive a crash.
	told, committed map[string]string
	saved           map[event.StatusKey][]byte
}

func (w *walker) take(t *rapid.T) {
	for {
		em, ok := w.tr.Next(w.at)
		if !ok {
			w.view(t)
			return
		}
		w.remember(em.Rows)
		r := &em.Record
		if r.ObjectState != nil {
			s := r.ObjectState
			key := short(r.Object)
			now := fmt.Sprint(s.Status, "/", s.Health, "/", s.Sync, "/", s.Stale, "/", len(s.Drifts))
			if s.Deleted {
				now = ""
			}
			if w.told[key] == now && !s.Resync && (s.Status != event.StatusDegraded || len(s.Evidence.Events) == 0) {
				t.Fatalf("%s: %q told twice", key, now)
			}
			if w.told[key] = now; now == "" {
				delete(w.told, key)
			}
			continue
		}
		s := r.ApplicationState
		key := "application " + r.Application.Name
		now := string(s.Status)
		if s.Deleted {
			now = ""
		}
		if now == "" && w.told[key] == "" {
			t.Fatalf("%s: gone twice", key)
		}
		if w.told[key] = now; now == "" {
			delete(w.told, key)
		}
	}
}

func (w *walker) live(name string) event.Live {
	ref := refOf(w.t, name)
	ref.UID = uidOf(fmt.Sprint(w.uids[name]))
	return event.Live{Ref: ref}
}

// TestRandomWalk tells and takes at random, crashes and restarts: nothing is told
// twice, and in the end what was told is how things are.
func TestRandomWalk(t *testing.T) {
	names := []string{"Deployment/shop/a-1", "Deployment/shop/b-1", "Pod/shop/a-2", "Pod/shop/none", "ConfigMap/bank/b-2"}
	rapid.Check(t, func(rt *rapid.T) {
		w := &walker{
			stage: playground(t), model: map[string]state{}, uids: map[string]int{}, told: map[string]string{}, committed: map[string]string{},
			saved: map[event.StatusKey][]byte{},
		}
		w.list = 1
		w.start()
		w.step("synced", nil)
		w.step("all-listed", nil)
		put := func(name string) {
			s := w.model[name]
			c := event.Comparison{Sync: syncs[s.sync]}
			for i := range s.drift {
				c.Drifts = append(c.Drifts, event.Drift{Path: fmt.Sprint(i)})
			}
			l := w.live(name)
			w.names.live[name] = l.Ref.UID
			w.tr.Put(l, w.list, event.Assessment{Health: healths[s.health]}, &c)
		}
		draw := func(rt *rapid.T) state {
			s := state{
				health: healthWord(rapid.IntRange(0, len(healths)-1).Draw(rt, "health")),
				sync:   syncWord(rapid.IntRange(0, 3).Draw(rt, "sync")),
			}
			if s.sync == syncOutOfSync {
				s.drift = uint64(rapid.IntRange(0, 2).Draw(rt, "drift"))
			}
			return s
		}
		change := func(rt *rapid.T) {
			name := rapid.SampledFrom(names).Draw(rt, "name")
			_, lives := w.model[name]
			switch {
			case lives && rapid.IntRange(0, 3).Draw(rt, "remove") == 0:
				w.tr.Remove(w.live(name))
				delete(w.model, name)
				delete(w.names.live, name)
			default:
				if !lives || rapid.IntRange(0, 5).Draw(rt, "replace") == 0 {
					w.next++
					w.uids[name] = w.next
				}
				w.model[name] = draw(rt)
				put(name)
			}
		}
		restart := func(rt *rapid.T, crash bool) {
			if crash {
				w.rows, w.told = w.saved, w.committed
			}
			for range rapid.IntRange(0, 3).Draw(rt, "meanwhile") {
				name := rapid.SampledFrom(names).Draw(rt, "name")
				if _, ok := w.model[name]; ok && rapid.Bool().Draw(rt, "gone") {
					delete(w.model, name)
				} else {
					w.next++
					w.uids[name], w.model[name] = w.next, draw(rt)
				}
			}
			w.step("restart", nil)
			for name := range w.model {
				put(name)
			}
			w.step("all-listed", nil)
			w.step("synced", nil)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"change": change,
			"take":   w.take,
			"commit": func(rt *rapid.T) {
				w.saved, w.committed = map[event.StatusKey][]byte{}, map[string]string{}
				maps.Copy(w.saved, w.rows)
				maps.Copy(w.committed, w.told)
			},
			"restart": func(rt *rapid.T) { restart(rt, false) },
			"crash":   func(rt *rapid.T) { restart(rt, true) },
			"advance": func(rt *rapid.T) {
				w.at = w.at.Add(time.Duration(rapid.IntRange(1, 5000).Draw(rt, "ms")) * time.Millisecond)
			},
		})
		for range 5 {
			w.take(rt)
			w.at = w.at.Add(2 * time.Second)
		}
		w.take(rt)
		want := map[string]string{}
		for name, s := range w.model {
			if s.isNone() {
				continue
			}
			want[name] = fmt.Sprint(statuses[s.status()], "/", healths[s.health], "/", syncs[s.sync], "/", false)
		}
		objects := 0
		for name, told := range w.told {
			if _, ok := w.model[name]; ok || name[:3] != "app" {
				objects++
				if len(told) < len(want[name]) || want[name] == "" || told[:len(want[name])] != want[name] {
					rt.Fatalf("%s was told to be %q, is %q", name, told, want[name])
				}
			}
		}
		if objects != len(want) {
			rt.Fatalf("told %v, want %v", w.told, want)
		}
		if due := w.tr.Due(w.at); due.Equal(w.at) {
			rt.Fatal("due, and nothing is told")
		}
	})
}

// TestConcurrent has everything told at once, for the race detector.
func TestConcurrent(t *testing.T) {
	s := playground(t)
	s.opts.Now, s.opts.Settle = time.Now, 0
	s.opts.Finder = nobody{}
	s.start()
	s.tr.Synced()
	var told sync.WaitGroup
	for g := range 4 {
		told.Go(func() {
			for i := range 500 {
				l := event.Live{Ref: refOf(t, fmt.Sprintf("Pod/shop/web-%d-%d", g, i%10))}
				l.Ref.UID = uidOf(fmt.Sprint(g*1000 + i/20))
				l.Owners = []event.Owner{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: uidOf("1")}}
				s.tr.Put(l, 1, event.Assessment{Health: healths[i%len(healths)], Message: "m"}, &event.Comparison{})
				s.tr.Warned(&event.Occurrence{Type: "Warning", Regarding: l.Ref, UID: event.UID(fmt.Sprint(i)), LastTime: time.Now()})
				if i%7 == 0 {
					s.tr.Remove(l)
				}
				if i%50 == 0 {
					s.tr.Expect(fmt.Sprint(g), event.Application{Name: "web"}, []event.ObjectRef{l.Ref, refOf(t, "Pod/shop/other")})
					s.tr.Deployed(event.Application{Name: "web"}, event.Deployment{Phase: event.DeploymentBegun}, i%100 == 0)
					s.tr.Listed(event.GroupResource{Resource: "pods"}, "", uint64(i%2))
					s.tr.Watches([]event.WatchState{{Resource: event.GroupResource{Resource: "pods"}, Heard: time.Now()}})
					s.tr.Claimed([]event.ObjectRef{l.Ref})
					s.tr.Status()
					s.tr.Objects(func(event.ObjectView) bool { return true })
					s.tr.Applications(func(event.ApplicationView) bool { return true })
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { told.Wait(); close(done) }()
	n := 0
	for {
		if _, ok := s.tr.Next(time.Now()); ok {
			n++
			continue
		}
		select {
		case <-done:
			if n == 0 {
				t.Error("nothing was told")
			}
			return
		case <-s.tr.Changed():
		}
	}
}

// FuzzRestore reads rows of any content.
func FuzzRestore(f *testing.F) {
	e := &entry{kind: &kind{GroupKind: event.GroupKind{Group: "apps", Kind: "Deployment"}, apiVersion: "apps/v1", resource: "deployments"}}
	e.place, e.said.health, e.said.seq, e.uid = place{unique.Make("shop"), "web"}, healthDegraded, 7, newUID(uidOf("1"))
	for _, row := range []event.StatusRow{e.row(), (&application{said: applicationSaid{seq: 1, applicationState: applicationState{status: applicationHealthy}}}).row(), {Key: keyBase, Data: []byte{1, 7}}} {
		f.Add(string(row.Key), row.Data)
	}
	f.Fuzz(func(t *testing.T, key string, data []byte) {
		tr := New(Options{})
		if err := tr.Restore(event.StatusRow{Key: event.StatusKey(key), Data: data}); err != nil {
			return
		}
		for _, k := range tr.kinds.byKind {
			for _, e := range k.objects {
				again := e.row()
				if err := New(Options{}).Restore(again); err != nil {
					t.Fatal(err)
				}
			}
		}
		tr.Synced()
		tr.Next(time.Now())
	})
}
