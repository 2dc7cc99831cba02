package plant

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Search looks for many values at once, in the way of Occurs. It remembers in
// what it has found nothing, so that texts may have much in common. It is for one
// goroutine.
type Search struct {
	needles []needle
	// at has the needles by their first bytes, and begins says of two bytes
	// whether there are any.
	at     map[[3]byte][]int
	begins [1 << 16]bool
	// none has what held no value, with how many notations of it were undone.
	none map[uint64]int
	seed maphash.Seed
}

// needle is a value, as it is and without white space.
type needle struct{ value, bare, blanked string }

// NewSearch looks for values of three bytes or more.
func NewSearch(values []string) *Search {
	s := &Search{at: map[[3]byte][]int{}, none: map[uint64]int{}, seed: maphash.MakeSeed()}
	for i, v := range values {
		bare := strings.TrimSpace(v)
		n := needle{v, bare, blank(bare)}
		s.needles = append(s.needles, n)
		s.add(n.bare, i)
		if n.blanked != n.bare {
			s.add(n.blanked, i)
		}
	}
	return s
}

func (s *Search) add(text string, needle int) {
	first := [3]byte([]byte(text))
	if !slices.Contains(s.at[first], needle) {
		s.at[first] = append(s.at[first], needle)
	}
	s.begins[int(first[0])<<8|int(first[1])] = true
}

// In returns the values that occur in a text, each with its notation there. Up to
// so many notations within each other are undone.
func (s *Search) In(text string, levels int) map[string]string {
	found := map[string]string{}
	s.look(text, "", levels, found)
	return found
}

// Plain returns the values that occur in a text as they are.
func (s *Search) Plain(text string) map[string]string {
	found := map[string]string{}
	s.scan(text, "as it is", found, func(n needle) string { return n.bare })
	return found
}

// underWay marks what is being looked at, of which nothing is known yet.
const underWay = 1 << 30

// look reports whether there is anything in a text, also if it was found before.
func (s *Search) look(text, way string, left int, found map[string]string) (some bool) {
	if len(text) < 4 {
		return false
	}
	key := maphash.String(s.seed, text)
	if tried, ok := s.none[key]; ok && tried >= left {
		return tried == underWay
	}
	s.none[key] = underWay
	some = s.scan(text, way+"as it is", found, func(n needle) string { return n.bare })
	joined := blank(text)
	if joined != text {
		some = s.scan(joined, way+"over lines", found, func(n needle) string { return n.blanked }) || some
	}
	if left > 0 {
		for _, d := range unescaped(text) {
			some = s.look(d, way+"escaped, ", left-1, found) || some
		}
		for _, d := range unpercent(text) {
			some = s.look(d, way+"percent-encoded, ", left-1, found) || some
		}
		for _, d := range unzipped(text) {
			some = s.look(d, way+"compressed, ", left-1, found) || some
		}
		for _, d := range unlisted(text) {
			some = s.look(d, way+"listed, ", left-1, found) || some
		}
		for _, d := range unmarked(text) {
			some = s.look(d, way+"marked up, ", left-1, found) || some
		}
		some = s.runs(text, way+"hexadecimal, ", left, found, 8, isHex, unhex) || some
		some = s.runs(text, way+"base64, ", left, found, 6, isBase64, unbase64) || some
		if joined != text {
			some = s.runs(joined, way+"base64 over lines, ", left, found, 6, isBase64, unbase64) || some
		}
	}
	delete(s.none, key)
	if !some {
		s.none[key] = left
	}
	return some
}

// runs looks into the runs of a text that a notation may be. The same words stand
// in most texts, and are decoded once.
func (s *Search) runs(text, way string, left int, found map[string]string, least int, of func(byte) bool, decode func(string) []string) (some bool) {
	for _, run := range runs(text, least, of) {
		var h maphash.Hash
		h.SetSeed(s.seed)
		_ = h.WriteByte(byte(least))
		_, _ = h.WriteString(run)
		key := h.Sum64()
		if tried, ok := s.none[key]; ok && tried >= left {
			continue
		}
		here := false
		for _, d := range decode(run) {
			here = s.look(d, way, left-1, found) || here
		}
		if some = some || here; !here {
			s.none[key] = left
		}
	}
	return some
}

func (s *Search) scan(text, way string, found map[string]string, of func(needle) string) (some bool) {
	for i := 0; i+3 <= len(text); i++ {
		if !s.begins[int(text[i])<<8|int(text[i+1])] {
			continue
		}
		for _, at := range s.at[[3]byte{text[i], text[i+1], text[i+2]}] {
			n := s.needles[at]
			if !strings.HasPrefix(text[i:], of(n)) {
				continue
			}
			some = true
			if _, ok := found[n.value]; !ok {
				found[n.value] = way
			}
		}
	}
	return some
}

func isBase64(c byte) bool {
	return c == '+' || c == '/' || c == '-' || c == '_' || c < utf8.RuneSelf && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)))
}
