package redact

import (
	"cmp"
	"strings"
)

// maxEscapes is how often a URI may be percent-encoded: what a server passes on
// to the next is escaped once more.
const maxEscapes = 3

// separators are what parameters may end with: semicolons are for old servers,
// and no client should send a fragment. The query of a URL within begins with
// the last.
const separators = "&;#?"

// uri redacts the path and the query of a request. A parameter loses its value
// where its name is that of a credential, or the value, decoded, holds one.
func (s *structural) uri(v string) (out, reason string) {
	out, reason = s.text(v, 0)
	path, query, found := strings.Cut(out, "?")
	if out == MarkWithheld || (!found && !strings.ContainsAny(path, "%=")) {
		return out, reason
	}
	cleanPath, why := s.escaped(path, false)
	reason = cmp.Or(why, reason)
	cleanQuery, why := s.query(query)
	reason = cmp.Or(why, reason)
	cleanQuery = s.words(cleanQuery)
	switch {
	case cleanPath == path && cleanQuery == query:
		return out, reason
	case found:
		cleanPath += "?" + cleanQuery
	}
	if again, why := s.text(cleanPath, 0); again == MarkWithheld {
		return again, why // What was cut off had told what the rest is.
	}
	return cleanPath, reason
}

// query redacts the parameters of a URI.
func (s *structural) query(v string) (out, reason string) {
	var b []byte
	done := 0
	for i := 0; i < len(v); {
		end := len(v)
		if n := strings.IndexAny(v[i:], separators); n >= 0 {
			end = i + n
		}
		if clean, why := s.parameter(v[i:end]); clean != v[i:end] {
			b = append(append(b, v[done:i]...), clean...)
			done, reason = end, cmp.Or(why, reason)
		}
		i = end + 1
	}
	if done == 0 {
		return v, reason
	}
	return string(append(b, v[done:]...)), reason
}

// parameter redacts the name and value of a parameter.
func (s *structural) parameter(v string) (out, reason string) {
	name, value, _ := strings.Cut(v, "=")
	if clean, why := s.escaped(name, true); clean != name {
		return replaced(why), why
	}
	if value == "" || isMark(value) {
		return v, ""
	}
	plain := unescapeAll(name)
	if namesSecret(plain) || classify(plain).says(unescapeAll(value), 0) {
		return name + "=" + MarkRedacted, ""
	}
	if clean, why := s.escaped(value, true); clean != value {
		return name + "=" + replaced(why), why
	}
	if s.holds(value) {
		return name + "=" + MarkRedacted, ""
	}
	return v, ""
}

// unescapeAll decodes what may be percent-encoded repeatedly.
func unescapeAll(v string) string {
	for range maxEscapes {
		next := unescapePercent(v, true)
		if next == v {
			break
		}
		v = next
	}
	return v
}

// holds reports whether there is a known value or a pattern in the text that is
// percent-encoded, which cannot be seen in it as it stands.
func (s *structural) holds(v string) bool {
	if s.x.finds(v) {
		return false // It is replaced there.
	}
	for range maxEscapes {
		next := unescapePercent(v, true)
		if next == v {
			return false
		}
		if s.x.finds(next) {
			return true
		}
		v = next
	}
	return false
}

// replaced returns the mark for what was changed or, for a reason, withheld.
func replaced(reason string) string {
	if reason != "" {
		return MarkWithheld
	}
	return MarkRedacted
}

// escaped redacts text that may be percent-encoded, which it stays where there
// is nothing to hide.
func (s *structural) escaped(v string, plus bool) (out, reason string) {
	if !strings.ContainsAny(v, "%+=") {
		// As it stands it has been redacted as part of the URI.
		return v, ""
	}
	plain := v
	for range maxEscapes + 1 {
		if out, reason := s.parameters(plain); out != plain {
			return out, reason
		}
		next := unescapePercent(plain, plus)
		if next == plain {
			return v, ""
		}
		plain = next
	}
	return MarkWithheld, ReasonTooDeep
}

// parameters redacts decoded text in which there may be more parameters, or
// the line of a shell. From the first credential in one on all is replaced:
// where it ends is for the server to say that the request is passed on to.
func (s *structural) parameters(v string) (out, reason string) {
	out, reason = s.text(v, 0)
	if out == MarkWithheld {
		return out, reason
	}
	v = redactAssignments(out)
	for start := 0; start < len(v); {
		end := len(v)
		if n := strings.IndexAny(v[start:], separators); n >= 0 {
			end = start + n
		}
		_, value, _ := strings.Cut(v[start:end], "=")
		for _, part := range [...]string{v[start:end], value} {
			if clean, why := s.text(part, 0); clean != part {
				return v[:start] + replaced(why), cmp.Or(why, reason)
			}
		}
		start = end + 1
	}
	return v, reason
}

// redactAssignments replaces all from the first value on that is assigned to
// the name of a credential.
func redactAssignments(v string) string {
	name := 0
	for i := range len(v) {
		switch v[i] {
		case '&', ';', '?', '#', ' ', '\t', '\r', '\n':
			name = i + 1
		case '=':
			if rest := v[i+1:]; rest != "" && rest != MarkRedacted && namesSecret(strings.TrimRight(v[name:i], "\"'`")) {
				return v[:i+1] + MarkRedacted
			}
			name = i + 1
		}
	}
	return v
}

// unescapePercent decodes what is percent-encoded in v, and leaves the rest as
// it is.
func unescapePercent(v string, plus bool) string {
	if strings.IndexByte(v, '%') < 0 && (!plus || strings.IndexByte(v, '+') < 0) {
		return v
	}
	b := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case c == '+' && plus:
			c = ' '
		case c == '%' && i+2 < len(v):
			high, okHigh := hexDigit(v[i+1])
			low, okLow := hexDigit(v[i+2])
			if okHigh && okLow {
				c = high<<4 | low
				i += 2
			}
		}
		b = append(b, c)
	}
	return string(b)
}
