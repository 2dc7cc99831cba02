package correlate

import (
	"encoding/binary"
	"iter"

	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/event"
)

// set are labels or annotations in one string, which all objects with the same
// ones share: the pods of a ReplicaSet, what a chart marks as its own. Its text
// never changes, so that it may be read without the index's lock.
type set struct {
	// text has the length and the bytes of each key and value, by key.
	text string
	// refs is how many objects have it.
	refs int
}

var _ rule.Walked = (*set)(nil)

// none is the set of objects without labels, unknown that of objects whose labels
// are not known. Neither is counted.
var none, unknown = &set{}, &set{}

// Get implements rule.Metadata.
func (s *set) Get(key string) (value string, ok bool) {
	for rest := s.text; rest != ""; {
		var k, v string
		k, rest = cutText(rest)
		v, rest = cutText(rest)
		if k == key {
			return v, true
		}
	}
	return "", false
}

// All implements rule.Metadata.
func (s *set) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for rest := s.text; rest != ""; {
			var key, value string
			key, rest = cutText(rest)
			value, rest = cutText(rest)
			if !yield(key, value) {
				return
			}
		}
	}
}

// Next implements rule.Walked; at is an offset into the text.
func (s *set) Next(at int) (key, value string, next int, ok bool) {
	if at >= len(s.text) {
		return "", "", at, false
	}
	key, rest := cutText(s.text[at:])
	value, rest = cutText(rest)
	return key, value, len(s.text) - len(rest), true
}

// Lengths are of two bytes; longer texts are cut.
const maxText = 1<<16 - 1

func cutText(s string) (text, rest string) {
	n := 2 + (int(s[0])<<8 | int(s[1]))
	return s[2:n], s[n:]
}

func appendText(b []byte, s string) []byte {
	s = s[:min(len(s), maxText)]
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

// sets are the sets in use.
type sets struct {
	byText  map[string]*set
	scratch []byte
}

// take returns the set of these labels and counts one use of it. What comes
// again costs no memory.
func (s *sets) take(labels []event.Label) *set {
	if len(labels) == 0 {
		return none
	}
	b := s.scratch[:0]
	for _, l := range labels {
		b = appendText(appendText(b, l.Key), l.Value)
	}
	s.scratch = b
	found := s.byText[string(b)]
	if found == nil {
		found = &set{text: string(b)}
		s.byText[found.text] = found
	}
	found.refs++
	return found
}

// drop ends one use of a set.
func (s *sets) drop(old *set) {
	if old == none {
		return
	}
	if old.refs--; old.refs == 0 {
		delete(s.byText, old.text)
	}
}
