package desired

import (
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Put takes a revision of a release, in whichever order they come. One that is older
// than what is known changes nothing, nor does one without a phase. The error is
// ErrFull, or that of the compression; the release is then not known anymore, and its
// objects are among those changed.
func (s *Store) Put(release Release, rev Revision) (Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.releases[release]
	if st == nil {
		st = &state{release: Release{event.Namespace(s.share(string(release.Storage))), strings.Clone(release.Name)}}
	}
	if !st.takes(&rev) {
		return Change{}, nil
	}
	was := *st
	next, err := s.revision(st, &rev)
	if err == nil {
		st.home = event.Namespace(s.share(string(rev.Home)))
		if rev.Phase == event.DeploymentSucceeded {
			st.deployed = next
			if st.pending != nil && !st.pending.order.After(next.order) {
				st.pending = nil
			}
		} else {
			st.pending = next
		}
		s.charge(&was, -1)
		s.charge(st, 1)
		if s.bytes > s.max || s.used[st.release.Storage] > max(s.max/4, 1) {
			err = ErrFull
		}
	}
	if err != nil {
		if next != nil {
			s.charge(st, -1)
		} else {
			s.charge(&was, -1)
		}
		st.deployed, st.pending = nil, nil
		s.refused++
	}
	change := s.index(st, &was)
	if st.deployed == nil && st.pending == nil {
		delete(s.releases, release)
	} else {
		s.releases[st.release] = st
	}
	if err != nil {
		return change, fmt.Errorf("keep manifests: %w", err)
	}
	return change, nil
}

// takes reports whether a revision is news.
func (st *state) takes(rev *Revision) bool {
	switch rev.Phase {
	case event.DeploymentSucceeded:
		return st.deployed == nil || !rev.Order.Before(st.deployed.order)
	case event.DeploymentBegun, event.DeploymentFailed:
		return (st.deployed == nil || rev.Order.After(st.deployed.order)) &&
			(st.pending == nil || !rev.Order.Before(st.pending.order))
	}
	return false
}

// Delete forgets a release. It returns the objects that it had.
func (s *Store) Delete(release Release) []event.ObjectRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.releases[release]
	if st == nil {
		return nil
	}
	was := *st
	s.charge(&was, -1)
	st.deployed, st.pending = nil, nil
	delete(s.releases, release)
	return s.index(st, &was).Changed
}

// revision packs the manifests. What is as in a revision that is known shares its
// memory.
func (s *Store) revision(st *state, rev *Revision) (*revision, error) {
	next := &revision{order: rev.Order, items: make([]item, 0, len(rev.Manifests))}
	for i := range rev.Manifests {
		m := &rev.Manifests[i]
		if len(m.JSON) > math.MaxInt32 {
			continue
		}
		it := item{
			identity: identityOf(&m.Ref), apiVersion: s.share(m.Ref.APIVersion),
			length: int32(len(m.JSON)), keep: m.Keep, sum: maphash.String(s.seed, string(m.JSON)),
		}
		known := st.pending.find(it.identity)
		if known == nil || known.sum != it.sum {
			known = st.deployed.find(it.identity)
		}
		if known != nil {
			it.identity = known.identity
		} else {
			it.group, it.kind = s.share(it.group), s.share(it.kind)
			it.namespace, it.name = event.Namespace(s.share(string(it.namespace))), strings.Clone(it.name)
		}
		if known != nil && known.sum == it.sum && known.length == it.length {
			it.packed = known.packed
		} else {
			packed, err := s.pack.pack(string(m.JSON))
			if err != nil {
				return nil, err
			}
			it.packed = packed
		}
		next.bytes += int64(len(it.packed)) + int64(len(it.name)) + overhead
		if next.bytes > s.max {
			return nil, ErrFull
		}
		next.items = append(next.items, it)
	}
	slices.SortStableFunc(next.items, func(a, b item) int { return a.compare(b.identity) })
	// Of several about one object the last counts.
	slices.Reverse(next.items)
	next.items = slices.CompactFunc(next.items, func(a, b item) bool { return a.identity == b.identity })
	slices.Reverse(next.items)
	return next, nil
}

func (s *Store) charge(st *state, sign int64) {
	for _, rev := range []*revision{st.deployed, st.pending} {
		if rev != nil {
			s.bytes += sign * rev.bytes
			s.objects += int(sign) * len(rev.items)
			s.used[st.release.Storage] += sign * rev.bytes
		}
	}
	if s.used[st.release.Storage] == 0 {
		delete(s.used, st.release.Storage)
	}
}

// index notes which objects the release has, and returns what that changes.
func (s *Store) index(st, was *state) Change {
	var change Change
	for _, rev := range []*revision{was.deployed, was.pending} {
		if rev == nil {
			continue
		}
		for i := range rev.items {
			it := &rev.items[i]
			if rev == was.pending && was.deployed.find(it.identity) != nil {
				continue
			}
			if st.holds(it.identity) && st.home == was.home {
				if !slices.Equal(st.sums(it.identity), was.sums(it.identity)) {
					change.Changed = append(change.Changed, it.ref())
				}
				continue
			}
			s.unhold(held{it.identity, was.home}, st)
			change.Changed = append(change.Changed, it.ref())
			if st.holds(it.identity) {
				continue
			}
			if old := was.deployed.find(it.identity); old != nil && !old.keep {
				change.Removed = append(change.Removed, it.ref())
			}
		}
	}
	for _, rev := range []*revision{st.deployed, st.pending} {
		if rev == nil {
			continue
		}
		for i := range rev.items {
			it := &rev.items[i]
			known := was.holds(it.identity)
			if known && st.home == was.home || rev == st.pending && st.deployed.find(it.identity) != nil {
				continue
			}
			at := held{it.identity, st.home}
			if len(s.holders[at]) < maxHolders {
				s.holders[at] = append(s.holders[at], st)
			}
			if !known {
				change.Changed = append(change.Changed, it.ref())
			}
		}
	}
	return change
}

func (st *state) holds(id identity) bool {
	return st.deployed.find(id) != nil || st.pending.find(id) != nil
}

// sums tell apart what the release says of an object.
func (st *state) sums(id identity) []uint64 {
	var sums []uint64
	for _, rev := range []*revision{st.deployed, st.pending} {
		if it := rev.find(id); it != nil {
			sums = append(sums, it.sum)
		}
	}
	return slices.Compact(sums)
}

func (s *Store) unhold(at held, st *state) {
	rest := slices.DeleteFunc(s.holders[at], func(h *state) bool { return h == st })
	if len(rest) == 0 {
		delete(s.holders, at)
	} else {
		s.holders[at] = rest
	}
}

// maxShared bounds how many texts are shared.
const maxShared = 50_000

// share returns the one copy of a text of which there are few.
func (s *Store) share(text string) string {
	if known, ok := s.names[text]; ok {
		return known
	}
	text = strings.Clone(text)
	if len(s.names) < maxShared {
		s.names[text] = text
	}
	return text
}
