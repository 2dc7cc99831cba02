package redact

import (
	"bytes"
	"strings"
)

// mentionsSecret reports whether v, which is not JSON or no longer whole, has
// the marks of a Secret's manifest: in JSON, in YAML or as Go prints it, quoted
// and escaped in any way. It errs on the side of finding one.
func mentionsSecret(v string) bool {
	v = plain(v)
	if !strings.Contains(v, "data") {
		return false
	}
	if hasKey(v, "stringdata") {
		return true
	}
	if i := nextKey(v, 0, "data"); i >= 0 {
		// kubectl writes keys in alphabetical order, so that a manifest that
		// was cut off shows its apiVersion and data, and not its kind.
		if opensData(v, i) || hasKey(v, "apiversion") || (hasKey(v, "kind") && strings.Contains(v, "secret")) {
			return true
		}
	}
	return mentionsPatch(v)
}

// mentionsPatch reports whether v has the marks of a JSON patch of data.
func mentionsPatch(v string) bool {
	if !hasKey(v, "value") {
		return false
	}
	for i := nextKey(v, 0, "path"); i >= 0; i = nextKey(v, i, "path") {
		value := skipQuotes(v, skipQuotes(v, i)+1)
		if rest := v[value:]; strings.HasPrefix(rest, "/data") || strings.HasPrefix(rest, "/stringdata") {
			return true
		}
	}
	return false
}

// opensData reports whether a key named data, the first of which ends at i,
// opens an object, as JSON, YAML or Go write it: a patch has no more than that.
func opensData(v string, i int) bool {
	for ; i >= 0; i = nextKey(v, i, "data") {
		colon := skipQuotes(v, i)
		value := v[skipQuotes(v, colon+1):]
		if (v[colon] == ':' || hasQuote(v[i:colon])) && (strings.HasPrefix(value, "{") || strings.HasPrefix(value, "map[")) {
			return true
		}
	}
	return false
}

func hasKey(v, name string) bool { return nextKey(v, 0, name) >= 0 }

// nextKey returns the index behind the next occurrence of name as a key from
// i on, -1 if there is none.
func nextKey(v string, i int, name string) int {
	for {
		j := strings.Index(v[i:], name)
		if j < 0 {
			return -1
		}
		start := i + j
		i = start + len(name)
		if startsWord(v, start) && isKey(v[i:]) {
			return i
		}
	}
}

// startsWord reports whether a word can begin at i: metadata and
// certificate-authority-data are not data, but the n of a newline written \n does not belong to what follows.
func startsWord(v string, i int) bool {
	if i == 0 || (!isLetter(v[i-1]) && (v[i-1] != '-' || i == 1 || !isLetter(v[i-2]))) {
		return true
	}
	switch v[i-1] {
	case 'n', 'r', 't':
		return i > 1 && v[i-2] == '\\'
	}
	return false
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// plain returns v in lower case and with \u00XX, \U000000XX and \xXX decoded, whatever the
// number of backslashes, so that no notation hides a word.
func plain(v string) string {
	b := make([]byte, 0, len(v))
	for i := 0; i < len(v); {
		switch c := v[i]; {
		case 'A' <= c && c <= 'Z':
			b = append(b, c|0x20)
			i++
		case c == '\\':
			n, decoded := plainEscape(v[i:])
			if n > 1 {
				b = bytes.TrimRight(b, `\`)
			}
			b = append(b, decoded)
			i += n
		case strings.HasPrefix(v[i:], "ſ"):
			b = append(b, 's')
			i += len("ſ")
		case strings.HasPrefix(v[i:], "\u212A"):
			b = append(b, 'k')
			i += len("\u212A")
		default:
			b = append(b, c)
			i++
		}
	}
	return string(b)
}

// plainEscape decodes the escape that s begins with if it stands for an ASCII
// letter or the like, and otherwise returns its backslash as it is.
func plainEscape(s string) (n int, decoded byte) {
	var digits int
	switch {
	case strings.HasPrefix(s, `\u00`):
		digits = 4
	case strings.HasPrefix(s, `\U000000`):
		digits = 8
	case strings.HasPrefix(s, `\x`), strings.HasPrefix(s, `\X`):
		digits = 2
	default:
		return 1, '\\'
	}
	if len(s) < digits+2 {
		return 1, '\\'
	}
	high, okHigh := hexDigit(s[digits])
	low, okLow := hexDigit(s[digits+1])
	if !okHigh || !okLow {
		return 1, '\\'
	}
	c := high<<4 | low
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return digits + 2, c
}
