package correlate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/event"
)

// Who may write Secrets in one namespace may not use up the claims of all.
func TestAttackClaimsOfOneNamespaceLeaveOthersTheirs(t *testing.T) {
	ix := newTest(Options{})
	many := make([]event.ObjectRef, MaxClaimed)
	for r := range maxClaimed/MaxClaimed + 3 {
		for i := range many {
			many[i] = event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "evil", Name: fmt.Sprint("r", r, "-", i)}
		}
		ix.Claim(release("evil", fmt.Sprint("r", r)), helmApp("evil", "evil", ""), many)
	}
	if n := ix.claims.total; n > maxClaimed/2 {
		t.Errorf("one namespace has %d claims", n)
	}
	a := pod("a", 0).Ref
	ix.Claim(release("shop", "shop"), helmApp("shop", "shop", ""), []event.ObjectRef{a})
	wantClaim(t, ix, a, "shop")
}

// What is gone is not in etcd any more, which bounds what lives: dry runs and
// objects that are made and deleted must not fill the memory.
func TestAttackGoneObjectsWithMuchMetadata(t *testing.T) {
	ix := newTest(Options{})
	large := func(i int) event.Live {
		l := pod(fmt.Sprint("p", i), i)
		for n := range 4 {
			l.Labels = append(l.Labels, event.Label{Key: fmt.Sprint("k", n), Value: fmt.Sprint(i) + strings.Repeat("x", 4000)})
		}
		l.ClaimTemplates = []string{strings.Repeat("t", 500)}
		l.Selection = &event.Selection{Selector: "!a,!b"}
		return l
	}
	for i := range 100 {
		l := large(i)
		switch i % 3 {
		case 0:
			ix.Put(l, 1)
			ix.Remove(l)
			ix.Remove(l)
		case 1:
			ix.Learn(l)
			ix.Learn(l)
		default:
			ix.Remove(l)
		}
	}
	kept := 0
	for e := ix.graves.Front(); e != nil; e = e.Next() {
		n := e.Value.(*node)
		kept += len(n.labels.text) + len(n.notes.text)
		if n.extra != nil && n.extra.selection != nil {
			t.Fatal("the selector of what is gone is kept")
		}
	}
	if most := ix.graves.Len() * maxKept; kept > most || len(ix.sets.byText) != 0 {
		t.Errorf("%d bytes in %d sets are kept of %d gone objects, want at most %d", kept, len(ix.sets.byText), ix.graves.Len(), most)
	}
	// It is what it was when it lives again.
	l := large(0)
	ix.Put(l, 2)
	if n := ix.byUID[newUID(l.Ref.UID)]; n == nil || n.labels == none || n.extra.selection == nil {
		t.Errorf("nothing is known of what lives again: %+v", n)
	}
}

// A hundred Applications with long selectors are asked about each object of the
// namespace, for every record.
func TestAttackLongSelectors(t *testing.T) {
	ix := newTest(Options{})
	var terms []string
	for i := range 64 {
		terms = append(terms, fmt.Sprint("!zz", i))
	}
	for i := range 200 {
		ix.Put(event.Live{
			Ref:       event.ObjectRef{APIVersion: "app.k8s.io/v1beta1", Kind: "Application", Resource: "applications", Namespace: "shop", Name: fmt.Sprint("a", i)},
			Selection: &event.Selection{Selector: strings.Join(terms, ",") + ",never=there"},
		}, 1)
	}
	var many []event.Label
	for i := range 256 {
		many = append(many, event.Label{Key: fmt.Sprintf("k%03d", i), Value: strings.Repeat("v", 50)})
	}
	s := ix.sets.take(many)
	began := time.Now()
	const times = 100
	for range times {
		ix.selections.find(&rule.Object{Ref: pod("a", 0).Ref, Labels: s, Annotations: none})
	}
	if each := time.Since(began) / times; each > 5*time.Millisecond {
		t.Errorf("an object takes %s", each)
	} else {
		t.Log(each)
	}
}
