package correlate

import (
	"strings"
	"sync"
	"time"
	"unique"

	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/event"
)

// Matcher are the rules.
type Matcher interface {
	// Match returns the application of the first object of a chain, whose others
	// are its owners from the nearest up. It is called by any number of
	// goroutines and keeps neither the chain nor reg.
	Match(chain []rule.Object, reg rule.Registry) (event.Application, bool)
}

// The defaults of Options.
const (
	// DefaultRemember is how long the API server keeps events by default.
	DefaultRemember = time.Hour
	DefaultMaxGone  = 100_000
)

// Options of an Index.
type Options struct {
	// Rules tie objects to applications; nil matches none.
	Rules Matcher
	// Namespaces are those whose objects are watched, all but NamespacesExclude if
	// it is empty. Nothing is waited for in others.
	Namespaces, NamespacesExclude []event.Namespace
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Remember is for how long an object is remembered after it went or was last
	// asked for; 0 is DefaultRemember. Owners are remembered while an object that
	// refers to them is.
	Remember time.Duration
	// MaxGone is how many gone objects are remembered at most, the oldest being
	// forgotten first; 0 is DefaultMaxGone.
	MaxGone int
}

// Index knows the objects of a cluster. All methods may be called by any number
// of goroutines; they keep nothing of what they are given but copies of it.
type Index struct {
	rules    Matcher
	now      func() time.Time
	remember time.Duration
	maxGone  int
	// only and never are Options.Namespaces and NamespacesExclude.
	only, never []event.Namespace

	mu     sync.RWMutex
	kinds  kinds
	byUID  map[uid]*node
	live   int
	graves graves

	sets       sets
	owners     owners
	claims     claims
	selections selections

	waits waits
}

// New returns an empty index.
func New(o Options) *Index {
	ix := &Index{
		rules: o.Rules, now: o.Now, remember: o.Remember, maxGone: o.MaxGone,
		only: o.Namespaces, never: o.NamespacesExclude,
		kinds:      newKinds(),
		byUID:      map[uid]*node{},
		sets:       sets{byText: map[string]*set{}},
		owners:     owners{byKey: map[ownerKey]*owner{}, wanted: map[uid]int{}},
		claims:     newClaims(),
		selections: selections{},
		waits:      newWaits(),
	}
	if ix.now == nil {
		ix.now = time.Now
	}
	if ix.remember <= 0 {
		ix.remember = DefaultRemember
	}
	if ix.maxGone <= 0 {
		ix.maxGone = DefaultMaxGone
	}
	return ix
}

// Put tells that an object lives and what it is like now. list is the number of
// the list of its collection that it was found in, or after which it was
// watched: see Listed. A later list of a collection has a higher one.
func (ix *Index) Put(live event.Live, list uint64) {
	if live.Ref.Name == "" || live.Ref.Kind == "" {
		return
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	k := ix.kindOf(&live.Ref)
	at, u := place{unique.Make(string(live.Ref.Namespace)), live.Ref.Name}, newUID(live.Ref.UID)
	n := k.objects[at]
	switch {
	case n != nil && n.uid == u:
	case n != nil && n.uid.isZero():
		// Learnt from a request, which does not tell it.
		n.uid = u
		ix.byUID[u] = n
	default:
		if n != nil {
			ix.bury(n)
		}
		if n = ix.byUID[u]; n == nil || n.kind != k || n.place() != at {
			n = ix.create(k, at, u)
		}
		k.objects[n.place()] = n
	}
	ix.revive(n)
	ix.set(n, &live)
	n.list = list
	ix.waits.arrived(n)
	ix.sweep(sweepSome)
}

// Remove tells that an object is gone, and what it was like in the end. One that
// has meanwhile been made anew under its name stays.
func (ix *Index) Remove(live event.Live) {
	if live.Ref.Name == "" || live.Ref.Kind == "" {
		return
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	k := ix.kindOf(&live.Ref)
	at, u := place{unique.Make(string(live.Ref.Namespace)), live.Ref.Name}, newUID(live.Ref.UID)
	n := k.objects[at]
	if !u.isZero() && (n == nil || n.uid != u) {
		n = ix.byUID[u]
	}
	if n == nil || n.kind != k {
		n = ix.enter(k, at, u)
	}
	if live.Labels != nil || live.Owners != nil {
		ix.set(n, &live)
	}
	ix.bury(n)
	n.grave.learned = false
	ix.waits.arrived(n)
}

// Learn tells what an audit event told of an object. Objects that are known stay
// as they are; others are remembered as if they were gone.
func (ix *Index) Learn(live event.Live) {
	if live.Ref.Name == "" || live.Ref.Kind == "" {
		return
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	k := ix.kindOf(&live.Ref)
	at, u := place{unique.Make(string(live.Ref.Namespace)), live.Ref.Name}, newUID(live.Ref.UID)
	n := k.objects[at]
	if !u.isZero() && (n == nil || n.uid != u) {
		n = ix.byUID[u]
	}
	if n == nil || n.kind != k {
		n = ix.enter(k, at, u)
		ix.set(n, &live)
		ix.bury(n)
		n.grave.learned = true
	} else {
		if n.grave == nil || !n.grave.learned {
			return
		}
		ix.set(n, &live)
	}
	ix.waits.arrived(n)
}

// Listed tells that a list of a resource is complete, in one namespace or, if
// that is empty, in all: what was last put with a lower number is gone.
func (ix *Index) Listed(resource event.GroupResource, namespace event.Namespace, list uint64) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	k := ix.kinds.byResource[resource]
	if k == nil {
		return
	}
	in := unique.Make(string(namespace))
	ix.buryAll(k, func(n *node) bool { return n.list < list && (namespace == "" || n.namespace == in) })
	k.listed = true
	ix.waits.arrivedAll(k)
}

// Status returns how many live objects are known, and how many gone ones.
func (ix *Index) Status() (objects, gone int64) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	// Where nothing changes, nothing else would forget.
	ix.sweep(sweepMany)
	return int64(ix.live), int64(ix.graves.Len())
}

// kindOf returns the kind of an object that exists.
func (ix *Index) kindOf(ref *event.ObjectRef) *kind {
	return ix.kinds.add(groupOf(ref.APIVersion), ref.Kind, ref.Resource, ref.APIVersion)
}

// create adds an object to those that are known by UID.
func (ix *Index) create(k *kind, at place, u uid) *node {
	n := &node{uid: u, name: strings.Clone(at.name), namespace: at.namespace, kind: k, labels: none, notes: none}
	if !u.isZero() {
		ix.byUID[u] = n
	}
	ix.live++
	return n
}

// enter is create for an object that does not live. By its name it is known only
// if there is no other one.
func (ix *Index) enter(k *kind, at place, u uid) *node {
	n := ix.create(k, at, u)
	if k.objects[at] == nil {
		k.objects[n.place()] = n
	}
	return n
}
