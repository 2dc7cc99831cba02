package correlate

import (
	"slices"
	"strings"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// place is an object's key among those of its kind.
type place struct {
	namespace unique.Handle[string]
	name      string
}

// kind is one kind of objects, of all versions.
type kind struct {
	group, name string
	// resource is empty while it is not known.
	resource   string
	apiVersion string
	// served is set for kinds that the server was found to serve; namespaced
	// tells nothing of others.
	served, watched, namespaced bool
	// listed is set once the kind has been listed whole, at least in one
	// namespace.
	listed bool

	// objects are those known: of each name the live one, or else the one that
	// went last.
	objects map[place]*node
}

func (k *kind) groupKind() event.GroupKind { return event.GroupKind{Group: k.group, Kind: k.name} }

func (k *kind) groupResource() event.GroupResource {
	return event.GroupResource{Group: k.group, Resource: k.resource}
}

// find returns the object of a name, live or gone. References to objects that
// have no namespace may name one: the API server itself puts a namespace's name
// into both fields of an audit event.
func (k *kind) find(namespace event.Namespace, name string) *node {
	if !k.served || k.namespaced {
		if n := k.objects[place{unique.Make(string(namespace)), name}]; n != nil {
			return n
		}
	}
	if !k.served || !k.namespaced {
		return k.objects[place{unique.Make(""), name}]
	}
	return nil
}

// kinds are the kinds of objects that the server serves, or once served.
type kinds struct {
	byKind     map[event.GroupKind]*kind
	byResource map[event.GroupResource]*kind
	// byName are those of the same kind in several groups, ordered by group.
	byName map[string][]*kind
	// asked is set once the server has said what it serves.
	asked bool
	// unreadable are those that this instance may not read.
	unreadable map[event.GroupResource]bool
}

func newKinds() kinds {
	return kinds{
		byKind:     map[event.GroupKind]*kind{},
		byResource: map[event.GroupResource]*kind{},
		byName:     map[string][]*kind{},
		unreadable: map[event.GroupResource]bool{},
	}
}

// add returns the kind, which it makes known.
func (s *kinds) add(group, name, resource, apiVersion string) *kind {
	k := s.byKind[event.GroupKind{Group: group, Kind: name}]
	if k == nil {
		k = &kind{
			group: strings.Clone(group), name: strings.Clone(name), apiVersion: strings.Clone(apiVersion),
			objects: map[place]*node{},
		}
		s.byKind[k.groupKind()] = k
		s.byName[k.name] = append(s.byName[k.name], k)
		slices.SortFunc(s.byName[k.name], func(a, b *kind) int { return strings.Compare(a.group, b.group) })
	}
	if resource != "" && resource != k.resource {
		if s.byResource[k.groupResource()] == k {
			delete(s.byResource, k.groupResource())
		}
		k.resource = strings.Clone(resource)
		s.byResource[k.groupResource()] = k
	}
	return k
}

// remove forgets a kind.
func (s *kinds) remove(k *kind) {
	delete(s.byKind, k.groupKind())
	if s.byResource[k.groupResource()] == k {
		delete(s.byResource, k.groupResource())
	}
	same := slices.DeleteFunc(s.byName[k.name], func(o *kind) bool { return o == k })
	if s.byName[k.name] = same; len(same) == 0 {
		delete(s.byName, k.name)
	}
}

// of returns the kinds that a reference may mean: one, or several if it does not
// tell the group.
func (s *kinds) of(ref *event.ObjectRef) []*kind {
	if ref.APIVersion == "" && ref.Kind != "" {
		return s.byName[ref.Kind]
	}
	group := groupOf(ref.APIVersion)
	k := s.byKind[event.GroupKind{Group: group, Kind: ref.Kind}]
	if k == nil && ref.Resource != "" {
		k = s.byResource[event.GroupResource{Group: group, Resource: ref.Resource}]
	}
	if k == nil {
		return nil
	}
	return []*kind{k}
}

// isWatched reports whether objects of the kind come to be known by themselves.
func (s *kinds) isWatched(k *kind) bool {
	return k.watched && !s.unreadable[k.groupResource()]
}

// isWatched reports whether objects of the kind in a namespace come to be known by
// themselves.
func (ix *Index) isWatched(k *kind, namespace event.Namespace) bool {
	return ix.kinds.isWatched(k) && (k.served && !k.namespaced || ix.reads(namespace))
}

// reads reports whether objects of a namespace are watched.
func (ix *Index) reads(namespace event.Namespace) bool {
	return namespace == "" || !slices.Contains(ix.never, namespace) && (len(ix.only) == 0 || slices.Contains(ix.only, namespace))
}

// groupOf returns the group of an apiVersion; that of v1 is empty.
func groupOf(apiVersion string) string {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// Serve tells all kinds that the server serves, in place of those told before.
// Objects of kinds that are no longer watched count as gone.
func (ix *Index) Serve(served []event.ServedKind) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.kinds.asked = true
	still := make(map[*kind]bool, len(served))
	for _, s := range served {
		k := ix.kinds.add(s.Group, s.Kind, s.Resource, s.APIVersion())
		if k.apiVersion != s.APIVersion() {
			k.apiVersion = s.APIVersion()
		}
		k.served, k.watched, k.namespaced = true, s.Watched, s.Namespaced
		still[k] = true
	}
	for _, k := range ix.kinds.byKind {
		if !still[k] {
			k.served, k.watched = false, false
		}
		if !k.watched {
			k.listed = false
			ix.buryAll(k, func(*node) bool { return true })
		}
		if !still[k] && len(k.objects) == 0 {
			ix.kinds.remove(k)
		}
	}
	for resource := range ix.kinds.unreadable {
		if k := ix.kinds.byResource[resource]; k == nil || !k.served {
			delete(ix.kinds.unreadable, resource)
		}
	}
	ix.claims.settle(&ix.kinds)
	ix.waits.wakeAll()
}

// Readable tells whether this instance may read a resource; until it is told it
// may. What cannot be read is not waited for.
func (ix *Index) Readable(resource event.GroupResource, ok bool) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ok {
		delete(ix.kinds.unreadable, resource)
		return
	}
	ix.kinds.unreadable[resource] = true
	ix.waits.wakeAll()
}
