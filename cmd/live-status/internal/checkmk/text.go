package checkmk

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// maxText is the most characters of a line of text, and maxWord those of one
	// name in it.
	maxText = 400
	maxWord = 120
	// maxDetails is the most lines of details.
	maxDetails = 25
)

// markers are what Checkmk's GUI draws as a state wherever it stands in a text: a
// name must not claim one.
//
// Source: the output of checks in Checkmk 2.4, state_markers.
var markers = strings.NewReplacer("(!!)", "[!!]", "(!)", "[!]", "(?)", "[?]", "(.)", "[.]")

// word returns what somebody else named, as it may stand in a text.
func word(text string) string {
	return shorten(markers.Replace(clean(text)), maxWord)
}

// line returns a text that fits into a line of the output: no character of it ends
// the line, or is taken for something else by Checkmk. A backslash before n would
// begin a new line, and a vertical bar ends the text in Checkmk's core; Checkmk
// itself replaces the latter by U+2758.
func line(text string) string {
	return shorten(strings.TrimSpace(clean(text)), maxText)
}

func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return fullWidth(r)
		case r == '|':
			return '\u2758'
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, !unicode.IsPrint(r):
			return utf8.RuneError
		default:
			return r
		}
	}, text)
}

// shorten cuts a text after so many characters, and shows it.
func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	n := 0
	for i := range text {
		if n++; n == most {
			return text[:i] + "…"
		}
	}
	return text
}

// span returns how long something lasts, to its two largest units.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= 24*time.Hour {
		days := d / (24 * time.Hour)
		return join(int64(days), "d", int64(d%(24*time.Hour)/time.Hour), "h")
	}
	if d >= time.Hour {
		return join(int64(d/time.Hour), "h", int64(d%time.Hour/time.Minute), "min")
	}
	if d >= time.Minute {
		return join(int64(d/time.Minute), "min", int64(d%time.Minute/time.Second), "s")
	}
	return join(int64(d/time.Second), "s", 0, "")
}

func join(a int64, unit string, b int64, second string) string {
	if b == 0 {
		return plain(float64(a)) + " " + unit
	}
	return plain(float64(a)) + " " + unit + " " + plain(float64(b)) + " " + second
}
