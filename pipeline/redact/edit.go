package redact

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// edit is the redaction of one record.
type edit struct {
	layers   []layer
	x        *search
	withheld []event.Withheld
}

// apply passes one string through the layers. Its place is the JSON pointer
// base followed by name.
func (e *edit) apply(base, name string, at place, s string) string {
	e.x.base, e.x.name = base, name
	for _, l := range e.layers {
		out, reason := l.redact(at, s)
		if reason != "" {
			e.withheld = append(e.withheld, event.Withheld{Path: base + name, Reason: reason})
		}
		if s = out; s == MarkWithheld {
			break // Nothing is left to examine.
		}
	}
	return s
}

// applyFields redacts the fields of v, and returns v or a changed copy.
func applyFields[T any](e *edit, base string, fields []field[T], v *T) *T {
	return applyFieldsAt(e, base, place{}, fields, v)
}

// applyFieldsAt is applyFields where the fields are strings of the place given.
func applyFieldsAt[T any](e *edit, base string, at place, fields []field[T], v *T) *T {
	owned := false
	for i := range fields {
		s := *fields[i].at(v)
		if s == "" {
			continue
		}
		out := e.apply(base, fields[i].name, at, s)
		if out == s {
			continue
		}
		if !owned {
			v, owned = new(*v), true
		}
		*fields[i].at(v) = out
	}
	return v
}

// reference redacts a reference, and returns it or a changed copy. What is the
// same in one of the others, all of which have been redacted, needs no second
// look: an object, its owner and what a rule matched have much in common.
func (e *edit) reference(base string, ref *event.ObjectRef, others ...*event.ObjectRef) *event.ObjectRef {
	out := ref
	for i := range objectFields {
		f := &objectFields[i]
		s := *f.at(ref)
		if s == "" || isKnown(f, s, others) {
			continue
		}
		clean := e.apply(base, f.name, place{}, s)
		if clean == s {
			continue
		}
		if out == ref {
			out = new(*ref)
		}
		*f.at(out) = clean
	}
	return out
}

func isKnown(f *field[event.ObjectRef], s string, others []*event.ObjectRef) bool {
	for _, other := range others {
		// What was withheld is told of each place.
		if other != nil && *f.at(other) == s && s != MarkWithheld {
			return true
		}
	}
	return false
}

// strings redacts the keys and values of a map, and returns m or a changed copy.
// Of several whose keys become the same, the one counts whose key comes first.
func (e *edit) strings(base string, kind placeKind, m map[string]string) (map[string]string, bool) {
	var out map[string]string
	for _, k := range e.x.sorted(m) {
		s, first := m[k], len(e.withheld)
		key := e.apply("", "", place{}, k)
		v := e.apply("", "", place{kind: kind, key: k}, s)
		if len(e.withheld) > first {
			e.relocate(first, base+pointerToken(key))
		}
		if key == k && v == s {
			continue
		}
		if out == nil {
			out = maps.Clone(m)
		}
		if key != k {
			delete(out, k)
			if _, taken := out[key]; taken {
				e.withheld = append(e.withheld, event.Withheld{Path: strings.TrimSuffix(base, "/"), Reason: ReasonDuplicate})
				continue
			}
		}
		out[key] = v
	}
	if out == nil {
		return m, false
	}
	return out, true
}

// list redacts the strings of a list, and returns list or a changed copy.
func list[S ~string](e *edit, base string, list []S) ([]S, bool) {
	out, changed := list, false
	for i, s := range list {
		first := len(e.withheld)
		v := e.apply("", "", place{}, string(s))
		if len(e.withheld) > first {
			e.relocate(first, base+strconv.Itoa(i))
		}
		if v == string(s) {
			continue
		}
		if !changed {
			out, changed = slices.Clone(list), true
		}
		out[i] = S(v)
	}
	return out, changed
}

// entries redacts the entries of a list, and returns in or a changed copy. What
// clean withholds is told relative to the entry.
func entries[T any](e *edit, base string, in []T, clean func(i int, entry *T) *T) ([]T, bool) {
	out, changed := in, false
	for i := range in {
		first := len(e.withheld)
		entry := clean(i, &in[i])
		if len(e.withheld) > first {
			e.relocate(first, base+strconv.Itoa(i))
		}
		if entry == &in[i] {
			continue
		}
		if !changed {
			out, changed = slices.Clone(in), true
		}
		out[i] = *entry
	}
	return out, changed
}

// relocate puts base before the paths of what was withheld from the index
// first on. Few records need their paths written out.
func (e *edit) relocate(first int, base string) {
	for i := first; i < len(e.withheld); i++ {
		e.withheld[i].Path = base + e.withheld[i].Path
	}
}

// subject redacts what a record is about, as its part repeats it. Mostly that
// is the object of the record, which has been redacted already. Else it is not
// encoded, so that nothing is withheld of the record.
func (e *edit) subject(ref, object, redacted *event.ObjectRef) *event.ObjectRef {
	if object != nil && *object == *ref {
		return redacted
	}
	if ref.IsZero() {
		return ref
	}
	unrecorded := edit{layers: e.layers, x: e.x}
	return applyFields(&unrecorded, "", objectFields[:], ref)
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointerToken escapes a reference token of a JSON pointer, RFC 6901.
func pointerToken(key string) string { return pointerEscapes.Replace(key) }
