package correlate

import (
	"container/list"
	"sync/atomic"
	"time"
)

// How many graves are looked at on an occasion.
const (
	sweepSome = 4
	sweepMany = 10_000
	// spared is how many owners that are needed still are passed over to find
	// one that may be forgotten.
	spared = 16
)

// maxKept is how many bytes of labels, annotations and templates are kept of a
// gone object: what etcd stores bounds the live ones, and nothing those.
const maxKept = 4 << 10

// graves are the objects that are gone, roughly in the order in which they will
// be forgotten.
type graves struct{ list.List }

// grave is what is kept of an object because it is gone.
type grave struct {
	at *list.Element
	// since is when the object went or was last found to be needed.
	since time.Time
	// asked is when the object was last asked for, in Unix nanoseconds. It is
	// written under the index's read lock.
	asked atomic.Int64
	// learned is set if all that is known of it is from audit events.
	learned bool
}

// bury makes a live object a gone one.
func (ix *Index) bury(n *node) {
	if n.grave != nil {
		return
	}
	n.grave = &grave{since: ix.now()}
	n.grave.at = ix.graves.PushBack(n)
	ix.live--
	if n.extra != nil {
		ix.selections.remove(n.extra.selection)
	}
	ix.trim(n)
	ix.sweep(sweepSome)
}

// trim cuts what is kept of a gone object.
func (ix *Index) trim(n *node) {
	kept := len(n.labels.text) + len(n.notes.text)
	if e := n.extra; e != nil {
		e.selection = nil
		for _, t := range e.templates {
			kept += len(t)
		}
	}
	if kept <= maxKept {
		return
	}
	ix.sets.drop(n.labels)
	ix.sets.drop(n.notes)
	n.labels, n.notes = none, none
	if n.extra != nil {
		n.extra.templates = nil
	}
}

func (ix *Index) buryAll(k *kind, gone func(*node) bool) {
	for _, n := range k.objects {
		if n.grave == nil && gone(n) {
			ix.bury(n)
		}
	}
}

// revive makes a gone object a live one.
func (ix *Index) revive(n *node) {
	if n.grave == nil {
		return
	}
	ix.graves.Remove(n.grave.at)
	n.grave = nil
	ix.live++
}

// forget ends all memory of a gone object.
func (ix *Index) forget(n *node) {
	ix.graves.Remove(n.grave.at)
	ix.unset(n)
	if n.kind.objects[n.place()] == n {
		delete(n.kind.objects, n.place())
	}
	if ix.byUID[n.uid] == n {
		delete(ix.byUID, n.uid)
	}
}

// sweep forgets objects whose time is over, of so many at most, and those beyond
// the number that may be remembered.
func (ix *Index) sweep(most int) {
	now := ix.now()
	for range most {
		front := ix.graves.Front()
		if front == nil {
			return
		}
		n := front.Value.(*node)
		if now.Sub(n.grave.since) < ix.remember {
			break
		}
		asked := time.Unix(0, n.grave.asked.Load())
		switch {
		case ix.isNeeded(n):
			n.grave.since = now
		case now.Sub(asked) < ix.remember:
			n.grave.since = asked
		default:
			ix.forget(n)
			continue
		}
		ix.graves.MoveToBack(front)
	}
	for ix.graves.Len() > ix.maxGone {
		for range spared {
			front := ix.graves.Front()
			if !ix.isNeeded(front.Value.(*node)) {
				break
			}
			ix.graves.MoveToBack(front)
		}
		ix.forget(ix.graves.Front().Value.(*node))
	}
}

// isNeeded reports whether an object that is known has the gone one as its owner.
func (ix *Index) isNeeded(n *node) bool {
	if ix.owners.wanted[n.uid] > 0 {
		return true
	}
	if n.extra == nil || len(n.extra.templates) == 0 {
		return false
	}
	// The claims of a StatefulSet outlive it and do not refer to it.
	claims := ix.kinds.byKind[kindClaim]
	if claims == nil {
		return false
	}
	for _, template := range n.extra.templates {
		c := claims.objects[place{n.namespace, template + "-" + n.name + "-0"}]
		if c != nil && c.grave == nil {
			return true
		}
	}
	return false
}
