package correlate

import (
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxChain is how many objects a chain has at most. Real ones have five.
const maxChain = 16

// resolved is what a reference means.
type resolved struct {
	node *node
	// stranger is set if the reference's name is that of another object, or its
	// UID.
	stranger bool
	// foreign is set if the UID belongs to an object that the reference cannot
	// mean, since that has another name or is in another namespace.
	foreign bool
}

// resolve returns the object that a reference means.
func (ix *Index) resolve(ref *event.ObjectRef) resolved {
	u := newUID(ref.UID)
	if !u.isZero() {
		if n := ix.byUID[u]; n != nil {
			if n.isMeantBy(ref) {
				return resolved{node: n}
			}
			if u.fromServer() {
				return resolved{stranger: true, foreign: true}
			}
		}
	}
	var found *node
	for _, k := range ix.kinds.of(ref) {
		n := k.find(ref.Namespace, ref.Name)
		if n == nil {
			continue
		}
		if found != nil {
			if found.kind.group == "" {
				break
			}
			return resolved{}
		}
		found = n
	}
	if found != nil && u.fromServer() && !found.uid.isZero() && found.uid != u {
		return resolved{stranger: true}
	}
	return resolved{node: found}
}

// isMeantBy reports whether a reference with the object's UID may mean it. Who
// writes a reference chooses it, and what is in another namespace is none of
// theirs.
func (n *node) isMeantBy(ref *event.ObjectRef) bool {
	in := n.namespace.Value()
	return (ref.Kind == "" || ref.Kind == n.kind.name) &&
		(ref.Kind != "" || ref.Resource == "" || n.kind.resource == "" || ref.Resource == n.kind.resource) &&
		(ref.Name == "" || ref.Name == n.name) &&
		(in == "" || in == string(ref.Namespace))
}

// climb adds the owner of the last object of the chain. It is false at the top.
func (ix *Index) climb(s *search) bool {
	last := len(s.chain) - 1
	n := s.nodes[last]
	if n == nil || n.owner == nil {
		return ix.climbImplied(s, n, &s.chain[last].Ref)
	}
	up, known := ix.ownerOf(n)
	switch {
	case up != nil:
		return s.climbTo(up)
	case known:
		return false
	}
	ref := n.owner.ref(event.Namespace(n.namespace.Value()))
	ix.addUnknown(s, &ref)
	return true
}

// climbTo adds an owner unless that would close a circle.
func (s *search) climbTo(up *node) bool {
	if slices.Contains(s.nodes, up) {
		return false
	}
	s.add(up)
	return true
}

// ownerOf returns the owner of an object. Without one known is set if its UID is
// that of an object that cannot be the owner: one in another namespace, or of
// another name or kind than the reference says. Kubernetes takes such references
// for invalid.
func (ix *Index) ownerOf(n *node) (up *node, known bool) {
	o := n.owner
	if up := ix.byUID[o.uid]; up != nil && !o.uid.isZero() {
		mine := up.namespace == n.namespace || up.namespace.Value() == ""
		if mine && up.name == o.name && up.kind.name == o.meta.Value().kind {
			return up, true
		}
		return nil, true
	}
	ref := o.ref(event.Namespace(n.namespace.Value()))
	r := ix.resolve(&ref)
	return r.node, r.foreign
}
