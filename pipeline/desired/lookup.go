package desired

import (
	"cmp"
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxReleases bounds how many releases are asked about one object.
const maxReleases = 4

// Lookup returns how an object should be: what was deployed first, then what a
// rollout that did not succeed says otherwise. Releases are asked only where they may
// speak for the object; the one that its annotations name is the only one if it has
// the object. The caller passes the object's own reference and annotations.
func (s *Store) Lookup(ref event.ObjectRef, by Annotated) ([]Found, error) {
	type packed struct {
		release Release
		item    item
	}
	var all []packed
	s.mu.RLock()
	for _, st := range s.spokesmen(identityOf(&ref), by) {
		was := st.deployed.find(st.id)
		if was != nil {
			all = append(all, packed{st.release, *was})
		}
		if next := st.pending.find(st.id); next != nil && (was == nil || next.sum != was.sum) {
			all = append(all, packed{st.release, *next})
		}
	}
	s.mu.RUnlock()
	out := make([]Found, 0, len(all))
	for i := range all {
		manifest, err := s.open.unpack(all[i].item.packed, int(all[i].item.length))
		if err != nil {
			return nil, err
		}
		out = append(out, Found{JSON: manifest, Release: all[i].release})
	}
	return out, nil
}

// spokesman is a release and under which identity it has an object.
type spokesman struct {
	*state
	id identity
}

// spokesmen returns the releases that may speak for an object.
func (s *Store) spokesmen(id identity, by Annotated) []spokesman {
	if by != (Annotated{}) {
		// A custom resource without a namespace is taken for one of the release's.
		elsewhere := id
		elsewhere.namespace = by.Namespace
		for _, at := range []identity{id, elsewhere} {
			for _, st := range s.holders[held{at, by.Namespace}] {
				if st.release.Name == by.Name && (at == id || id.namespace == "") {
					return []spokesman{{st, at}}
				}
			}
		}
	}
	if id.namespace == "" {
		return nil
	}
	var out []spokesman
	for _, st := range s.holders[held{id, id.namespace}] {
		out = append(out, spokesman{st, id})
	}
	slices.SortFunc(out, func(a, b spokesman) int {
		return cmp.Or(cmp.Compare(a.release.Storage, b.release.Storage), cmp.Compare(a.release.Name, b.release.Name))
	})
	return out[:min(len(out), maxReleases)]
}

// Objects returns the objects of a release; none if it is not known. The release may
// not speak for all of them.
func (s *Store) Objects(release Release) []event.ObjectRef {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.releases[release]
	if st == nil {
		return nil
	}
	var out []event.ObjectRef
	if st.deployed != nil {
		for i := range st.deployed.items {
			out = append(out, st.deployed.items[i].ref())
		}
	}
	if st.pending != nil {
		for i := range st.pending.items {
			if it := &st.pending.items[i]; st.deployed.find(it.identity) == nil {
				out = append(out, it.ref())
			}
		}
	}
	return out
}

// Stats returns what the store holds.
func (s *Store) Stats() Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Stats{Releases: len(s.releases), Objects: s.objects, Bytes: s.bytes, Refused: s.refused}
}
