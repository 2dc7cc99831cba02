package redact

import (
	"cmp"
	"strings"
)

// hint is what a first look at a text found. Without any the text is
// harmless; most texts have none.
type hint uint8

const (
	// hintJSON is an opening brace or bracket.
	hintJSON hint = 1 << iota
	// hintCredential is the beginning of a header or key that holds one, or of
	// a URL.
	hintCredential
	// hintManifest is a key as manifests have it.
	hintManifest
	// hintEscape is something that may hide any other.
	hintEscape
	// hintQuote is an error that may quote what was sent.
	hintQuote
)

// minText is the length of the shortest text that can hold a credential.
const minText = 8

// text redacts free text.
func (s *structural) text(v string, depth int) (out, reason string) {
	if len(v) < minText && !s.quotes {
		return v, ""
	}
	slot, clean := s.x.clean.has(v, cleanOfShapes)
	if clean && !s.quotes {
		return v, ""
	}
	hints := look(v)
	settings := hasSettings(v)
	if hints == 0 && !s.quotes && !settings {
		slot.put(v, cleanOfShapes)
		return v, ""
	}
	switch {
	case len(v) > s.most.text.size:
		return MarkWithheld, ReasonTooLarge
	case depth > s.most.text.depth:
		return MarkWithheld, ReasonTooDeep
	}
	if inner, ok := quotedWhole(v); ok {
		parsed := false
		if s.quotes {
			out, reason = s.text(inner, depth+1)
		} else {
			out, reason, parsed = s.nested(inner, depth+1)
		}
		if out != inner {
			return string(appendQuoted(nil, out)), reason
		}
		if parsed {
			return v, reason
		}
	}
	rest := v
	out, reason = v, ""
	quotes := s.quotes || (hints&hintQuote != 0 && speaksOfSecret(v))
	if hints&hintJSON != 0 {
		if out, rest, reason = s.fragments(v, depth, quotes); out == MarkWithheld {
			return out, reason
		}
	}
	if isManifest(rest, hints) {
		return MarkWithheld, ReasonUnreadable
	}
	whole := out
	if quotes {
		out = s.noted(RuleMessage, out, redactMessage)
	}
	if settings {
		if clean := s.settings(out); clean != out {
			s.x.note(RuleCredential, "")
			out = clean
		}
	}
	if hints&hintCredential != 0 {
		out = s.noted(RuleCredential, out, redactCredentials)
	}
	if out != whole && hints&hintJSON != 0 {
		// What was cut off may have told what the rest is.
		if _, rest, why := s.fragments(out, depth, quotes); why != "" || isManifest(rest, hints) {
			return MarkWithheld, cmp.Or(why, ReasonUnreadable)
		}
	}
	return out, reason
}

// isManifest reports whether a text without its JSON, which gave the hints, has
// the marks of a Secret's manifest.
func isManifest(rest string, hints hint) bool {
	return hints&^(hintCredential|hintQuote) != 0 && (hints&hintEscape != 0 || containsFold(rest, "data")) && mentionsSecret(rest)
}

// noted applies a rule to a text, and counts whether it changed it.
func (s *structural) noted(rule, v string, apply func(string) string) string {
	out := apply(v)
	if out != v {
		s.x.note(rule, "")
	}
	return out
}

// suspicious are the bytes with which a hint can begin.
var suspicious = [256]bool{
	'{': true, '[': true, ':': true, '.': true, '\\': true, 0xC5: true, 0xE2: true, // The first bytes of ſ and of the Kelvin sign.
	'a': true, 'b': true, 'c': true, 'k': true, 'p': true, 's': true, 't': true, 'v': true,
	'A': true, 'B': true, 'C': true, 'K': true, 'P': true, 'S': true, 'T': true, 'V': true,
}

// look searches v for hints in one pass and without allocating. Most of the
// time of most records is spent here.
func look(v string) hint {
	var found hint
	for i := range len(v) {
		c := v[i]
		if !suspicious[c] {
			continue
		}
		switch c {
		case '{', '[':
			found |= hintJSON
			continue
		case ':':
			if afterScheme(v, i) > 0 {
				found |= hintCredential
			}
			continue
		case '.':
			if end := i + 1 + bootstrapValue; i >= bootstrapID && end <= len(v) && (end == len(v) || !isNamePart(v[end])) && isBootstrap(v, i) {
				found |= hintCredential
			}
			continue
		}
		if i+1 == len(v) {
			break
		}
		// Two letters tell most words from those that are looked for.
		switch next := v[i+1]; uint16(c|0x20)<<8 | uint16(next|0x20) {
		case 'a'<<8 | 'u':
			if hasPrefixFold(v[i:], "authorization") {
				found |= hintCredential
			}
		case 'a'<<8 | 'p':
			found |= keyHint(v[i:], "apiversion", hintManifest)
		case 'b'<<8 | 'e':
			if hasPrefixFold(v[i:], "bearer") {
				found |= hintCredential
			}
		case 'b'<<8 | 'a':
			if hasPrefixFold(v[i:], "basic ") {
				found |= hintCredential
			}
		case 'c'<<8 | 'l':
			if hasPrefixFold(v[i:], "client-key-data") {
				found |= hintCredential
			}
		case 'k'<<8 | 'i':
			found |= keyHint(v[i:], "kind", hintManifest)
		case 'p'<<8 | 'a':
			found |= keyHint(v[i:], "password", hintCredential) | keyHint(v[i:], "path", hintManifest)
		case 's'<<8 | 'e':
			if hasPrefixFold(v[i:], "secret in version") || hasPrefixFold(v[i:], "secret)") {
				found |= hintQuote
			}
		case 'v'<<8 | 'a':
			if hasPrefixFold(v[i:], "value:") {
				found |= hintQuote
			}
		case 's'<<8 | 't':
			if hasPrefixFold(v[i:], "stringdata") {
				found |= hintManifest
			}
		case 't'<<8 | 'o':
			found |= keyHint(v[i:], "token", hintCredential) | keyHint(v[i:], bootstrapSecret, hintCredential)
		default:
			if c == '\\' && (next|0x20 == 'u' || next|0x20 == 'x' || next == '/') {
				found |= hintEscape
			}
			// The two letters beyond ASCII that fold to an s and a k.
			if c >= 0x80 && (strings.HasPrefix(v[i:], "ſ") || strings.HasPrefix(v[i:], "\u212A")) {
				found |= hintEscape
			}
		}
	}
	return found
}

// keyHint returns h if v begins with name as a key.
func keyHint(v, name string, h hint) hint {
	if hasPrefixFold(v, name) && isKey(v[len(name):]) {
		return h
	}
	return 0
}

// hasPrefixFold is strings.HasPrefix for a lower-case ASCII prefix, whatever
// the case of s.
func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if c := s[i]; c != prefix[i] && (c|0x20 != prefix[i] || c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isKey reports whether what follows a word makes it the key of a mapping:
// quotes, escaped or not, and white space may stand before the colon or equals
// sign.
func isKey(rest string) bool {
	i := skipQuotes(rest, 0)
	return i < len(rest) && (rest[i] == ':' || rest[i] == '=')
}

// skipQuotes returns the index of the first byte of s from i that is neither a
// quote, nor white space, nor an escape.
func skipQuotes(s string, i int) int {
	for i < len(s) {
		switch s[i] {
		case '"', '\'', '`', ' ', '\t', '\r', '\n':
			i++
		case '\\':
			i++
			if i < len(s) && (s[i] == 'n' || s[i] == 't' || s[i] == 'r') {
				i++
			}
		default:
			return i
		}
	}
	return i
}

// quotedWhole returns the content of a text that is nothing but a JSON string.
func quotedWhole(v string) (string, bool) {
	v = strings.TrimSpace(v)
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return "", false
	}
	var t tree
	if t.parse(v, 0, textLimits) != "" {
		return "", false
	}
	return t.nodes[0].text, true
}

// fragments redacts the JSON objects and arrays found anywhere in v. Out is v
// with them redacted, or replaced where quotations are, rest is v with them
// emptied.
func (s *structural) fragments(v string, depth int, quotes bool) (out, rest, reason string) {
	var redacted, emptied []byte
	done, work := 0, 0
	budget := 16*len(v) + 64<<10
	for i := 0; i < len(v); {
		if v[i] != '{' && v[i] != '[' {
			i++
			continue
		}
		p := parser{s: v, i: i, depth: depth, maxNodes: maxNodes, maxDepth: s.most.text.depth}
		why := p.value("", 0)
		if work += p.i - i; why == ReasonTooDeep || why == ReasonTooLarge || work > budget {
			// Looking for parts of it would lose what they are part of.
			if why != ReasonTooDeep {
				why = ReasonTooLarge
			}
			return MarkWithheld, "", why
		}
		if why != "" {
			i++
			continue
		}
		fragment := v[i:p.i]
		quoted := quotes && !isIndex(fragment)
		if quoted || (len(fragment) > len("{}") && isInteresting(fragment)) {
			clean, why := MarkRedacted, ""
			if !quoted {
				clean, why = s.document(fragment, depth)
			}
			if why != "" {
				reason = why
			}
			redacted = append(append(redacted, v[done:i]...), clean...)
			emptied = append(append(emptied, v[done:i]...), fragment[0], fragment[0]+2)
			done = p.i
		}
		i = p.i
	}
	if done == 0 {
		return v, v, reason
	}
	return string(append(redacted, v[done:]...)), string(append(emptied, v[done:]...)), reason
}

// isInteresting reports whether JSON may hold something to redact. What is
// not interesting is neither parsed nor kept out of the search for manifests.
func isInteresting(fragment string) bool {
	if look(fragment)&^(hintJSON|hintQuote) != 0 {
		return true
	}
	for i := range len(fragment) {
		if c := fragment[i]; c == '\\' || c >= 0x80 {
			return true
		}
	}
	for _, word := range [...]string{"data", "path", "token", "pass", "secret", "key", "cred", "auth", "connection", "pwd", "--"} {
		if containsFold(fragment, word) {
			return true
		}
	}
	return false
}

// containsFold reports whether v contains word, lower-case ASCII, in any case.
func containsFold(v, word string) bool {
	for i := range len(v) - len(word) + 1 {
		if v[i]|0x20 == word[0] && hasPrefixFold(v[i:], word) {
			return true
		}
	}
	return false
}
