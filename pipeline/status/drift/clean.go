package drift

import (
	"maps"
	"reflect"
)

// origin is an object that drifts are told of, and the same as it may be told. What
// a value means is often said beside it, by the name of a variable or the kind of
// an object that is part of this one: the value alone does not show that it is
// secret.
type origin struct {
	raw   map[string]any
	clean any
	done  bool
}

// value returns the value at the end of a trail as it may be told: v itself if
// there is nobody to say, and an ellipsis where it cannot be found. live says whose
// elements of lists the trail names.
func (o *origin) value(by func(map[string]any) any, trail []step, v any, live bool) any {
	if by == nil {
		return v
	}
	if !o.done {
		o.clean, o.done = by(bare(o.raw)), true
	}
	raw, clean := any(o.raw), o.clean
	for i := range trail {
		s := &trail[i]
		switch r := raw.(type) {
		case map[string]any:
			c, ok := clean.(map[string]any)
			if !ok {
				return standIn(clean)
			}
			next, known := c[s.name]
			if !known || s.element {
				return ellipsis
			}
			raw, clean = r[s.name], next
		case []any:
			c, ok := clean.([]any)
			if !ok {
				return standIn(clean)
			}
			at := s.position(r, live)
			if at < 0 || at >= len(c) {
				return ellipsis
			}
			raw, clean = r[at], c[at]
		default:
			return ellipsis
		}
	}
	return clean
}

// standIn returns what stands in place of an object or list.
func standIn(clean any) any {
	if mark, ok := clean.(string); ok {
		return mark
	}
	return ellipsis
}

// bare returns an object without what drifts are never told of.
func bare(object map[string]any) map[string]any {
	object = maps.Clone(object)
	delete(object, "status")
	if meta, ok := object["metadata"].(map[string]any); ok && meta["managedFields"] != nil {
		meta = maps.Clone(meta)
		delete(meta, "managedFields")
		object["metadata"] = meta
	}
	return object
}

// position returns where the element is in a list, negative if it is not: lists
// are compared in another order than they have.
func (s *step) position(in []any, live bool) int {
	v := s.desired
	if live {
		v = s.live
	}
	if !s.element {
		return -1
	}
	if s.index < len(in) && same(in[s.index], v) {
		return s.index
	}
	for i := range in {
		if same(in[i], v) {
			return i
		}
	}
	return -1
}

// same reports whether two values are one: objects and lists where they are the same
// in memory.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	case string, bool, nil, int64, float64:
		return a == b
	}
	return false
}
