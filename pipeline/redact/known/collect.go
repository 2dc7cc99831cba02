package known

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The reasons for which a value is not looked for.
const (
	reasonEmpty    = "empty"
	reasonStop     = "in the stop list"
	reasonMark     = "part of the marks that replace values"
	reasonTooMany  = "more than 60,000 values"
	reasonTooShort = "%d bytes, shorter than %d"
	reasonTooLong  = "only its first MiB is looked for"
	// A key of a document may be as sensitive as its value.
	reasonInner = "a secret in it: "
)

// stopWords would wreck every record, and nobody can keep them secret: words
// of JSON and YAML, names that every cluster has, and words that records are
// made of.
var stopWords = [...]string{
	"true", "false", "null", "none", "undefined", "enabled", "disabled",
	"default", "kubernetes", "kube-system", "kube-public", "localhost", "127.0.0.1",
	"create", "update", "delete", "normal", "warning", "secret", "secrets", "opaque",
}

// marks are the constant parts of what replaces values.
var marks = [...]string{"[redacted]", "[redacted:", "[withheld]", "hmac-sha256:"}

func occursInMarks(s string) bool {
	for _, m := range marks {
		if strings.Contains(m, s) {
			return true
		}
	}
	return false
}

// collection is the values that are looked for.
type collection struct {
	least   int
	stop    map[string]bool
	seen    map[string]bool
	names   []string
	texts   []string
	skipped []Skipped
}

func newCollection(o Options) *collection {
	c := &collection{
		least: max(cmp.Or(o.MinLength, DefaultMinLength), MinLength),
		stop:  make(map[string]bool, len(stopWords)+len(o.Stop)),
		seen:  make(map[string]bool),
	}
	for _, w := range stopWords {
		c.stop[w] = true
	}
	for _, w := range o.Stop {
		c.stop[strings.ToLower(strings.TrimSpace(w))] = true
	}
	return c
}

func (c *collection) add(values []Value) {
	values = slices.Clone(values)
	slices.SortStableFunc(values, func(a, b Value) int { return cmp.Compare(a.Name, b.Name) })
	for _, v := range values {
		text := trimmed(v.Text)
		if reason := c.addText(v.Name, text); reason != "" {
			c.skipped = append(c.skipped, Skipped{v.Name, reason})
		} else if isCut(v.Text) {
			c.skipped = append(c.skipped, Skipped{v.Name, reasonTooLong})
		}
	}
	// The values themselves come first, should there be too many.
	for _, v := range values {
		for _, inner := range documentSecrets(trimmed(v.Text)) {
			if reason := c.addText(v.Name, trimmed(inner)); reason != "" && reason != reasonEmpty {
				c.skipped = append(c.skipped, Skipped{v.Name, reasonInner + reason})
			}
		}
	}
	slices.SortStableFunc(c.skipped, func(a, b Skipped) int { return cmp.Compare(a.Name, b.Name) })
	c.skipped = slices.Compact(c.skipped)
}

// addText adds a value, or returns why not.
func (c *collection) addText(name, text string) (reason string) {
	switch {
	case text == "":
		return reasonEmpty
	case len(text) < c.least:
		return fmt.Sprintf(reasonTooShort, len(text), c.least)
	case occursInMarks(text):
		return reasonMark
	case c.stop[strings.ToLower(text)]:
		return reasonStop
	case c.seen[text]:
		return ""
	case len(c.texts) == MaxValues:
		return reasonTooMany
	}
	c.seen[text] = true
	c.names = append(c.names, name)
	// The value may be part of a file that is not to be kept.
	c.texts = append(c.texts, strings.Clone(text))
	return ""
}

// blanks are the bytes of classBlank.
const blanks = " \t\r\n"

// trimmed returns the part of a value that is looked for.
func trimmed(s string) string {
	s = strings.Trim(s, blanks)
	return s[:min(len(s), MaxValue)]
}

// isCut reports whether that is not all of it.
func isCut(s string) bool { return len(strings.Trim(s, blanks)) > MaxValue }
