package correlate

import (
	"time"

	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/event"
)

// Found is what is known about an object.
type Found struct {
	// Object is the reference that was asked for, completed by what is known.
	Object event.ObjectRef
	// Owner is the object at the top of its owners, as far as they are known; nil
	// if it has none.
	Owner *event.ObjectRef
	// Application is what the object was deployed as part of; nil if that is not
	// known.
	Application *event.Application
	// Correlation is empty where the reference names no object.
	Correlation event.Correlation
	// Pending is set if the object or one of its owners is not known, but may
	// come to be by itself: to wait for Changed and ask again may tell more.
	Pending bool
}

// Find returns what is known about the object that ref names. The references of
// events have APIVersion, Kind, Namespace, Name and UID, those of audit events
// APIVersion, Resource, Namespace and Name; each may lack some. The object's
// version does not matter.
//
// An object is found by its UID, also when another one has its name by now. A UID
// of a form that the API server does not give is not looked at: kubelets write
// something else there. What the reference says is never replaced, and the UID is
// added for live objects only.
func (ix *Index) Find(ref event.ObjectRef) Found { return ix.FindCreated(ref, time.Time{}) }

// FindCreated is Find for an object that was created at a time or later, by the
// clock of the API server, in whole seconds: where ref has no UID, an older object
// of its name is another one. The zero time allows any object.
func (ix *Index) FindCreated(ref event.ObjectRef, since time.Time) Found {
	s := ix.search(&ref, since)
	found := Found{Object: s.object, Pending: s.pending()}
	if len(s.chain) == 0 {
		return found
	}
	if len(s.chain) > 1 {
		found.Owner = &s.chain[len(s.chain)-1].Ref
	}
	found.Correlation = s.end
	if s.stranger || ix.rules == nil {
		return found
	}
	if app, ok := ix.rules.Match(s.chain, registry{ix}); ok {
		found.Application, found.Correlation = &app, event.CorrelationMatched
	}
	return found
}

// Pending returns what FindCreated says of it, and does not look for the
// application.
func (ix *Index) Pending(ref event.ObjectRef, since time.Time) bool {
	s := ix.search(&ref, since)
	return s.pending()
}

// Changed is signalled when an object that a pending Find lacked has come. Many
// such objects may be told by one signal.
func (ix *Index) Changed() <-chan struct{} { return ix.waits.changed }

// Missed tells that to wait for what FindCreated lacked was in vain. For some
// minutes nothing that lacks the same object is pending.
func (ix *Index) Missed(ref event.ObjectRef, since time.Time) {
	s := ix.search(&ref, since)
	if s.lacking {
		ix.waits.miss(s.lack, ix.now())
	}
}

// search is one search for an object and its owners.
type search struct {
	object event.ObjectRef
	chain  []rule.Object
	// nodes are those of the chain; nil for objects that are not known.
	nodes []*node
	// end is how the search ended unless a rule matches.
	end event.Correlation
	// stranger is set if the name is now that of another object, about which
	// nothing may be said.
	stranger bool
	// lack is what was first found to be missing, if lacking is set. It may come
	// by itself if coming is.
	lack            want
	lacking, coming bool
}

func (s *search) pending() bool { return s.lacking && s.coming }

// search follows ref up to the top. An object of its name that was created before
// since is not what it means.
func (ix *Index) search(ref *event.ObjectRef, since time.Time) search {
	s := search{object: *ref}
	if ref.Name == "" && ref.UID == "" {
		return s
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	s.chain = make([]rule.Object, 0, 4)
	s.nodes = make([]*node, 0, 4)
	s.end = event.CorrelationNoRule

	r := ix.resolve(ref)
	if n := r.node; n != nil && (ref.UID != "" || !n.isOlder(since)) {
		s.add(n)
		s.complete(n)
	} else {
		s.stranger = r.stranger
		ix.addUnknown(&s, ref)
		s.object.Kind, s.object.Resource = s.chain[0].Ref.Kind, s.chain[0].Ref.Resource
	}
	if s.stranger {
		s.coming = s.coming && !r.foreign
	} else {
		for len(s.chain) < maxChain && ix.climb(&s) {
		}
	}
	ix.touch(&s)
	if s.lacking && s.coming {
		now := ix.now()
		if s.coming = !ix.waits.isMissed(s.lack, now); s.coming {
			ix.waits.ask(s.lack)
		}
	}
	return s
}

// add adds a known object to the chain.
func (s *search) add(n *node) {
	s.nodes = append(s.nodes, n)
	s.chain = append(s.chain, rule.Object{Ref: n.ref(), Labels: n.labels, Annotations: n.notes})
}

// complete adds to the reference what is known and it does not say.
func (s *search) complete(n *node) {
	o, known := &s.object, &s.chain[0].Ref
	fill(&o.APIVersion, known.APIVersion)
	fill(&o.Kind, known.Kind)
	fill(&o.Resource, known.Resource)
	fill((*string)(&o.Namespace), string(known.Namespace))
	fill(&o.Name, known.Name)
	// A gone object of the name may be another one than is meant.
	if n.grave == nil {
		fill((*string)(&o.UID), string(known.UID))
	}
}

func fill(s *string, by string) {
	if *s == "" {
		*s = by
	}
}

// addUnknown adds an object to the chain of which only a reference is known, and
// notes that it is lacking.
func (ix *Index) addUnknown(s *search, ref *event.ObjectRef) {
	kinds := ix.kinds.of(ref)
	r := event.ObjectRef{
		APIVersion: ref.APIVersion, Kind: ref.Kind, Resource: ref.Resource,
		Namespace: ref.Namespace, Name: ref.Name, UID: ref.UID,
	}
	var first *kind
	if len(kinds) == 1 {
		first = kinds[0]
		fill(&r.Kind, first.name)
		fill(&r.Resource, first.resource)
		if first.served && !first.namespaced {
			r.Namespace = ""
		}
	}
	watched := !ix.kinds.asked && ix.reads(ref.Namespace)
	for _, k := range kinds {
		watched = watched || ix.isWatched(k, ref.Namespace)
	}
	s.nodes = append(s.nodes, nil)
	s.chain = append(s.chain, rule.Object{Ref: r, Labels: unknown, Annotations: unknown})
	s.missing(newWant(first, &r), watched)
}

// missing notes that something is missing. Of several the first one counts that
// may come by itself, and for the end of the search the first.
func (s *search) missing(lack want, watched bool) {
	if !s.lacking {
		s.end = event.CorrelationNotWatched
		if watched {
			s.end = event.CorrelationUnknown
		}
	}
	if !s.lacking || watched && !s.coming {
		s.lack, s.lacking, s.coming = lack, true, watched
	}
}

// touch notes that the gone objects of the chain were asked for.
func (ix *Index) touch(s *search) {
	var now int64
	for _, n := range s.nodes {
		if n == nil || n.grave == nil {
			continue
		}
		if now == 0 {
			now = ix.now().UnixNano()
		}
		n.grave.asked.Store(now)
	}
}
