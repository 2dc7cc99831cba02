package drift

import (
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// walk goes through a manifest and looks up each value in the object.
type walk struct {
	by     event.DesiredBy
	kind   identity
	live   map[string]any
	rules  []rule
	secret bool

	path   path
	trail  []step
	owners owners

	found drifts
	// outside is set once a drift is not in the metadata.
	outside bool
	// unknown is how many fields the kind does not have, and unknownAt the first
	// of them by its path.
	unknown   int64
	unknownAt string
	// wrong says of the first value of a wrong type which it is.
	wrong string
}

// step is one step on the way to a value.
type step struct {
	// name is the member of an object.
	name string
	// element is set on elements of lists. index is that of the manifest's, which
	// desired is, and live the object's; nil where it has none.
	element bool
	index   int
	keys    []string
	desired any
	live    any
}

func (w *walk) member(name string, bracket bool) int {
	w.trail = append(w.trail, step{name: name})
	return w.path.member(name, bracket)
}

func (w *walk) element(index int, keys []string, desired, live any) int {
	w.trail = append(w.trail, step{element: true, index: index, keys: keys, desired: desired, live: live})
	return w.path.element(index, keys, desired)
}

func (w *walk) back(cut int) {
	w.trail = w.trail[:len(w.trail)-1]
	w.path.cut(cut)
}

// value compares what the manifest says with what the object has; here is false
// where it has nothing. A null says nothing, or that there should be nothing but
// the default.
func (w *walk) value(t *typ, desired, live any, here bool) {
	if desired == nil {
		return
	}
	if !here || live == nil {
		w.absent(t, desired)
		return
	}
	switch t.form() {
	case structure, dictionary:
		d, ok := desired.(map[string]any)
		l, same := live.(map[string]any)
		switch {
		case !ok || !same:
			w.mistyped(ok)
		case t.shape == structure:
			w.structure(t.of, d, l)
		default:
			w.dictionary(t.elem, d, l)
		}
	case list:
		d, ok := desired.([]any)
		l, same := live.([]any)
		if !ok || !same {
			w.mistyped(ok)
			return
		}
		w.list(t, d, l)
	case anything:
		w.any(desired, live)
	default:
		switch equal, ok := equalScalars(t.shape, desired, live); {
		case !ok:
			w.mistyped(scalarOf(t.shape, desired))
		case !equal:
			w.drift(desired, live, true)
		}
	}
}

// absent compares with a value that the object does not have. The server drops
// the zero value of fields that are not optional, and clients in Go do.
func (w *walk) absent(t *typ, desired any) {
	switch t.form() {
	case structure:
		d, ok := desired.(map[string]any)
		switch {
		case !ok:
			w.mistyped(false)
		case t.optional && !w.ignoredBelow():
			w.drift(desired, nil, false)
		default:
			w.structure(t.of, d, nil)
		}
	case dictionary:
		if d, ok := desired.(map[string]any); ok {
			w.dictionary(t.elem, d, nil)
		} else {
			w.mistyped(false)
		}
	case list:
		d, ok := desired.([]any)
		switch {
		case !ok:
			w.mistyped(false)
		case len(d) > 0:
			w.drift(desired, nil, false)
		}
	case anything:
		d, ok := desired.(map[string]any)
		switch {
		case zero(desired):
		case ok && w.ignoredBelow():
			for name, v := range d {
				cut := w.member(name, false)
				w.value(nil, v, nil, false)
				w.back(cut)
			}
		default:
			w.drift(desired, nil, false)
		}
	default:
		switch {
		case !scalarOf(t.shape, desired):
			w.mistyped(false)
		case t.optional || !zero(desired):
			w.drift(desired, nil, false)
		}
	}
}

// structure compares objects whose members are fields.
func (w *walk) structure(of *structType, desired, live map[string]any) {
	for name, d := range desired {
		if w.exempt(of, name, desired, live) {
			continue
		}
		l, here := live[name]
		t, known := of.field(name)
		if d == nil && here && emptyList(of, name) {
			d = []any{}
		}
		cut := w.member(name, false)
		switch {
		case of.name == customResource && !known:
			w.value(nil, d, l, here)
		case !known && here && !w.secret:
			// The server knows more than this program does.
			w.value(nil, d, l, here)
		case !known:
			w.unknownField(d)
		case w.secret && len(w.trail) == 1 && (name == "data" || name == "stringData"):
			w.secretData(desired, live, name)
		default:
			w.value(w.refine(of, name, t), d, l, here)
		}
		w.back(cut)
	}
}

// dictionary compares objects whose keys users choose. The server keeps each.
func (w *walk) dictionary(elem *typ, desired, live map[string]any) {
	for key, d := range desired {
		if w.exemptKey(key) {
			continue
		}
		l, here := live[key]
		cut := w.member(key, true)
		if !here && d != nil {
			w.drift(d, nil, false)
		} else {
			w.value(elem, d, l, here)
		}
		w.back(cut)
	}
}

// any compares values of which nothing is known.
func (w *walk) any(desired, live any) {
	switch d := desired.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			w.drift(desired, live, true)
			return
		}
		bracket := hasKeys(w.trail)
		for name, v := range d {
			lv, here := l[name]
			cut := w.member(name, bracket)
			w.value(nil, v, lv, here)
			w.back(cut)
		}
	case []any:
		l, ok := live.([]any)
		if !ok {
			w.drift(desired, live, true)
			return
		}
		w.list(nil, d, l)
	default:
		if !equalAny(desired, live, isQuantities(w.trail)) {
			w.drift(desired, live, true)
		}
	}
}

// unknownField notes a field that the kind does not have: one that is misspelt or
// newer than the server. The server drops it.
func (w *walk) unknownField(desired any) {
	if zero(desired) {
		return
	}
	w.unknown++
	if at := w.path.text(); w.unknownAt == "" || at < w.unknownAt {
		w.unknownAt = at
	}
}

// mistyped notes a value that is not of the type of its field; ofLive says that it
// is the object's.
func (w *walk) mistyped(ofLive bool) {
	whose := "the manifest"
	if ofLive {
		whose = "the object"
	}
	if text := w.path.text() + " of " + whose + " is not of the type that the field has"; w.wrong == "" || text < w.wrong {
		w.wrong = text
	}
}

// drift notes that the field is not as it should be, unless nobody wants to know.
func (w *walk) drift(desired, live any, here bool) {
	var by *owner
	looked := false
	look := func() *owner {
		if !looked && here {
			by = w.owners.of(w.live, w.trail)
		}
		looked = true
		return by
	}
	if ignored(w.rules, w.trail, look) || w.controlled(look) {
		return
	}
	w.outside = w.outside || w.trail[0].name != "metadata"
	w.found.count++
	at := w.path.text()
	if !w.found.wants(at) {
		return
	}
	f := found{path: at, trail: slices.Clone(w.trail), desired: desired, live: live, here: here}
	if o := look(); o != nil {
		f.manager = o.manager
	}
	w.found.add(f)
}

func (w *walk) ignoredBelow() bool { return ignoredBelow(w.rules, w.trail) }
