package status

import (
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// meddler does something while an object is searched for.
type meddler struct {
	*namer
	// do is done at the next search, and then at the one after it.
	do, then func(ref event.ObjectRef)
}

func (m *meddler) Find(ref event.ObjectRef) Found {
	f := m.namer.Find(ref)
	if do := m.do; do != nil {
		m.do = nil
		do(ref)
		m.do, m.then = m.then, nil
	}
	return f
}

func (s *stage) drain() (records []event.Record) {
	for {
		em, ok := s.tr.Next(s.at)
		if !ok {
			return records
		}
		s.remember(em.Rows)
		records = append(records, em.Record)
	}
}

func ready(t *testing.T) (*stage, *meddler) {
	t.Helper()
	s := playground(t)
	m := &meddler{namer: s.names}
	s.opts.Finder = m
	s.list = 1
	s.start()
	s.step("all-listed", nil)
	s.step("synced", nil)
	s.drain()
	return s, m
}

// An application that went before it was ever told, and came back at once, is one:
// what is left of the former must not take the new one from the register.
func TestAnApplicationThatComesBackIsOne(t *testing.T) {
	s, _ := ready(t)
	s.step("put", []string{"Pod/shop/web-1", "uid=1", "health=Healthy"})
	s.drain()
	s.step("remove", []string{"Pod/shop/web-1"})
	s.drain()
	s.at = s.at.Add(500 * time.Millisecond)
	s.step("put", []string{"Pod/shop/web-2", "uid=2", "health=Healthy"})
	s.drain()
	// The timer of the former fires before that of the present one.
	s.at = s.at.Add(600 * time.Millisecond)
	s.drain()
	s.step("put", []string{"Pod/shop/web-3", "uid=3", "health=Degraded"})
	s.drain()
	s.at = s.at.Add(10 * time.Second)
	var told []event.Record
	for _, r := range s.drain() {
		if r.ApplicationState != nil {
			told = append(told, r)
		}
	}
	if len(told) != 1 || told[0].ApplicationState.Objects != 2 || told[0].ApplicationState.Status != event.ApplicationDegraded {
		t.Fatalf("told %d times: %+v", len(told), told)
	}
	apps := map[*application]bool{}
	for _, k := range s.tr.kinds.byKind {
		for _, e := range k.objects {
			apps[e.app] = true
		}
	}
	if len(apps) != 1 {
		t.Errorf("%d applications of one name", len(apps))
	}
}

// An object that goes and comes back while its record is made is not forgotten
// with the former.
func TestComesBackWhileItIsTold(t *testing.T) {
	s, m := ready(t)
	s.step("put", []string{"Pod/shop/web-1", "uid=1", "health=Healthy"})
	// The first search is for the application, the second for the record.
	m.do = func(event.ObjectRef) {
		m.then = func(event.ObjectRef) {
			s.step("remove", []string{"Pod/shop/web-1"})
			s.step("put", []string{"Pod/shop/web-1", "uid=2", "health=Degraded"})
		}
	}
	records := s.drain()
	e := s.tr.find(&event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web-1"})
	if e == nil || e.uid != newUID(uidOf("2")) {
		t.Fatalf("the object is forgotten: %+v", e)
	}
	last := records[len(records)-1]
	if last.Object.UID != uidOf("2") || last.ObjectState.Status != event.StatusDegraded {
		t.Errorf("told last: %+v", last.ObjectState)
	}
	if e.app == nil || e.app.size != 1 {
		t.Errorf("the application has %d objects", e.app.size)
	}
}

// An object without a status that should be there, and goes just when it is asked
// for, is missing.
func TestGoesWhileItIsAskedFor(t *testing.T) {
	s, m := ready(t)
	s.step("put", []string{"ConfigMap/shop/web", "uid=1"})
	s.step("expect", []string{"release", "web", "ConfigMap/shop/web"})
	m.do = func(event.ObjectRef) { s.step("remove", []string{"ConfigMap/shop/web"}) }
	s.drain()
	s.at = s.at.Add(3 * time.Second)
	records := s.drain()
	if len(records) == 0 || records[0].ObjectState == nil || records[0].ObjectState.Status != event.StatusMissing {
		t.Errorf("told %+v", records)
	}
}

// How the watches were doing was found out before a list came to its end.
func TestTroubleEndsWithAList(t *testing.T) {
	s, _ := ready(t)
	s.step("put", []string{"Pod/shop/web-1", "uid=1", "health=Healthy"})
	s.drain()
	s.at = s.at.Add(time.Minute)
	former := []event.WatchState{{
		Resource: kindOf(t, "Pod").GroupResource(), Listed: true, Heard: s.at.Add(-time.Minute), Broken: s.at.Add(-20 * time.Second),
	}}
	s.tr.Watches(former)
	s.at = s.at.Add(time.Second)
	if r := s.drain(); len(r) == 0 || r[0].ObjectState.Status != event.StatusUnknown {
		t.Fatalf("told %+v", r)
	}
	s.step("list", nil)
	s.step("put", []string{"Pod/shop/web-1", "uid=1", "health=Healthy"})
	s.step("listed", []string{"Pod"})
	records := s.drain()
	s.tr.Watches(former)
	s.at = s.at.Add(time.Second)
	for _, r := range append(records, s.drain()...) {
		if r.ObjectState != nil && r.ObjectState.Status != event.StatusHealthy {
			t.Errorf("told %+v", r.ObjectState)
		}
	}
}

// What went while nobody looked is told once and leaves nothing behind.
func TestTombstonesLeaveNothing(t *testing.T) {
	s, _ := ready(t)
	s.step("put", []string{"Deployment/shop/web", "uid=1", "health=Healthy"})
	s.step("put", []string{"Pod/shop/web-x", "uid=2", "health=Healthy", "owner=Deployment/shop/web:1"})
	s.step("put", []string{"Shop/shop/none", "uid=3", "sync=In_Sync", "applied"})
	s.drain()
	s.at = s.at.Add(2 * time.Second)
	s.drain()
	if len(s.rows) != 4 {
		t.Fatal(s.rows)
	}
	s.step("restart", nil)
	s.step("list", nil)
	s.step("all-listed", nil)
	s.step("synced", nil)
	gone := len(s.drain())
	s.at = s.at.Add(5 * time.Second)
	gone += len(s.drain())
	s.at = s.at.Add(5 * time.Second)
	gone += len(s.drain())
	if gone != 4 {
		t.Errorf("%d tombstones", gone)
	}
	for _, k := range s.tr.kinds.byKind {
		for at := range k.objects {
			t.Errorf("kept: %s %s", k.Kind, at.name)
		}
	}
	if len(s.tr.apps) != 0 {
		t.Errorf("%d applications kept", len(s.tr.apps))
	}
	delete(s.rows, keyBase)
	if len(s.rows) != 0 {
		t.Errorf("rows kept: %v", s.rows)
	}
}

// An object that was fetched while a list was under way and is not part of it is
// gone.
func TestFetchedDuringAList(t *testing.T) {
	s, _ := ready(t)
	s.step("put", []string{"ConfigMap/shop/web", "uid=1", "version=5", "later"})
	s.step("list", nil)
	s.step("fetched", []string{"ConfigMap/shop/web", "uid=1", "version=5", "sync=In_Sync"})
	s.drain()
	s.step("listed", []string{"ConfigMap"})
	s.at = s.at.Add(time.Second)
	records := s.drain()
	if len(records) == 0 || !records[0].ObjectState.Deleted {
		t.Errorf("told %+v", records)
	}
}
