package status

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// How long it is waited for what a Finder does not know yet, in nanoseconds: at
// first, and altogether.
const (
	firstPause = int64(50 * time.Millisecond)
	patience   = int64(2 * time.Second)
)

// searchBatch is how many objects are searched for between two looks at the lock.
const searchBatch = 256

// pending is a search that may find more a little later.
// It is kept until more is found.
type pending struct{ since int64 }

func (p pending) until() int64 {
	if p.since == 0 {
		return 0
	}
	return p.since + patience
}

// Synced tells that everything was listed once. Before that nothing is told; from
// now on what was remembered and not seen is gone where its kind was listed.
func (t *Tracker) Synced() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.synced {
		return
	}
	t.synced, t.began = true, t.now()
	for _, k := range t.kinds.byKind {
		for _, e := range k.objects {
			if e.is(live) && !e.own.isNone() || e.expected > 0 && !e.is(live) {
				t.search(e)
			}
		}
	}
	t.signal()
}

// Claimed tells that the application of objects, and of what is below them, may
// have changed.
func (t *Tracker) Claimed(refs []event.ObjectRef) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range refs {
		if e := t.find(&refs[i]); e != nil {
			t.searchTree(e)
		}
	}
}

// searchTree searches for the applications of an object and all below it.
func (t *Tracker) searchTree(e *entry) {
	if !t.synced {
		return
	}
	t.search(e)
	t.walk(e, t.search)
}

// searchAll searches for applications until none is left to be searched for.
func (t *Tracker) searchAll() {
	var batch []*entry
	for {
		t.mu.Lock()
		batch = batch[:0]
		for len(batch) < searchBatch && t.searches.len() > 0 {
			batch = append(batch, t.searches.pop())
		}
		if len(batch) == 0 {
			if t.synced && !t.sorted {
				t.begin()
			}
			t.mu.Unlock()
			return
		}
		refs := make([]event.ObjectRef, len(batch))
		for i, e := range batch {
			e.set(searched, false)
			refs[i] = e.searchRef()
		}
		t.mu.Unlock()
		found := make([]Found, len(refs))
		for i := range refs {
			found[i] = t.opts.Finder.Find(refs[i])
		}
		t.mu.Lock()
		now := t.now()
		for i, e := range batch {
			// It may be another by now, which has its own search.
			if e.kind.objects[e.place] == e && (refs[i].UID == "" || newUID(refs[i].UID) == e.uid) {
				t.found(e, &found[i], now)
			}
		}
		t.mu.Unlock()
	}
}

// searchRef is how the object is searched for: one that is expected by its name.
func (e *entry) searchRef() event.ObjectRef {
	ref := e.ref()
	ref.ResourceVersion = ""
	if e.expected > 0 && !e.is(live) {
		ref.UID = ""
	}
	return ref
}

// begin has all be told that is to be.
func (t *Tracker) begin() {
	t.sorted = true
	now := t.now()
	t.snapshot.begin(t.opts.Resync, now)
	t.doubt(now)
	for _, e := range t.inOrder() {
		if e.is(unseen) && e.said.health != healthMissing {
			e.gone = now
		}
		t.settle(e, now)
	}
	byName := func(a, b event.ApplicationKey) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	for _, key := range slices.SortedFunc(maps.Keys(t.apps), byName) {
		app := t.apps[key]
		app.first = 0
		t.touch(app, now)
	}
}

// inOrder returns all entries by kind, namespace and name: what is told at the
// beginning is told in the same order each time.
func (t *Tracker) inOrder() []*entry {
	all := make([]*entry, 0, len(t.kinds.byKind))
	for _, k := range t.kinds.byKind {
		all = slices.AppendSeq(all, maps.Values(k.objects))
	}
	slices.SortFunc(all, func(a, b *entry) int {
		if a.kind != b.kind {
			return cmp.Or(cmp.Compare(a.kind.Group, b.kind.Group), cmp.Compare(a.kind.Kind, b.kind.Kind))
		}
		return cmp.Or(cmp.Compare(a.namespace.Value(), b.namespace.Value()), cmp.Compare(a.name, b.name))
	})
	return all
}

// found takes over what was found of an object.
func (t *Tracker) found(e *entry, f *Found, now int64) {
	if e.expected > 0 && !e.is(live|checked) {
		e.set(checked, true)
		if f.Object.UID != "" {
			// It has no status and was there before it was expected.
			e.set(live, true)
			e.uid, e.list = newUID(f.Object.UID), unlisted
		}
	}
	if f.Application != nil {
		t.assign(e, t.applicationOf(f.Application), now)
	} else if e.is(live) {
		t.assign(e, nil, now)
	}
	p, waits := t.pending[e]
	switch {
	case !f.Pending:
		delete(t.pending, e)
	case !waits:
		p = pending{since: now}
		t.pending[e] = p
		fallthrough
	case now < p.until():
		t.lookAt(e, min(now+max(firstPause, now-p.since), p.until()))
	}
	t.settle(e, now)
}

// assign makes an object belong to an application; what is below it may then, too.
func (t *Tracker) assign(e *entry, app *application, now int64) {
	if e.app == app {
		return
	}
	t.setApplication(e, app, now)
	t.walk(e, t.search)
}

// find returns the entry that a reference means, nil if there is none.
func (t *Tracker) find(ref *event.ObjectRef) *entry {
	k := t.kinds.find(ref.APIVersion, ref.Kind)
	if k == nil {
		return nil
	}
	e := k.objects[k.placeOf(namespaceOf(ref), ref.Name)]
	if e == nil || ref.UID != "" && !e.uid.isZero() && newUID(ref.UID) != e.uid {
		return nil
	}
	return e
}

// maxBelow is how many objects are looked at below one.
const maxBelow = 10_000

// walk visits what is below an object, the nearest first.
func (t *Tracker) walk(e *entry, visit func(*entry)) {
	if e.child == nil {
		return
	}
	t.epoch++
	e.epoch = t.epoch
	level := []*entry{e}
	for n := 0; len(level) > 0; {
		var below []*entry
		for _, up := range level {
			for c := up.child; c != nil; c = c.next {
				if n++; n > maxBelow {
					return
				}
				if c.owner != up.uid || c.epoch == t.epoch {
					continue
				}
				c.epoch = t.epoch
				visit(c)
				if c.child != nil {
					below = append(below, c)
				}
			}
		}
		level = below
	}
}
