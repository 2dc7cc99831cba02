package change

import (
	"bytes"
	"hash/maphash"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Patch tells what a patch asked to change, from its body, the request's object
// and its URI. It is nil where a is no successful patch, has no body, or one
// that cannot be read.
//
// Audit events do not tell the content type of a patch. An array is a JSON
// patch. An object is
//
//   - an apply if the URI says force=, which the API server allows no other
//     patch, or if the object did not exist (201); or if the URI names a field
//     manager other than kubectl-patch and the body the object's apiVersion, its
//     kind and its name;
//   - else a strategic merge patch if it has one of its directives;
//   - else a merge patch if the object is a custom resource, which has no other;
//   - else a patch of either kind.
//
// Paths lead to the values that are set, and to those that are removed. Lists
// that the patch replaces, or may replace, are one path; so are objects of which
// it does not say what it removes. What only identifies the object, or is a
// condition on it, is no change. Fields that an apply gives up are not told by
// it.
func Patch(a *event.Audit) *event.Changes {
	return newReader().patch(a)
}

// reader reads bodies. It keeps its memory for the next one.
type reader struct {
	tree   tree
	path   path
	paths  paths
	schema schema
}

func newReader() *reader {
	seed := maphash.MakeSeed()
	return &reader{tree: tree{seed: seed}, paths: paths{seed: seed}}
}

func (r *reader) patch(a *event.Audit) *event.Changes {
	if a.Verb != "patch" || a.Request == "" || !succeeded(a) {
		return nil
	}
	q := queryOf(a.RequestURI)
	if q.dryRun || r.tree.parse(string(a.Request)) != nil {
		return nil
	}
	r.paths.reset()
	r.path.cut(0)
	var kind event.ChangeType
	switch r.tree.nodes[0].kind {
	case array:
		kind = event.ChangeJSONPatch
		r.schema = schemaOf(a.Object, mergeForm)
		if !r.operations() {
			return nil
		}
	case object:
		var f form
		kind, f = r.typeOf(a, q)
		r.schema = schemaOf(a.Object, f)
		r.object(0, field{}, 0)
	default:
		return nil
	}
	return &event.Changes{Type: kind, Paths: r.paths.list, Omitted: r.paths.omitted}
}

// typeOf tells what kind of patch an object is.
func (r *reader) typeOf(a *event.Audit, q query) (event.ChangeType, form) {
	if q.force || a.Code == 201 {
		return event.ChangeApply, applyForm
	}
	for i := range r.tree.nodes {
		if n := &r.tree.nodes[i]; directive(r.tree.bytes(n.key)) != noDirective {
			return event.ChangeStrategicMergePatch, strategicForm
		}
	}
	if q.fieldManager != "" && q.fieldManager != "kubectl-patch" && r.identifies(a.Object) {
		return event.ChangeApply, applyForm
	}
	if customGroup(apiGroup(a.Object.APIVersion)) {
		return event.ChangeMergePatch, mergeForm
	}
	return event.ChangePatch, mergeForm
}

// identifies reports whether the body says which object it is.
func (r *reader) identifies(o event.ObjectRef) bool {
	name := r.tree.str(r.tree.member(r.tree.member(0, "metadata"), "name"))
	return r.tree.str(r.tree.member(0, "kind")) != "" &&
		r.tree.str(r.tree.member(0, "apiVersion")) == o.APIVersion &&
		name != "" && name == o.Name
}

// The directives of strategic merge patches.
type directiveType uint8

const (
	noDirective directiveType = iota
	patchDirective
	retainKeys
	elementOrder
	deletePrimitives
)

const (
	elementOrderPrefix     = "$setElementOrder/"
	deletePrimitivesPrefix = "$deleteFromPrimitiveList/"
)

func directive(key []byte) directiveType {
	switch {
	case len(key) == 0 || key[0] != '$':
		return noDirective
	case string(key) == "$patch":
		return patchDirective
	case string(key) == "$retainKeys":
		return retainKeys
	case bytes.HasPrefix(key, []byte(elementOrderPrefix)):
		return elementOrder
	case bytes.HasPrefix(key, []byte(deletePrimitivesPrefix)):
		return deletePrimitives
	}
	return noDirective
}

// object tells what the object at changes, which is the field f.
func (r *reader) object(at int, f field, depth int) {
	if r.replaces(at) || !r.members(at, f, depth, "") && depth > 0 {
		r.paths.add(&r.path)
	}
}

// members tells what the members of an object change, but for the one that
// names it. It is false if there are none.
func (r *reader) members(at int, f field, depth int, but string) (has bool) {
	t := &r.tree
	brackets := r.schema.hasKeys(f)
	var names map[string]struct{}
	for i := range t.children(at) {
		key := t.bytes(t.nodes[i].key)
		if but != "" && string(key) == but {
			continue
		}
		has = true
		if r.schema.form == strategicForm {
			switch directive(key) {
			case noDirective:
			case elementOrder:
				// It goes with the elements that are merged. On its own it
				// changes their order.
				if names == nil {
					names = r.names(at)
				}
				name := key[len(elementOrderPrefix):]
				if _, merged := names[string(name)]; !merged {
					r.leaf(name, brackets)
				}
				continue
			case deletePrimitives:
				r.leaf(key[len(deletePrimitivesPrefix):], brackets)
				continue
			case patchDirective, retainKeys:
				continue
			}
		}
		if (depth == 0 || depth == 1 && inMetadata(f)) && identity(depth, key) {
			continue
		}
		back := r.path.member(key, brackets)
		r.value(i, f, depth)
		r.path.cut(back)
	}
	return has
}

func (r *reader) names(at int) map[string]struct{} {
	names := map[string]struct{}{}
	for i := range r.tree.children(at) {
		names[string(r.tree.bytes(r.tree.nodes[i].key))] = struct{}{}
	}
	return names
}

func inMetadata(f field) bool { return !f.element && string(f.name) == "metadata" }

func (r *reader) leaf(name []byte, brackets bool) {
	back := r.path.member(name, brackets)
	r.paths.add(&r.path)
	r.path.cut(back)
}

// replaces reports whether an object or element says that it is more than
// merged: deleted, replaced, or rid of all that it does not name.
func (r *reader) replaces(at int) bool {
	t := &r.tree
	if r.schema.form != strategicForm {
		return false
	}
	if t.member(at, "$retainKeys") != 0 {
		return true
	}
	how := t.member(at, "$patch")
	return how != 0 && t.str(how) != "merge"
}

// value tells what the value at changes, a member of an object that is the field
// parent.
func (r *reader) value(at int, parent field, depth int) {
	t := &r.tree
	n := &t.nodes[at]
	name := t.bytes(n.key)
	switch n.kind {
	case object:
		r.object(at, field{name: name}, depth+1)
	case array:
		key := r.schema.mergeKey(parent, name)
		if key == "" || n.end == int32(at+1) || !t.label(at, key) {
			r.paths.add(&r.path)
			return
		}
		in := field{name: name, element: true}
		for i := range t.children(at) {
			back := r.path.element(0, t.bytes(t.nodes[i].key))
			// An element of which there is nothing but the name is what the patch
			// is about.
			if r.replaces(i) || !r.members(i, in, depth+1, key) {
				r.paths.add(&r.path)
			}
			r.path.cut(back)
		}
	default:
		r.paths.add(&r.path)
	}
}

// operations tells what the operations of a JSON patch (RFC 6902) change. It is
// false if one of them is none.
func (r *reader) operations() bool {
	t := &r.tree
	for i := range t.children(0) {
		if t.nodes[i].kind != object {
			return false
		}
		to := t.member(i, "path")
		if to == 0 || t.nodes[to].kind != text {
			return false
		}
		ok := true
		switch string(t.textOf(t.member(i, "op"))) {
		case "test":
		case "add", "replace", "remove", "copy":
			ok = r.pointer(t.bytes(t.nodes[to].text))
		case "move":
			from := t.member(i, "from")
			ok = from != 0 && t.nodes[from].kind == text &&
				r.pointer(t.bytes(t.nodes[from].text)) && r.pointer(t.bytes(t.nodes[to].text))
		default:
			return false
		}
		if !ok {
			return false
		}
	}
	return true
}

// pointer tells a JSON pointer (RFC 6901). It is false if it is none. The empty
// one is the whole object, and an empty path.
func (r *reader) pointer(pointer []byte) bool {
	if len(pointer) == 0 {
		r.paths.add(&r.path)
		return true
	}
	if pointer[0] != '/' {
		return false
	}
	defer r.path.cut(0)
	rest := pointer[1:]
	var in field
	for depth, more := 0, true; more; depth++ {
		var segment []byte
		segment, rest, more = bytes.Cut(rest, []byte("/"))
		if bytes.IndexByte(segment, '~') >= 0 {
			segment = bytes.ReplaceAll(bytes.ReplaceAll(segment, []byte("~1"), []byte("/")), []byte("~0"), []byte("~"))
		}
		if (depth == 0 || depth == 1 && inMetadata(in)) && identity(depth, segment) {
			return true
		}
		element := string(segment) == "-" || index(segment)
		r.path.member(segment, element || r.schema.hasKeys(in))
		in = field{name: segment, element: element}
	}
	r.paths.add(&r.path)
	return true
}
