package redact

import "strings"

// What API servers and webhooks answer to a request for a Secret may quote it:
// the value that is not valid, or a piece of what was sent.

// redactMessage replaces what a message about a Secret quotes: the values that
// errors of validation tell, those of pairs such as "key":"value", and what
// decoders show of their input. It returns v if there is none.
func redactMessage(v string) string {
	var out []byte
	done := 0
	for i := 0; i < len(v); {
		start, end := quotation(v, i)
		if end <= start {
			i++
			continue
		}
		out = append(append(out, v[done:start]...), MarkRedacted...)
		done, i = end, end
	}
	if done == 0 {
		return v
	}
	return string(append(out, v[done:]...))
}

// quotation returns where the value lies that is announced at i. The range is
// empty if none is.
func quotation(v string, i int) (start, end int) {
	switch v[i] {
	case 'v', 'V':
		// Invalid, duplicate and unsupported values are told, required ones are
		// what is missing.
		if hasPrefixFold(v[i:], "value:") && i > 0 && v[i-1] == ' ' && !hasSuffixFold(v[:i-1], "required") {
			return toldValue(v, i+len("value:"))
		}
	case 'n', 'N':
		if hasPrefixFold(v[i:], "not found:") {
			return toldValue(v, i+len("not found:"))
		}
	case 'g':
		// Server-side apply shows what is of another type than the schema's.
		if strings.HasPrefix(v[i:], "got &") && v[i+len("got &"):] != MarkRedacted {
			return i + len("got &"), len(v)
		}
	case '.':
		// Decoders show what is around an error between two of these.
		if strings.HasPrefix(v[i:], "...|") && v[i+len("...|"):] != MarkRedacted {
			return i + len("...|"), len(v)
		}
	case 'm':
		// A map as Go prints it, or no more than its type.
		if strings.HasPrefix(v[i:], "map[") && !isMapType(v[i:min(len(v), i+maxKey)]) {
			return i, len(v)
		}
	case '"', '\'':
		return pairedValue(v, i)
	}
	return 0, 0
}

// isMapType reports whether v begins with the type of a map, and no value of
// it follows.
func isMapType(v string) bool {
	return strings.HasPrefix(v, "map[string]") && strings.IndexByte(v, '{') < 0
}

// toldValue finds the value that an error tells from i on: what is quoted, or
// else all that follows, since its end cannot be told.
func toldValue(v string, i int) (start, end int) {
	i = skipBlanks(v, i)
	start, end, quoted := quotedFrom(v, i)
	switch {
	case i == len(v) || isMark(v[i:]):
		return 0, 0
	case !quoted:
		return i, len(v)
	case !isTypeName(v[start:end]):
		return unmarked(v, start, end)
	}
	// Errors of schemas tell the type there, and the value at their end.
	i = min(end+start-i, len(v))
	i += len(v[i:]) - len(strings.TrimLeft(v[i:], ": "))
	return unmarked(v, i, len(v))
}

// pairedValue finds the value of the key that the quote at i ends.
func pairedValue(v string, i int) (start, end int) {
	i = skipBlanks(v, i+1)
	if i == len(v) || (v[i] != ':' && v[i] != '=') {
		return 0, 0
	}
	start, end, quoted := quotedFrom(v, skipBlanks(v, i+1))
	if !quoted {
		return 0, 0
	}
	return unmarked(v, start, end)
}

// skipBlanks returns the index of the first byte of v from i that is no white
// space, be it escaped, also repeatedly, or not.
func skipBlanks(v string, i int) int {
	for i < len(v) {
		switch v[i] {
		case ' ', '\t', '\r', '\n':
			i++
		case '\\':
			letter := skipBackslashes(v, i)
			if letter == len(v) || strings.IndexByte("nrt", v[letter]) < 0 {
				return i
			}
			i = letter + 1
		default:
			return i
		}
	}
	return i
}

func skipBackslashes(v string, i int) int {
	for i < len(v) && v[i] == '\\' {
		i++
	}
	return i
}

// quotedFrom returns what stands in quotes, escaped or not, that open at i. It
// ends at the same quotes, or where the text ends if it was cut off.
func quotedFrom(v string, i int) (start, end int, ok bool) {
	quote := skipBackslashes(v, i)
	if quote == len(v) || (v[quote] != '"' && v[quote] != '\'') {
		return 0, 0, false
	}
	start = quote + 1
	if quote-i > maxQuote {
		return start, len(v), true
	}
	for end = start; end < len(v); end++ {
		if strings.HasPrefix(v[end:], v[i:start]) && v[end-1] != '\\' {
			return start, end, true
		}
	}
	return start, len(v), true
}

// unmarked is the range given, or none if nothing is left there to redact.
func unmarked(v string, start, end int) (int, int) {
	switch value := v[start:end]; value {
	case MarkRedacted, MarkWithheld, "<secret contents redacted>": // The last is the API server's own.
		return 0, 0
	default:
		if len(value) == len(MarkHash)+32 && isHash(value) {
			return 0, 0
		}
		return start, end
	}
}

func isTypeName(s string) bool {
	switch s {
	case "array", "boolean", "integer", "null", "number", "object", "string":
		return true
	}
	return false
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// speaksOfSecret reports whether v tells of a Secret as API servers do, in
// the answer to a request that another made: Secret "name" is invalid.
func speaksOfSecret(v string) bool {
	for i := range len(v) {
		if v[i]|0x20 != 's' || !hasPrefixFold(v[i:], "secret") {
			continue
		}
		rest := v[i+len("secret"):]
		if hasPrefixFold(rest, " is invalid") || hasPrefixFold(rest, " in version") {
			return true
		}
		if strings.HasPrefix(rest, ")") && hasSuffixFold(v[:i], "kind=") {
			return true // (shop/db; /v1, Kind=Secret)
		}
		if rest != "" && rest[0]|0x20 == 's' {
			rest = rest[1:]
		}
		if name := strings.TrimLeft(rest, " "); len(name) < len(rest) && strings.HasPrefix(name[skipBackslashes(name, 0):], `"`) {
			return true
		}
	}
	return false
}

// isIndex reports whether JSON found in a text is no more than what stands in
// the paths of fields: the index of a list, or nothing.
func isIndex(fragment string) bool {
	return strings.Trim(fragment, "[]{} 0123456789") == ""
}
