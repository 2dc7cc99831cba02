package pattern

import (
	"sort"
	"strings"
)

// What stands in a text where something was taken out already.
const (
	markRedacted = "[redacted"
	markWithheld = "[withheld]"
	markHash     = "hmac-sha256:"
	hashDigits   = 32
	// maxName bounds the name in a mark, in bytes.
	maxName = 256
)

// spanOf is a part of a text.
type spanOf struct{ start, end int }

// marks returns where the marks of text lie, in order.
func marks(text string) []spanOf {
	if !strings.Contains(text, markRedacted) && !strings.Contains(text, markWithheld) && !strings.Contains(text, markHash) {
		return nil
	}
	var out []spanOf
	for i := 0; i < len(text); {
		j := strings.IndexAny(text[i:], "[h")
		if j < 0 {
			break
		}
		i += j
		n := markAt(text[i:])
		if n == 0 {
			i++
			continue
		}
		out = append(out, spanOf{i, i + n})
		i += n
	}
	return out
}

// markAt returns the length of the mark with which s begins, or 0.
func markAt(s string) int {
	switch {
	case strings.HasPrefix(s, markWithheld):
		return len(markWithheld)
	case strings.HasPrefix(s, markHash):
		n := len(markHash)
		for n < len(s) && isHex(s[n]) {
			n++
		}
		if n-len(markHash) == hashDigits {
			return n
		}
	case strings.HasPrefix(s, markRedacted):
		rest := s[len(markRedacted):min(len(s), len(markRedacted)+maxName)]
		if strings.HasPrefix(rest, "]") {
			return len(markRedacted) + 1
		}
		if end := strings.IndexAny(rest, "[]\"'\\\r\n\t "); strings.HasPrefix(rest, ":") && end > 1 && rest[end] == ']' {
			return len(markRedacted) + end + 1
		}
	}
	return 0
}

// outside widens a part of a text to whole marks, and reports whether it has
// a letter or digit beside them.
func outside(text string, m []spanOf, s spanOf) (spanOf, bool) {
	i, found := s.start, false
	for _, mark := range m[firstBehind(m, s.start):] {
		if mark.start >= s.end {
			break
		}
		found = found || hasAlnum(text[min(i, mark.start):mark.start])
		i = mark.end
		s.start, s.end = min(s.start, mark.start), max(s.end, mark.end)
	}
	return s, found || hasAlnum(text[i:max(i, s.end)])
}

// within reports whether i lies in a mark.
func within(m []spanOf, i int) bool {
	n := firstBehind(m, i)
	return n < len(m) && m[n].start <= i
}

// firstBehind returns the index of the first mark that ends behind i.
func firstBehind(m []spanOf, i int) int {
	return sort.Search(len(m), func(n int) bool { return m[n].end > i })
}

func hasAlnum(s string) bool {
	for i := range len(s) {
		if isAlnum(s[i]) || s[i] >= 0x80 {
			return true
		}
	}
	return false
}
