package correlate

import (
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func isSignalled(ix *Index) bool {
	select {
	case <-ix.Changed():
		return true
	default:
		return false
	}
}

func TestChangedIsSignalledForWhatWasAskedFor(t *testing.T) {
	rs := replicaSet("web", 1)
	child := pod("web-1", 2, ownedBy(rs))
	child.Labels = nil
	noUID := pod("named", 3).Ref
	noUID.UID = ""
	claim := event.ObjectRef{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: "shop", Name: "data-db-0", UID: testUID(8)}
	for name, c := range map[string]struct {
		live []event.Live
		ask  event.ObjectRef
		come func(ix *Index)
		want bool
	}{
		"the object":            {nil, child.Ref, func(ix *Index) { ix.Put(child, 1) }, true},
		"the object by name":    {nil, noUID, func(ix *Index) { ix.Put(pod("named", 3), 1) }, true},
		"the object is learned": {nil, child.Ref, func(ix *Index) { ix.Learn(child) }, true},
		"the object's end":      {nil, child.Ref, func(ix *Index) { ix.Remove(child) }, true},
		"its owner":             {[]event.Live{child}, child.Ref, func(ix *Index) { ix.Put(rs, 1) }, true},
		"another object":        {[]event.Live{child}, child.Ref, func(ix *Index) { ix.Put(pod("other", 9), 1) }, false},
		"another of its name":   {nil, child.Ref, func(ix *Index) { ix.Put(pod("web-1", 9), 1) }, false},
		"nothing is lacking":    {[]event.Live{child, rs}, child.Ref, func(ix *Index) { ix.Put(child, 1) }, false},
		"may not be read":       {nil, child.Ref, func(ix *Index) { ix.Readable(podResource, false) }, true},
		"is not served":         {nil, child.Ref, func(ix *Index) { ix.Serve(nil) }, true},
		"the first list": {
			[]event.Live{{Ref: claim}},
			claim,
			func(ix *Index) { ix.Listed(event.GroupResource{Group: "apps", Resource: "statefulsets"}, "", 1) }, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			ix := newTest(Options{})
			for _, l := range c.live {
				ix.Put(l, 1)
			}
			if pending := ix.Find(c.ask).Pending; pending != (c.want || name[:7] == "another") || isSignalled(ix) {
				t.Fatalf("pending %t, or signalled too early", pending)
			}
			c.come(ix)
			if got := isSignalled(ix); got != c.want {
				t.Errorf("signalled %t", got)
			}
			c.come(ix)
			if isSignalled(ix) {
				t.Error("signalled again")
			}
		})
	}
}

func TestBeforeAnythingIsKnownAllIsWaitedFor(t *testing.T) {
	ix := New(Options{Rules: &byLabel{}})
	ref := event.ObjectRef{APIVersion: "v1", Resource: "pods", Namespace: "shop", Name: "a"}
	if f := ix.Find(ref); !f.Pending {
		t.Fatal("not pending")
	}
	ix.Serve(served())
	if !isSignalled(ix) {
		t.Fatal("not signalled")
	}
	if f := ix.Find(ref); !f.Pending || f.Object.Kind != "Pod" {
		t.Fatalf("pending %t, %+v", f.Pending, f.Object)
	}
	ix.Put(pod("a", 1), 1)
	if !isSignalled(ix) {
		t.Fatal("not signalled")
	}
	wantApp(t, ix, ref, "a-1")
}

func TestMissed(t *testing.T) {
	now, pass := clock(time.Now())
	ix := newTest(Options{Now: now})
	rs := replicaSet("web", 1)
	first, second := pod("web-1", 2, ownedBy(rs)), pod("web-2", 3, ownedBy(rs))
	ix.Put(first, 1)
	ix.Put(second, 1)
	if !ix.Find(first.Ref).Pending {
		t.Fatal("not pending")
	}
	ix.Missed(first.Ref, time.Time{})
	if ix.Find(first.Ref).Pending || ix.Find(second.Ref).Pending {
		t.Error("pending again for the same owner")
	}
	if !ix.Find(pod("other", 9).Ref).Pending {
		t.Error("not pending for another object")
	}
	pass(2*missedFor + time.Second)
	if !ix.Find(second.Ref).Pending {
		t.Error("not pending after some minutes")
	}
	for i := range 3 * maxWants {
		ref := pod("p", 1000+i).Ref
		ix.Find(ref)
		ix.Missed(ref, time.Time{})
		ix.Find(pod("q", 1_000_000+i).Ref)
	}
	if n, m := ix.waits.asked.len(), ix.waits.missed.len(); n > 2*maxWants || m > 2*maxWants {
		t.Errorf("%d asked for, %d missed", n, m)
	}
}
