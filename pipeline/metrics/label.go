package metrics

import (
	"strings"
	"unicode/utf8"
)

// label is the value of a label that may be told: a word of this module's own, or a
// name that was cleaned.
type label string

// maxLabel bounds the value of a label, in bytes.
const maxLabel = 256

// maxCleaned bounds the names whose cleaned form is kept during a scrape.
const maxCleaned = 20_000

// cleaner cleans the names of one scrape.
type cleaner struct {
	clean func(string) (string, bool)
	known map[string]cleaned
}

type cleaned struct {
	label label
	ok    bool
}

func newCleaner(clean func(string) (string, bool)) *cleaner {
	return &cleaner{clean: clean, known: map[string]cleaned{}}
}

// label returns a name as it may be told; false where that is not known. It is for
// names that many share.
func (c *cleaner) label(name string) (label, bool) {
	if name == "" {
		return "", true
	}
	is, known := c.known[name]
	if !known {
		is.label, is.ok = c.once(name)
		if len(c.known) < maxCleaned {
			c.known[name] = is
		}
	}
	return is.label, is.ok
}

// labels cleans names in place, and reports whether all of them may be told.
func (c *cleaner) labels(out []label, names ...string) bool {
	for i, name := range names {
		var ok bool
		if out[i], ok = c.label(name); !ok {
			return false
		}
	}
	return true
}

// once is label for a name that few share.
func (c *cleaner) once(name string) (label, bool) {
	text, ok := c.clean(name)
	if !ok {
		return "", false
	}
	// What was cut before it was cleaned would no longer be found.
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	if len(text) > maxLabel {
		end := maxLabel
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return label(text), true
}
