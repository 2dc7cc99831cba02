package status

import (
	"strings"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Objects that are expected beyond these numbers are left out.
const (
	// MaxExpected is how many objects one may expect, and maxExpected how many all
	// may. Those in one namespace may expect no more than they leave to others.
	MaxExpected = 20_000
	maxExpected = 500_000
)

// expectation is what one says should be there.
type expectation struct {
	// in is where what says it is.
	in      unique.Handle[string]
	app     *application
	objects []expected
}

// expected is an object that should be there. entry is nil while its kind is not
// known.
type expected struct {
	kind unique.Handle[event.GroupKind]
	place
	entry *entry
}

// Expect tells that by, which names what keeps the record of a deployment and ends in
// a slash and its namespace, says that the objects should be there as an application's. It replaces what by said
// before. Objects of kinds that are not watched are not looked for.
func (t *Tracker) Expect(by string, app event.Application, objects []event.ObjectRef) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	former := t.expecting[by]
	x := &expectation{in: unique.Make(by[strings.LastIndexByte(by, '/')+1:]), app: t.applicationOf(&app)}
	x.app.expecting++
	for i := range objects {
		o := &objects[i]
		if i == MaxExpected || !t.expected.allows(x.in, 1) {
			break
		}
		if o.Kind == "" || o.Name == "" {
			continue
		}
		want := expected{
			kind:  unique.Make(event.GroupKind{Group: strings.Clone(groupOf(o.APIVersion)), Kind: strings.Clone(o.Kind)}),
			place: place{unique.Make(string(o.Namespace)), strings.Clone(o.Name)},
		}
		t.expected.take(x.in, 1)
		t.link(x, &want, now)
		x.objects = append(x.objects, want)
	}
	t.expecting[strings.Clone(by)] = x
	if former != nil {
		t.unexpect(former, now)
	}
	for i := range x.objects {
		if e := x.objects[i].entry; e != nil {
			t.settle(e, now)
		}
	}
}

// Unexpect takes back what by said.
func (t *Tracker) Unexpect(by string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.expecting[by]; x != nil {
		delete(t.expecting, by)
		t.unexpect(x, t.now())
	}
}

func (t *Tracker) unexpect(x *expectation, now int64) {
	x.app.expecting--
	t.expected.take(x.in, -int64(len(x.objects)))
	for i := range x.objects {
		t.unlink(&x.objects[i], now)
	}
	t.touch(x.app, now)
	t.forsake(x.app)
}

// link finds the entry of an object that is expected, once its kind is known.
func (t *Tracker) link(x *expectation, want *expected, now int64) {
	k := t.kinds.byKind[want.kind.Value()]
	if k == nil || t.kinds.asked && (!k.served || !k.watched) {
		return
	}
	e := t.entryOf(k, k.placeOf(want.namespace, want.name))
	if e.expected++; e.expected == 1 && !e.is(live) && (e.gone == 0 || e.said.health != healthMissing) {
		e.gone = now
	}
	if e.app == nil {
		t.setApplication(e, x.app, now)
	}
	want.entry = e
}

func (t *Tracker) unlink(want *expected, now int64) {
	e := want.entry
	if e == nil {
		return
	}
	want.entry = nil
	if e.expected--; e.expected == 0 {
		t.settle(e, now)
	}
}

// expectAll finds the entries of all that is expected, after other kinds are known.
func (t *Tracker) expectAll(now int64) {
	for _, x := range t.expecting {
		for i := range x.objects {
			want := &x.objects[i]
			former := want.entry
			want.entry = nil
			t.link(x, want, now)
			if former != nil {
				t.unlink(&expected{entry: former}, now)
			}
			if want.entry != nil {
				t.settle(want.entry, now)
			}
		}
	}
}
