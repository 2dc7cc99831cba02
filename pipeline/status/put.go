package status

import (
	"hash/maphash"
	"strings"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Annotations that leave an object out of what makes an application's status.
const (
	annotationArgoHook   = "argocd.argoproj.io/hook"
	annotationHelmHook   = "helm.sh/hook"
	annotationArgoIgnore = "argocd.argoproj.io/ignore-healthcheck"
)

// Put tells that an object lives, how it is by its own account, and how it
// compares with how it should be; a nil comparison is to come by Fetched, and the
// one before counts until then. list is the number of the list that it was found
// in, or after which it was watched: see Listed. A later list of the same
// resource has a higher one.
func (t *Tracker) Put(l event.Live, list uint64, a event.Assessment, c *event.Comparison) {
	if l.Ref.Name == "" || l.Ref.Kind == "" {
		return
	}
	meta := t.metaOf(&l)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(&l, list, meta, &a, c)
}

// Fetched tells of an object that was fetched by itself, what Put tells. It is not
// believed of a version that is older than the one known. list is the number of
// the last list that had begun when the object was asked for.
//
// Whoever tells it must see to it that Remove is told after it if the object is
// gone.
func (t *Tracker) Fetched(l event.Live, list uint64, a event.Assessment, c event.Comparison) {
	if l.Ref.Name == "" || l.Ref.Kind == "" {
		return
	}
	meta := t.metaOf(&l)
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := t.kinds.find(l.Ref.APIVersion, l.Ref.Kind); k != nil {
		if e := k.objects[place{unique.Make(string(l.Ref.Namespace)), l.Ref.Name}]; e != nil && e.is(live) {
			if v, ok := l.Ref.ResourceVersion.Uint64(); ok && v < e.version {
				return
			}
			if e.list != unlisted {
				// A list under way may lack it: only that list can say so.
				list = e.list
			}
		}
	}
	t.put(&l, list, meta, &a, &c)
}

func (t *Tracker) put(l *event.Live, list, meta uint64, a *event.Assessment, c *event.Comparison) {
	in := unique.Make(string(l.Ref.Namespace))
	now := t.now()
	k := t.kinds.add(l.Ref.APIVersion, l.Ref.Kind, l.Ref.Resource)
	if k.GroupKind == kindNamespace {
		t.setEnding(l.Ref.Name, l.Deleting, false, now)
	}
	at := place{in, l.Ref.Name}
	e := k.objects[at]
	own := state{health: wordOf[healthWord](healths[:], a.Health)}
	awaited := c == nil
	if awaited {
		c, own.drift = e.comparison(newUID(l.Ref.UID))
	} else {
		own.drift = driftHash(c.Drifts)
	}
	own.sync = wordOf[syncWord](syncs[:], c.Sync)
	detail := newDetail(own, a, c)
	if e == nil {
		if own.isNone() && !awaited && (len(l.Owners) == 0 || k.isLeaf()) {
			return
		}
		e = t.entryOf(k, at)
	}
	if u := newUID(l.Ref.UID); e.uid != u {
		t.replace(e, now)
		e.uid = u
	}
	if own.isNone() {
		// What follows is structure only.
		own, detail = state{}, nil
	}
	e.own, e.list = own, list
	if d := e.detail; d != nil && detail != nil && own == e.said.state {
		detail.wanting = d.wanting
	}
	t.keep(e, detail)
	e.version, _ = l.Ref.ResourceVersion.Uint64()
	if awaited && !e.is(live) {
		e.gone = now
	}
	e.set(live, true)
	e.set(unseen|dropped|checked, false)
	e.set(top, len(l.Owners) == 0)
	e.set(applied, l.Applied)
	e.set(compared, awaited)
	e.set(deleting, l.Deleting)
	wasExcluded := e.is(excluded)
	e.set(excluded, isExcluded(l.Annotations))
	if wasExcluded != e.is(excluded) {
		t.touch(e.app, now)
	}
	if e.meta != meta {
		e.meta = meta
		t.own(e, l.Owners)
		t.touch(e.app, now)
		t.searchTree(e)
	}
	t.settle(e, now)
}

// comparison returns how the object of a UID compared when that was last told, and
// the hash of its drifts.
func (e *entry) comparison(u uid) (*event.Comparison, uint64) {
	if e == nil || e.uid != u || !e.is(live|unseen) {
		return &event.Comparison{}, 0
	}
	from := e.own
	if e.is(unseen) {
		from = e.said.state
	}
	c := &event.Comparison{Sync: syncs[from.sync]}
	if e.detail != nil {
		c.DesiredBy, c.Drifts, c.Omitted = e.detail.desiredBy, e.detail.drifts, e.detail.omitted
	}
	return c, from.drift
}

// Remove tells that an object is gone, as it last was. One that has meanwhile been
// made anew under its name stays.
func (t *Tracker) Remove(l event.Live) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.kinds.find(l.Ref.APIVersion, l.Ref.Kind)
	if k == nil {
		return
	}
	now := t.now()
	if k.GroupKind == kindNamespace {
		t.setEnding(l.Ref.Name, true, true, now)
	}
	e := k.objects[place{unique.Make(string(l.Ref.Namespace)), l.Ref.Name}]
	if e == nil {
		return
	}
	if !e.is(live | unseen) {
		// Whoever was asked for it may have answered before it went.
		e.set(checked, true)
		t.settle(e, now)
		return
	}
	if u := newUID(l.Ref.UID); !u.isZero() && !e.uid.isZero() && e.uid != u {
		return
	}
	t.bury(e, now)
}

// bury notes that an object is gone.
func (t *Tracker) bury(e *entry, now int64) {
	e.set(live|unseen, false)
	// It was there, so that nobody has to be asked.
	e.set(checked, true)
	e.own, e.gone = state{}, now
	t.forgetWarnings(e)
	t.settle(e, now)
}

// replace makes room for another object of the same name.
func (t *Tracker) replace(e *entry, now int64) {
	if e.uid.isZero() {
		return
	}
	t.forgetWarnings(e)
	e.meta = 0
	t.keep(e, nil)
	if e.said.isNone() || e.said.health == healthMissing {
		return
	}
	f := farewell{kind: e.kind, place: e.place, uid: e.uid, said: e.said, at: now}
	if e.app != nil {
		f.app = e.app.info
	}
	t.terminated = append(t.terminated, f)
	e.said = said{}
	e.changed, e.noted = now, now
	t.signal()
}

// Listed tells that a list of a resource is complete, in one namespace or, if that
// is empty, in all: what was last put with a lower number is gone.
func (t *Tracker) Listed(resource event.GroupResource, namespace event.Namespace, list uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	w := t.kinds.watchOf(resource, namespace)
	w.listed, w.broken, w.stale, w.listedAt = true, false, false, t.opts.Now()
	k := t.kinds.byResource[resource]
	if k == nil {
		return
	}
	in := unique.Make(string(namespace))
	for at, e := range k.objects {
		if namespace != "" && at.namespace != in {
			continue
		}
		switch {
		case e.is(live) && e.list == unlisted:
			// Asked for by name, and perhaps gone since.
			e.set(live|checked, false)
			e.gone = now
			t.settle(e, now)
		case e.is(live) && e.list < list:
			if k.GroupKind == kindNamespace {
				t.setEnding(e.name, true, true, now)
			}
			t.bury(e, now)
		default:
			t.settle(e, now)
		}
	}
}

// Serve tells all kinds that the server serves, in place of those told before. It
// is told before objects of these kinds are. Objects of kinds that are no longer
// among them, or no longer watched, are not told of any more.
func (t *Tracker) Serve(served []event.ServedKind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.kinds.asked = true
	was := make(map[*kind]bool, len(t.kinds.byKind))
	for _, k := range t.kinds.byKind {
		was[k] = k.served && k.watched
		k.served, k.watched = false, false
	}
	for i := range served {
		s := &served[i]
		k := t.kinds.add(s.APIVersion(), s.Kind, s.Resource)
		k.apiVersion = strings.Clone(s.APIVersion())
		k.served, k.watched, k.namespaced = true, s.Watched, s.Namespaced
		if s.Watched && !was[k] {
			for _, e := range k.objects {
				e.set(dropped, false)
			}
		}
	}
	for k, watched := range was {
		if k.served && k.watched {
			continue
		}
		if k.watches != nil && watched {
			k.watches.all, k.watches.by = nil, map[unique.Handle[string]]*watch{}
		}
		for _, e := range k.objects {
			if !k.served && e.is(unseen) {
				// It was there before this run, and who serves it may not answer yet.
				t.settle(e, now)
				continue
			}
			e.set(live|unseen, false)
			e.set(dropped, true)
			e.own = state{}
			t.forgetWarnings(e)
			t.settle(e, now)
		}
	}
	t.expectAll(now)
}

// own notes who the owner of an object is: the one that manages it, or else the
// first. Who writes the reference chooses it, so that the owner has to be of the
// kind and name that it says, of the object's namespace or of none.
func (t *Tracker) own(e *entry, owners []event.Owner) {
	e.owner = uid{}
	if len(owners) == 0 {
		e.belong(nil)
		return
	}
	o := &owners[0]
	for i := range owners {
		if owners[i].Controller {
			o = &owners[i]
			break
		}
	}
	former := e.parent
	e.belong(nil)
	if k := t.kinds.find(o.APIVersion, o.Kind); k != nil && o.Name != "" && o.UID != "" {
		if up := t.entryOf(k, k.placeOf(e.namespace, o.Name)); up != e {
			e.owner = newUID(o.UID)
			e.belong(up)
		}
	}
	if former != e.parent {
		t.release(former)
	}
}

// metaOf returns a hash of what decides to which application an object belongs.
func (t *Tracker) metaOf(l *event.Live) uint64 {
	var h maphash.Hash
	h.SetSeed(t.seed)
	text := func(s string) {
		_, _ = h.WriteString(s)
		_ = h.WriteByte(0)
	}
	for _, labels := range [...][]event.Label{l.Labels, l.Annotations} {
		for _, label := range labels {
			text(label.Key)
			text(label.Value)
		}
		_ = h.WriteByte(1)
	}
	for i := range l.Owners {
		o := &l.Owners[i]
		text(string(o.UID))
		text(o.Kind)
		text(o.Name)
		if o.Controller {
			_ = h.WriteByte(1)
		}
	}
	// Zero is that of an object not seen yet.
	return h.Sum64() | 1
}

func isExcluded(annotations []event.Label) bool {
	for _, a := range annotations {
		switch a.Key {
		case annotationArgoHook, annotationHelmHook:
			return true
		case annotationArgoIgnore:
			if a.Value == "true" {
				return true
			}
		}
	}
	return false
}

// driftHash is the same for the same paths, in all runs.
func driftHash(drifts []event.Drift) uint64 {
	if len(drifts) == 0 {
		return 0
	}
	h := newHash()
	for i := range drifts {
		h.text(drifts[i].Path)
	}
	return uint64(h) | 1
}
