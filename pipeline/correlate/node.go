package correlate

import (
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// node is what is kept of an object.
type node struct {
	uid       uid
	name      string
	namespace unique.Handle[string]
	kind      *kind
	// owner is nil for objects that have none.
	owner         *owner
	labels, notes *set
	// extra is nil for most kinds.
	extra *extra
	// grave is nil while the object lives.
	grave *grave
	// list is the number of the last list that the object was part of.
	list uint64
	// created is in Unix seconds, as the API server has it; 0 is unknown.
	created int64
}

// extra is what some kinds say about other objects.
type extra struct {
	target    event.ObjectRef
	templates []string
	selection *selection
}

// typeMeta is the kind of an owner as the reference to it says it.
type typeMeta struct{ apiVersion, kind string }

// ownerKey is a reference to an owner.
type ownerKey struct {
	uid  uid
	meta unique.Handle[typeMeta]
	name string
}

// owner is a reference to an owner, which all objects of that owner share.
type owner struct {
	ownerKey
	// refs is how many objects have it.
	refs int
}

// ref returns the reference as an object in a namespace means it.
func (o *owner) ref(namespace event.Namespace) event.ObjectRef {
	meta := o.meta.Value()
	return event.ObjectRef{APIVersion: meta.apiVersion, Kind: meta.kind, Namespace: namespace, Name: o.name, UID: o.uid.UID()}
}

// owners are the references in use.
type owners struct {
	byKey map[ownerKey]*owner
	// wanted counts the references by the UID of the owner.
	wanted map[uid]int
}

// take returns the owner of the object that leads to what it was deployed as:
// the one that manages it, or else the first. It counts one use of it.
func (s *owners) take(refs []event.Owner) *owner {
	if len(refs) == 0 {
		return nil
	}
	i := max(slices.IndexFunc(refs, func(o event.Owner) bool { return o.Controller }), 0)
	key := ownerKey{uid: newUID(refs[i].UID), meta: unique.Make(typeMeta{refs[i].APIVersion, refs[i].Kind}), name: refs[i].Name}
	found := s.byKey[key]
	if found == nil {
		key.name = strings.Clone(key.name)
		found = &owner{ownerKey: key}
		s.byKey[key] = found
		if !key.uid.isZero() {
			s.wanted[key.uid]++
		}
	}
	found.refs++
	return found
}

// drop ends one use of an owner.
func (s *owners) drop(old *owner) {
	if old == nil {
		return
	}
	if old.refs--; old.refs > 0 {
		return
	}
	delete(s.byKey, old.ownerKey)
	if s.wanted[old.uid]--; s.wanted[old.uid] <= 0 {
		delete(s.wanted, old.uid)
	}
}

// ref returns what names the object.
func (n *node) ref() event.ObjectRef {
	return event.ObjectRef{
		APIVersion: n.kind.apiVersion, Kind: n.kind.name, Resource: n.kind.resource,
		Namespace: event.Namespace(n.namespace.Value()), Name: n.name, UID: n.uid.UID(),
	}
}

// isOlder reports whether the object is known to have been created before t.
func (n *node) isOlder(t time.Time) bool {
	return !t.IsZero() && n.created != 0 && n.created < t.Unix()
}

func (n *node) place() place { return place{n.namespace, n.name} }

// set takes over what live says about the object.
func (ix *Index) set(n *node, live *event.Live) {
	labels, notes, owner := ix.sets.take(live.Labels), ix.sets.take(live.Annotations), ix.owners.take(live.Owners)
	ix.unset(n)
	n.labels, n.notes, n.owner = labels, notes, owner
	if !live.Created.IsZero() {
		n.created = live.Created.Unix()
	}

	old := n.extra
	if live.Target.IsZero() && len(live.ClaimTemplates) == 0 && live.Selection == nil {
		n.extra = nil
	} else {
		e := &extra{target: cloneRef(live.Target)}
		for _, name := range live.ClaimTemplates {
			e.templates = append(e.templates, strings.Clone(name))
		}
		if live.Selection != nil {
			if old != nil {
				e.selection = old.selection
			}
			e.selection = newSelection(e.selection, live)
		}
		n.extra = e
	}
	ix.selections.replace(n, old)
	if n.grave != nil {
		ix.trim(n)
	}
}

// unset gives back what the object shares with others.
func (ix *Index) unset(n *node) {
	ix.sets.drop(n.labels)
	ix.sets.drop(n.notes)
	ix.owners.drop(n.owner)
	n.labels, n.notes, n.owner = none, none, nil
}

func cloneRef(r event.ObjectRef) event.ObjectRef {
	return event.ObjectRef{
		APIVersion: strings.Clone(r.APIVersion), Kind: strings.Clone(r.Kind),
		Namespace: event.Namespace(strings.Clone(string(r.Namespace))), Name: strings.Clone(r.Name), UID: event.UID(strings.Clone(string(r.UID))),
	}
}
