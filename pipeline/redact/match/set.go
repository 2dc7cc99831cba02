package match

import (
	"math/rand/v2"
	"reflect"
	"slices"
)

// Options say how a Set compares.
type Options struct {
	// Fold makes ASCII letters compare whatever their case.
	Fold bool
	// Seed keys the hashes. Zero, the default, draws a random one. What is
	// found does not depend on it, how fast hostile texts are read does:
	// set it in tests only.
	Seed uint64
}

// A Set is a number of patterns, made ready to be found. It does not change
// and may be used by any number of goroutines. A nil Set finds nothing.
type Set struct {
	// classes are ordered by the length of their patterns.
	classes []class
	// text holds the bytes of all patterns.
	text string
	fold bool
}

// A Hit is an occurrence of a pattern, from the byte Start to before End.
type Hit struct {
	Start, End int
	// Pattern is the index of the pattern in what was given to Compile, the
	// lowest where several are the same.
	Pattern int32
}

// Costs that Find takes from its budget, besides the length of each pattern
// that is compared.
const (
	costCandidate = 8
	costHit       = 32
)

// Compile makes a Set of patterns. The index of a pattern identifies it. A
// pattern may occur repeatedly, which finds the lowest index; an empty one is
// never found. The Set holds copies of the patterns.
func Compile(patterns []string, o Options) *Set {
	random := rand.Uint64
	if o.Seed != 0 {
		random = rand.NewPCG(o.Seed, o.Seed).Uint64
	}
	entries, text := distinct(patterns, o.Fold)
	s := &Set{text: text, fold: o.Fold}
	for _, g := range plan(entries) {
		s.classes = append(s.classes, newClass(g.shape, g.entries, text, o, random))
	}
	return s
}

// Find appends to hits all occurrences of the patterns in text, also those
// that overlap or lie within another, ordered by Start and then the longest
// first. Occurrences of one pattern that overlap each other are one hit, which
// reaches from the first one's start to the last one's end.
//
// The budget bounds the work beyond reading the text, in bytes compared: a
// pattern that may stand somewhere costs its length and a little, a hit a
// little more. A few thousand and 64 times the length of the text suffice
// unless patterns have been made to look alike, or many of them lie over each
// other wherever one looks. Where the budget does not suffice, ok is false, and
// hits are incomplete.
func (s *Set) Find(text string, budget int, hits []Hit) (_ []Hit, ok bool) {
	hits, left := s.FindWithin(text, budget, hits)
	return hits, left >= 0
}

// FindWithin is Find for one of several texts that share a budget, of which it
// returns what is left. That is negative where the budget did not suffice.
func (s *Set) FindWithin(text string, budget int, hits []Hit) (_ []Hit, left int) {
	if s == nil {
		return hits, budget
	}
	known := len(hits)
	for i := range s.classes {
		c := &s.classes[i]
		if len(text) < c.length {
			break
		}
		t := c.next(text, c.stride-1)
		if t < 0 {
			continue
		}
		f := finder{set: s, class: c, text: text, budget: budget, hits: hits}
		for ; t >= 0; t = c.next(text, t+c.stride) {
			if f.around(t); f.budget < 0 {
				return f.hits, f.budget
			}
		}
		hits, budget = f.hits, f.budget
	}
	if len(hits)-known > 1 {
		hits = order(hits, known)
	}
	return hits, budget
}

// Contains reports whether a pattern occurs in text. Its work is bounded: it
// is true, too, where that could not be found out with reasonable effort.
func (s *Set) Contains(text string) bool {
	if s == nil {
		return false
	}
	budget := 1<<20 + 64*len(text)
	for i := range s.classes {
		c := &s.classes[i]
		if len(text) < c.length {
			break
		}
		t := c.next(text, c.stride-1)
		if t < 0 {
			continue
		}
		f := finder{set: s, class: c, text: text, budget: budget, first: true}
		for ; t >= 0; t = c.next(text, t+c.stride) {
			if f.around(t); f.found || f.budget < 0 {
				return true
			}
		}
		budget = f.budget
	}
	return false
}

// Bytes returns the memory that s holds, in bytes.
func (s *Set) Bytes() int64 {
	if s == nil {
		return 0
	}
	n := int64(reflect.TypeFor[Set]().Size()) + int64(len(s.text))
	n += int64(cap(s.classes)) * int64(reflect.TypeFor[class]().Size())
	for i := range s.classes {
		c := &s.classes[i]
		n += 8*int64(cap(c.filter)) + 4*int64(cap(c.heads)) + int64(cap(c.entries))*int64(reflect.TypeFor[entry]().Size())
	}
	return n
}

// order makes of the hits behind the first known ones what Find promises.
func order(hits []Hit, known int) []Hit {
	found := hits[known:]
	slices.SortFunc(found, func(a, b Hit) int {
		if a.Pattern != b.Pattern {
			return int(a.Pattern) - int(b.Pattern)
		}
		return a.Start - b.Start
	})
	n := 0
	for _, hit := range found[1:] {
		if last := &found[n]; hit.Pattern == last.Pattern && hit.Start < last.End {
			last.End = max(last.End, hit.End)
			continue
		}
		n++
		found[n] = hit
	}
	found = found[:n+1]
	slices.SortFunc(found, func(a, b Hit) int {
		switch {
		case a.Start != b.Start:
			return a.Start - b.Start
		case a.End != b.End:
			return b.End - a.End
		}
		return int(a.Pattern) - int(b.Pattern)
	})
	return hits[:known+n+1]
}
