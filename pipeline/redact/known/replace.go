package known

import (
	"cmp"
	"slices"
	"strings"
)

// maxRounds is how often a result is searched again. What a replacement joins
// together is a value next to never, and a third time only by intent.
const maxRounds = 8

// maxKept is the capacity up to which buffers are kept for the next text.
const maxKept = 1 << 20

// Replace returns text without any occurrence of a value in any form, each
// replaced by [redacted:NAME]. Occurrences that overlap are replaced together
// and named after the longest. It returns text itself if there is none, so that
// replacing twice is the same as once. hit, which may be nil, is called for each
// replacement with the name. ok is false if that could not be made sure of:
// text is longer than 4 MiB, forms are nested deeper in it than any program
// does, or it was made to cost much. It must then be withheld.
//
// A nil Set finds nothing. Replace may be called by any number of goroutines.
func (s *Set) Replace(text string, hit func(name string)) (out string, ok bool) {
	spare := SpareWork
	return s.ReplaceWithin(&spare, text, hit)
}

// ReplaceWithin is Replace for one of several texts that belong together. What
// a text takes beyond what its length entitles it to is taken from spare, which
// SpareWork is to begin with.
func (s *Set) ReplaceWithin(spare *int, text string, hit func(name string)) (out string, ok bool) {
	if s.Len() == 0 || len(text) < s.shortest {
		return text, true
	}
	if s.isClean(text) {
		return text, true
	}
	w := s.searcher()
	defer s.release(w)
	w.allow(text, *spare)
	defer func() { *spare = min(*spare, max(w.work, 0)) }()
	for range maxRounds {
		if !w.search(text) {
			return "", false
		}
		if len(w.spans) == 0 {
			return text, true
		}
		text = s.cut(text, w.spans, hit)
	}
	return "", false
}

// Contains reports whether Replace would change text, or could not be sure of
// it.
func (s *Set) Contains(text string) bool {
	if s.Len() == 0 || len(text) < s.shortest {
		return false
	}
	if s.isClean(text) {
		return false
	}
	w := s.searcher()
	defer s.release(w)
	w.one = true
	w.allow(text, SpareWork)
	return !w.search(text) || len(w.spans) > 0
}

// isClean reports whether nothing occurs in text, if that can be told without
// views of it. It mostly can.
func (s *Set) isClean(text string) bool {
	if len(text) > maxText {
		return false
	}
	// No value ends with white space.
	for text != "" && classes[text[len(text)-1]]&classBlank != 0 {
		text = text[:len(text)-1]
	}
	seen := look(text)
	switch {
	case seen&(signSpecial|signBreak) != 0:
		return false
	case seen&(signText|signHex) != 0 && holdsRuns(text):
		return false
	case s.foreign && seen&(signUpper|signLongHex) != 0 && holdsForeignRuns(text):
		return false
	}
	return !s.patterns.Contains(text)
}

func (s *Set) searcher() *searcher {
	w, ok := s.pool.Get().(*searcher)
	if !ok {
		w = new(searcher)
	}
	w.set, w.one = s, false
	return w
}

func (s *Set) release(w *searcher) {
	w.set = nil
	if cap(w.spans) > maxKept/8 {
		w.spans = nil
	}
	if cap(w.hits) > maxKept/8 {
		w.hits = nil
	}
	for _, v := range w.views {
		v.source, v.root = nil, ""
		if cap(v.buf) > maxKept {
			v.buf = nil
		}
		if cap(v.events) > maxKept/16 {
			v.events = nil
		}
	}
	s.pool.Put(w)
}

// cut replaces the spans in text.
func (s *Set) cut(text string, spans []span, hit func(name string)) string {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), cmp.Compare(a.value, b.value))
	})
	var out strings.Builder
	done := 0
	for i := 0; i < len(spans); {
		start, end, longest := spans[i].start, spans[i].end, spans[i]
		for i++; i < len(spans) && spans[i].start < end; i++ {
			end = max(end, spans[i].end)
			if s.outranks(spans[i], longest) {
				longest = spans[i]
			}
		}
		out.WriteString(text[done:start])
		out.WriteString(s.values[longest.value].mark)
		done = end
		if hit != nil {
			hit(s.values[longest.value].name)
		}
	}
	out.WriteString(text[done:])
	return out.String()
}

func (s *Set) outranks(a, b span) bool {
	if n := (a.end - a.start) - (b.end - b.start); n != 0 {
		return n > 0
	}
	return s.values[a.value].name < s.values[b.value].name
}
