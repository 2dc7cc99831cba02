package deployment

import "strings"

// eachOfFlow calls field with each key of the mapping in braces that s begins
// with and its value as it is written. It reports false if the mapping does not
// end, has no keys where they belong, or field does. What is nested within values
// is passed over in one go, however deep it is.
func eachOfFlow(s string, field func(key, value string) bool) bool {
	i := 1
	for {
		i = skipBlanks(s, i, ",")
		if i >= len(s) {
			return false
		}
		if s[i] == '}' {
			return true
		}
		start := i
		if i = skipScalar(s, i, ":,}"); i >= len(s) || i == start {
			return false
		}
		key := strings.TrimRight(s[start:i], " \t\r\n")
		if len(key) > 1 && (key[0] == '"' || key[0] == '\'') && key[len(key)-1] == key[0] {
			key = key[1 : len(key)-1]
		}
		if i = skipBlanks(s, i, ""); i >= len(s) || s[i] != ':' {
			return false
		}
		start = skipBlanks(s, i+1, "")
		if i = skipValue(s, start); i >= len(s) {
			return false
		}
		if !field(key, strings.TrimRight(s[start:i], " \t\r\n")) {
			return false
		}
	}
}

// skipBlanks returns where what is neither blank nor comment nor one of also
// begins.
func skipBlanks(s string, i int, also string) int {
	for i < len(s) {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || strings.IndexByte(also, c) >= 0:
			i++
		case c == '#':
			end := strings.IndexByte(s[i:], '\n')
			if end < 0 {
				return len(s)
			}
			i += end
		default:
			return i
		}
	}
	return i
}

// skipScalar returns the end of a scalar that one of ends follows.
func skipScalar(s string, i int, ends string) int {
	if i < len(s) && (s[i] == '"' || s[i] == '\'') {
		return skipQuoted(s, i)
	}
	for i < len(s) && strings.IndexByte(ends, s[i]) < 0 {
		i++
	}
	return i
}

// skipValue returns the end of a value within a mapping: the comma or brace
// after it.
func skipValue(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '"', '\'':
			// Quotes within a word are none, as in it's.
			if i > 0 && strings.IndexByte(" \t\r\n:,{[", s[i-1]) < 0 {
				i++
				continue
			}
			i = skipQuoted(s, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// skipQuoted returns what follows the quoted text that begins at i.
func skipQuoted(s string, i int) int {
	q := s[i]
	for i++; i < len(s); i++ {
		switch {
		case s[i] == '\\' && q == '"':
			i++
		case s[i] == q && q == '\'' && i+1 < len(s) && s[i+1] == q:
			i++
		case s[i] == q:
			return i + 1
		}
	}
	return len(s)
}
