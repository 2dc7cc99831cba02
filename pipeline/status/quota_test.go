package status

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What one namespace makes others keep is bounded, and leaves room for theirs.
func TestOneNamespaceLeavesRoomToOthers(t *testing.T) {
	tr := New(Options{})
	text := strings.Repeat("x", maxMessage)
	put := func(namespace string, i int) *entry {
		l := event.Live{Ref: event.ObjectRef{APIVersion: "example.com/v1", Kind: "Shop", Namespace: event.Namespace(namespace), Name: fmt.Sprint(i)}}
		c := &event.Comparison{Sync: event.SyncOutOfSync, Drifts: []event.Drift{{Path: "spec.x", Live: event.JSON(`"` + text + `"`)}}}
		tr.Put(l, 1, event.Assessment{Health: event.HealthDegraded, Message: text}, c)
		return tr.find(&l.Ref)
	}
	const n = maxDetails / maxMessage
	for i := range n {
		put("evil", i)
	}
	if most := int64(maxDetails/2 + n*leastDetail); tr.details.used > most || tr.details.used < maxDetails/2-64<<10 {
		t.Errorf("%d bytes are kept", tr.details.used)
	}
	if e := put("evil", n); e.detail.message != text[:maxReason] || len(e.detail.drifts) > 0 || e.detail.omitted != 1 {
		t.Errorf("the last of the namespace has %d bytes", e.detail.size)
	}
	if e := put("shop", 0); e.detail.message != text || len(e.detail.drifts) != 1 {
		t.Error("another's is cut")
	}
	for i := range n + 1 {
		tr.Remove(event.Live{Ref: event.ObjectRef{APIVersion: "example.com/v1", Kind: "Shop", Namespace: "evil", Name: fmt.Sprint(i)}})
	}
	if len(tr.details.by) != 1 {
		t.Errorf("what is gone is counted: %v", tr.details.by)
	}
}

func TestOneNamespaceExpectsNoMoreThanItLeaves(t *testing.T) {
	tr := New(Options{})
	tr.Serve([]event.ServedKind{{APIResource: event.APIResource{Group: "", Version: "v1", Kind: "Pod", Resource: "pods", Namespaced: true}, Watched: true}})
	objects := make([]event.ObjectRef, MaxExpected)
	for r := range maxExpected/MaxExpected + 1 {
		for i := range objects {
			objects[i] = event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "evil", Name: fmt.Sprint(i)}
		}
		tr.Expect(fmt.Sprintf("release/%d/evil", r), event.Application{Name: fmt.Sprint(r)}, objects)
	}
	if tr.expected.used != maxExpected/2 {
		t.Errorf("%d are expected", tr.expected.used)
	}
	tr.Expect("release/x/shop", event.Application{Name: "x"}, objects[:1000])
	if len(tr.expecting["release/x/shop"].objects) != 1000 {
		t.Error("another's are not")
	}
}

// Objects that come and go leave no timers.
func TestTimersOfNoUseAreDropped(t *testing.T) {
	tr := New(Options{})
	e := &entry{}
	for i := range 100_000 {
		e.look = 0
		tr.lookAt(e, int64(time.Hour)+int64(i))
	}
	if len(tr.timers) > 2*fewTimers {
		t.Errorf("there are %d", len(tr.timers))
	}
	for last := int64(0); len(tr.timers) > 0; {
		at := tr.timers.pop().at
		if at < last {
			t.Fatal("out of order")
		}
		last = at
	}
}

// Who may write events in a namespace cannot explain the state of what has none.
func TestEventsOfANamespaceAreAboutWhatIsInIt(t *testing.T) {
	tr := New(Options{})
	tr.Serve([]event.ServedKind{{APIResource: event.APIResource{Group: "", Version: "v1", Kind: "Node", Resource: "nodes"}, Watched: true}})
	node := event.ObjectRef{APIVersion: "v1", Kind: "Node", Resource: "nodes", Name: "n"}
	tr.Put(event.Live{Ref: node}, 1, event.Assessment{Health: event.HealthDegraded}, &event.Comparison{})
	about := node
	about.Namespace = "evil"
	tr.Warned(&event.Occurrence{Type: "Warning", Regarding: about, Message: "not so", UID: "1"})
	if tr.find(&node).warnings != nil {
		t.Error("it is told")
	}
	tr.Warned(&event.Occurrence{Type: "Warning", Regarding: node, Message: "so", UID: "2"})
	if tr.find(&node).warnings == nil {
		t.Error("the node's own is not")
	}
}

// An application of very many objects that keep changing costs a bounded time.
func BenchmarkRoll100k(b *testing.B) {
	tr := New(Options{})
	app := tr.applicationOf(&event.Application{Name: "big"})
	for i := range 100_000 {
		l := event.Live{Ref: event.ObjectRef{APIVersion: "example.com/v1", Kind: "Shop", Namespace: "shop", Name: fmt.Sprint(i)}}
		tr.Put(l, 1, event.Assessment{Health: event.HealthDegraded}, &event.Comparison{})
		tr.setApplication(tr.find(&l.Ref), app, 1)
	}
	b.ReportAllocs()
	for b.Loop() {
		tr.roll(app)
	}
}
