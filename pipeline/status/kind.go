package status

import (
	"strings"
	"time"
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
	event.GroupKind
	apiVersion string
	// resource is empty while it is not known.
	resource string
	// served is set for kinds that the server was found to serve; namespaced
	// tells nothing of others.
	served, watched, namespaced bool
	// watches are nil while the resource is not known.
	watches *watches

	objects map[place]*entry
}

func (k *kind) groupResource() event.GroupResource {
	return event.GroupResource{Group: k.Group, Resource: k.resource}
}

// watch returns how the watch of the kind's objects in a namespace is doing, nil
// where nothing was told of it.
func (k *kind) watch(namespace unique.Handle[string]) *watch {
	if k.watches == nil {
		return nil
	}
	if w := k.watches.by[namespace]; w != nil {
		return w
	}
	return k.watches.all
}

// watches are those of one resource.
type watches struct {
	// all is the one of all namespaces.
	all *watch
	by  map[unique.Handle[string]]*watch
}

// watch is how one watch is doing.
type watch struct {
	listed bool
	// listedAt is when a list last ended: trouble that began before is over.
	listedAt time.Time
	// stale is set where nothing was heard for long, and broken where it fails for
	// longer than it may.
	stale, broken bool
	// told is what was last told of it.
	told event.WatchState
}

// kinds are those that are known.
type kinds struct {
	byKind     map[event.GroupKind]*kind
	byResource map[event.GroupResource]*kind
	watches    map[event.GroupResource]*watches
	// asked is set once the server has said what it serves.
	asked bool
}

func newKinds() kinds {
	return kinds{
		byKind: map[event.GroupKind]*kind{}, byResource: map[event.GroupResource]*kind{},
		watches: map[event.GroupResource]*watches{},
	}
}

func groupOf(apiVersion string) string {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// find returns the kind that a reference means, nil if it is not known.
func (s *kinds) find(apiVersion, name string) *kind {
	return s.byKind[event.GroupKind{Group: groupOf(apiVersion), Kind: name}]
}

// add returns the kind, which it makes known.
func (s *kinds) add(apiVersion, name, resource string) *kind {
	k := s.find(apiVersion, name)
	if k == nil {
		apiVersion = strings.Clone(apiVersion)
		k = &kind{
			GroupKind: event.GroupKind{Group: groupOf(apiVersion), Kind: strings.Clone(name)}, apiVersion: apiVersion,
			objects: map[place]*entry{},
		}
		s.byKind[k.GroupKind] = k
	}
	if resource != "" && resource != k.resource {
		if s.byResource[k.groupResource()] == k {
			delete(s.byResource, k.groupResource())
		}
		k.resource = strings.Clone(resource)
		s.byResource[k.groupResource()] = k
		k.watches = s.watchesOf(k.groupResource())
	}
	return k
}

func (s *kinds) watchesOf(r event.GroupResource) *watches {
	w := s.watches[r]
	if w == nil {
		w = &watches{by: map[unique.Handle[string]]*watch{}}
		s.watches[event.GroupResource{Group: strings.Clone(r.Group), Resource: strings.Clone(r.Resource)}] = w
	}
	return w
}

// watchOf returns the watch of a resource, everywhere if the namespace is empty.
func (s *kinds) watchOf(r event.GroupResource, namespace event.Namespace) *watch {
	all := s.watchesOf(r)
	if namespace == "" {
		if all.all == nil {
			all.all = &watch{}
		}
		return all.all
	}
	in := unique.Make(string(namespace))
	if all.by[in] == nil {
		all.by[in] = &watch{}
	}
	return all.by[in]
}

// placeOf returns where an object is that something in a namespace refers to.
func (k *kind) placeOf(namespace unique.Handle[string], name string) place {
	if k.served && !k.namespaced {
		namespace = unique.Make("")
	}
	return place{namespace, name}
}

// isLeaf reports whether objects of the kind own nothing that has a status, so
// that those without one need not be known.
func (k *kind) isLeaf() bool {
	switch k.GroupKind {
	case event.GroupKind{Group: "discovery.k8s.io", Kind: "EndpointSlice"},
		event.GroupKind{Kind: "Endpoints"},
		event.GroupKind{Kind: "Secret"},
		event.GroupKind{Group: "apps", Kind: "ControllerRevision"},
		event.GroupKind{Group: "coordination.k8s.io", Kind: "Lease"}:
		return true
	}
	return false
}
