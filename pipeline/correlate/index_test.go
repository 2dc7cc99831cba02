package correlate

import (
	"fmt"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// testUID is a UID of the form that the API server gives.
func testUID(n int) event.UID { return event.UID(fmt.Sprintf("%08x-0000-4000-8000-000000000000", n)) }

func pod(name string, uid int, owners ...event.Owner) event.Live {
	return event.Live{
		Ref:    event.ObjectRef{APIVersion: "v1", Kind: "Pod", Resource: "pods", Namespace: "shop", Name: name, UID: testUID(uid)},
		Owners: owners,
		Labels: []event.Label{{Key: "application", Value: fmt.Sprintf("%s-%d", name, uid)}},
	}
}

func replicaSet(name string, uid int) event.Live {
	live := pod(name, uid)
	live.Ref.APIVersion, live.Ref.Kind, live.Ref.Resource = "apps/v1", "ReplicaSet", "replicasets"
	return live
}

func ownedBy(l event.Live) event.Owner {
	return event.Owner{APIVersion: l.Ref.APIVersion, Kind: l.Ref.Kind, Name: l.Ref.Name, UID: l.Ref.UID, Controller: true}
}

var podResource = event.GroupResource{Resource: "pods"}

func newTest(o Options) *Index {
	if o.Rules == nil {
		o.Rules = &byLabel{}
	}
	ix := New(o)
	ix.Serve(served())
	return ix
}

func wantApp(t *testing.T, ix *Index, ref event.ObjectRef, want string) {
	t.Helper()
	got := ""
	if f := ix.Find(ref); f.Application != nil {
		got = f.Application.Name
	}
	if got != want {
		t.Errorf("application of %s %s is %q, want %q", short(&ref), ref.UID, got, want)
	}
}

func wantStatus(t *testing.T, ix *Index, objects, gone int64) {
	t.Helper()
	if o, g := ix.Status(); o != objects || g != gone {
		t.Errorf("%d objects, %d gone, want %d and %d", o, g, objects, gone)
	}
}

func TestGoneObjectsAreForgotten(t *testing.T) {
	now, pass := clock(time.Now())
	ix := newTest(Options{Now: now})
	a, b := pod("a", 1), pod("b", 2)
	ix.Put(a, 1)
	ix.Put(b, 1)
	ix.Remove(a)
	ix.Remove(b)
	pass(50 * time.Minute)
	wantApp(t, ix, a.Ref, "a-1")
	pass(20 * time.Minute)
	wantStatus(t, ix, 0, 1)
	// Only the one that was asked for is remembered, since it was.
	wantApp(t, ix, b.Ref, "")
	wantApp(t, ix, a.Ref, "a-1")
	pass(2 * time.Hour)
	wantStatus(t, ix, 0, 0)
	if len(ix.sets.byText) != 0 || len(ix.byUID) != 0 {
		t.Errorf("kept: %d sets, %d UIDs", len(ix.sets.byText), len(ix.byUID))
	}
}

func TestGoneOwnerIsRememberedWhileItsChildrenAre(t *testing.T) {
	now, pass := clock(time.Now())
	ix := newTest(Options{Now: now})
	rs := replicaSet("web", 1)
	child := pod("web-1", 2, ownedBy(rs))
	child.Labels = nil
	ix.Put(rs, 1)
	ix.Put(child, 1)
	ix.Remove(rs)
	for range 5 {
		pass(2 * time.Hour)
		wantStatus(t, ix, 1, 1)
	}
	wantApp(t, ix, child.Ref, "web-1")
	ix.Remove(child)
	pass(50 * time.Minute)
	wantStatus(t, ix, 0, 2)
	for range 3 {
		pass(2 * time.Hour)
		ix.Status()
	}
	wantStatus(t, ix, 0, 0)
	if len(ix.owners.byKey) != 0 || len(ix.owners.wanted) != 0 {
		t.Errorf("kept: %d owners, %d wanted", len(ix.owners.byKey), len(ix.owners.wanted))
	}
}

func TestGoneStatefulSetIsRememberedWhileItsClaimLives(t *testing.T) {
	now, pass := clock(time.Now())
	ix := newTest(Options{Now: now})
	set := replicaSet("db", 1)
	set.Ref.Kind, set.Ref.Resource, set.ClaimTemplates = "StatefulSet", "statefulsets", []string{"data"}
	claim := pod("data-db-0", 2)
	claim.Ref.Kind, claim.Ref.Resource, claim.Labels = "PersistentVolumeClaim", "persistentvolumeclaims", nil
	ix.Put(set, 1)
	ix.Put(claim, 1)
	ix.Remove(set)
	for range 3 {
		pass(2 * time.Hour)
		wantStatus(t, ix, 1, 1)
	}
	wantApp(t, ix, claim.Ref, "db-1")
}

func TestGoneObjectsAreBounded(t *testing.T) {
	ix := newTest(Options{MaxGone: 100})
	rs := replicaSet("web", 1)
	child := pod("web-1", 2, ownedBy(rs))
	child.Labels = nil
	ix.Put(rs, 1)
	ix.Put(child, 1)
	ix.Remove(rs)
	for i := range 1000 {
		p := pod(fmt.Sprint("p", i), 100+i)
		ix.Put(p, 1)
		ix.Remove(p)
		ix.Learn(pod(fmt.Sprint("q", i), 10_000+i))
	}
	wantStatus(t, ix, 1, 100)
	wantApp(t, ix, child.Ref, "web-1")
	wantApp(t, ix, pod("p999", 1099).Ref, "p999-1099")
	wantApp(t, ix, pod("p1", 101).Ref, "")
	if len(ix.byUID) != 101 || len(ix.sets.byText) > 101 {
		t.Errorf("kept: %d UIDs, %d sets", len(ix.byUID), len(ix.sets.byText))
	}
	// All are needed: the bound holds nevertheless.
	for i := range 300 {
		rs := replicaSet(fmt.Sprint("r", i), 20_000+i)
		ix.Put(rs, 1)
		ix.Put(pod(fmt.Sprint("r", i, "-x"), 30_000+i, ownedBy(rs)), 1)
		ix.Remove(rs)
	}
	wantStatus(t, ix, 301, 100)
}

func TestLists(t *testing.T) {
	ix := newTest(Options{})
	other := pod("c", 3)
	other.Ref.Namespace = "bank"
	for _, p := range []event.Live{pod("a", 1), pod("b", 2), other} {
		ix.Put(p, 1)
	}
	ix.Put(replicaSet("web", 4), 1)
	ix.Listed(podResource, "", 1)
	wantStatus(t, ix, 4, 0)

	ix.Put(pod("a", 1), 2)
	ix.Listed(podResource, "shop", 2)
	wantStatus(t, ix, 3, 1)
	wantApp(t, ix, pod("b", 2).Ref, "b-2")

	ix.Put(pod("b", 2), 3)
	ix.Listed(podResource, "", 3)
	wantStatus(t, ix, 2, 2)
	ix.Listed(event.GroupResource{Resource: "widgets"}, "", 1)
	wantStatus(t, ix, 2, 2)
}

func TestRemoveOfTheFormerObjectLeavesTheNewOne(t *testing.T) {
	ix := newTest(Options{})
	before, after := pod("a", 1), pod("a", 2)
	ix.Put(before, 1)
	ix.Put(after, 1)
	ix.Remove(before)
	wantStatus(t, ix, 1, 1)
	unknown := pod("a", 3)
	ix.Remove(unknown)
	wantStatus(t, ix, 1, 2)
	wantApp(t, ix, before.Ref, "a-1")
	wantApp(t, ix, unknown.Ref, "a-3")
	byName := after.Ref
	byName.UID = ""
	wantApp(t, ix, byName, "a-2")
}

// Objects without UID are served by aggregated API servers.
func TestObjectsWithoutUID(t *testing.T) {
	ix := newTest(Options{})
	a := pod("a", 1)
	a.Ref.UID = ""
	ix.Put(a, 1)
	ix.Put(a, 2)
	wantApp(t, ix, a.Ref, "a-1")
	wantStatus(t, ix, 1, 0)
	ix.Remove(a)
	wantStatus(t, ix, 0, 1)
	ix.Put(a, 3)
	wantStatus(t, ix, 1, 0)
	ix.Listed(podResource, "", 4)
	wantStatus(t, ix, 0, 1)
}

func TestKindsComeAndGo(t *testing.T) {
	ix := newTest(Options{})
	shop := pod("main", 1)
	shop.Ref.APIVersion, shop.Ref.Kind, shop.Ref.Resource = "example.com/v1", "Shop", "shops"
	ix.Put(shop, 1)
	var left []event.ServedKind
	for _, k := range served() {
		if k.Group != "example.com" {
			left = append(left, k)
		}
	}
	ix.Serve(left)
	wantStatus(t, ix, 0, 1)
	wantApp(t, ix, shop.Ref, "main-1")
	unknown := shop.Ref
	unknown.Name, unknown.UID = "other", testUID(9)
	if f := ix.Find(unknown); f.Pending || f.Correlation != event.CorrelationNotWatched {
		t.Errorf("pending %t, %s", f.Pending, f.Correlation)
	}
	ix.Serve(served())
	if f := ix.Find(unknown); !f.Pending {
		t.Errorf("not pending, %s", f.Correlation)
	}
	ix.Put(shop, 2)
	wantStatus(t, ix, 1, 0)

	tenants := event.ObjectRef{APIVersion: "example.com/v1", Kind: "Tenant", Name: "t"}
	ix.Serve(left)
	if ix.kinds.of(&tenants) != nil {
		t.Error("a kind without objects that is not served is kept")
	}
}

func TestUnreadableKinds(t *testing.T) {
	ix := newTest(Options{})
	ref := pod("a", 1).Ref
	for _, ok := range []bool{true, false, true} {
		ix.Readable(podResource, ok)
		want := event.CorrelationUnknown
		if !ok {
			want = event.CorrelationNotWatched
		}
		if f := ix.Find(ref); f.Pending != ok || f.Correlation != want {
			t.Errorf("readable %t: pending %t, %s", ok, f.Pending, f.Correlation)
		}
	}
}

// A UID is told as it was given, whatever its form.
func TestUIDs(t *testing.T) {
	for _, s := range []event.UID{
		"", "x", "0b8a1f9c-4d53-4f0e-9e0a-6b6c2f1f7a11", "0B8A1F9C-4D53-4F0E-9E0A-6B6C2F1F7A11",
		"00000000-0000-0000-0000-000000000000", "0b8a1f9c-4d53-4f0e-9e0a-6b6c2f1f7a1", "0b8a1f9c+4d53-4f0e-9e0a-6b6c2f1f7a11",
		"0b8a1f9c-4d53-4f0e-9e0a-6b6c2f1f7a1g",
	} {
		if got := newUID(s).UID(); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// Nothing is waited for in namespaces that are not watched, be it an object or the
// owner of one; objects without a namespace are watched all the same.
func TestNamespacesThatAreNotWatched(t *testing.T) {
	for name, o := range map[string]Options{
		"only":    {Namespaces: []event.Namespace{"bank"}},
		"exclude": {NamespacesExclude: []event.Namespace{"shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			ix := newTest(o)
			ref := pod("web-1", 1).Ref
			if f := ix.Find(ref); f.Pending || f.Correlation != event.CorrelationNotWatched {
				t.Errorf("pending %t, %s", f.Pending, f.Correlation)
			}
			claim := event.ObjectRef{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: "shop", Name: "data-db-0"}
			if f := ix.Find(claim); f.Pending {
				t.Error("the first list of an implied owner's kind is waited for")
			}
			ref.Namespace = "bank"
			if f := ix.Find(ref); !f.Pending {
				t.Error("an object of a namespace that is watched is not waited for")
			}
		})
	}
}
