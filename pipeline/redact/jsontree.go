package redact

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of the JSON that is examined. What exceeds them is withheld.
const (
	// maxDepth counts objects and arrays within each other, and JSON texts
	// within JSON strings.
	maxDepth = 64
	// maxSize is in bytes.
	maxSize = 1 << 20
	// maxNodes bounds the memory that a text of many small values takes.
	maxNodes = 1 << 16
)

// node is one JSON value. Unlike a map it keeps repeated keys, their order and
// numbers as they were written, so nothing of the input escapes examination.
type node struct {
	// kind is '{', '[' or '"', or 0 for numbers, true, false and null.
	kind byte
	// key is the decoded key of a member of an object.
	key string
	// text is the decoded string, or the literal.
	text string
	kids []node
}

func stringNode(key, text string) node { return node{kind: '"', key: key, text: text} }

func (n *node) isNull() bool { return n.kind == 0 && n.text == "null" }

// parser reads JSON as RFC 8259 has it, nothing more lenient. With build unset
// it checks without allocating.
type parser struct {
	s     string
	i     int
	depth int
	nodes int
	build bool
}

// parseJSON parses the whole of s, which stands depth levels deep in something
// else. The reason is empty if it succeeded.
func parseJSON(s string, depth int) (node, string) {
	if len(s) > maxSize {
		return node{}, ReasonTooLarge
	}
	p := parser{s: s, depth: depth, build: true}
	var n node
	if reason := p.value(&n); reason != "" {
		return node{}, reason
	}
	p.space()
	if p.i != len(p.s) {
		return node{}, ReasonTrailing
	}
	return n, ""
}

func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// next skips white space and returns the byte that follows, 0 at the end.
func (p *parser) next() byte {
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

// value reads a value into n, which is not touched unless building.
func (p *parser) value(n *node) string {
	if p.nodes++; p.nodes > maxNodes {
		return ReasonTooLarge
	}
	switch c := p.next(); c {
	case '{', '[':
		if p.depth++; p.depth > maxDepth {
			return ReasonTooDeep
		}
		if p.build {
			n.kind = c
		}
		p.i++
		var reason string
		if c == '{' {
			reason = p.members(n)
		} else {
			reason = p.elements(n)
		}
		p.depth--
		return reason
	case '"':
		s, ok := p.str()
		if !ok {
			return ReasonNotJSON
		}
		if p.build {
			n.kind, n.text = '"', s
		}
		return ""
	default:
		start := p.i
		if !p.literal() {
			return ReasonNotJSON
		}
		if p.build {
			n.text = p.s[start:p.i]
		}
		return ""
	}
}

// child reads a value as the next part of n.
func (p *parser) child(n *node, key string) string {
	if !p.build {
		return p.value(n)
	}
	n.kids = append(n.kids, node{key: key})
	return p.value(&n.kids[len(n.kids)-1])
}

func (p *parser) members(n *node) string {
	if p.next() == '}' {
		p.i++
		return ""
	}
	for {
		if p.next() != '"' {
			return ReasonNotJSON
		}
		key, ok := p.str()
		if !ok || p.next() != ':' {
			return ReasonNotJSON
		}
		p.i++
		if reason := p.child(n, key); reason != "" {
			return reason
		}
		if done, ok := p.separator('}'); done || !ok {
			return reasonUnless(ok)
		}
	}
}

func (p *parser) elements(n *node) string {
	if p.next() == ']' {
		p.i++
		return ""
	}
	for {
		if reason := p.child(n, ""); reason != "" {
			return reason
		}
		if done, ok := p.separator(']'); done || !ok {
			return reasonUnless(ok)
		}
	}
}

func reasonUnless(ok bool) string {
	if ok {
		return ""
	}
	return ReasonNotJSON
}

// separator reads a comma or the closing bracket.
func (p *parser) separator(closing byte) (done, ok bool) {
	switch p.next() {
	case ',':
		p.i++
		return false, true
	case closing:
		p.i++
		return true, true
	default:
		return false, false
	}
}

// str reads a string, its opening quote being next. Unless building it returns
// no text.
func (p *parser) str() (string, bool) {
	start := p.i + 1
	escaped := false
	for i := start; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '"':
			p.i = i + 1
			if !p.build {
				return "", true
			}
			text := p.s[start:i]
			if escaped {
				return unescape(text), true
			}
			if !utf8.ValidString(text) {
				return strings.ToValidUTF8(text, "\uFFFD"), true
			}
			return text, true
		case c == '\\':
			n := escapeLen(p.s[i:])
			if n == 0 {
				p.i = i
				return "", false
			}
			escaped = true
			i += n - 1
		case c < ' ':
			p.i = i
			return "", false
		}
	}
	p.i = len(p.s)
	return "", false
}

// escapeLen returns the length of the escape sequence that s begins with, 0 if
// it is none.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(s); ok {
			return 6
		}
	}
	return 0
}

// hex4 decodes the \uXXXX that s begins with.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for i := 2; i < 6; i++ {
		d, ok := hexDigit(s[i])
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// unescape decodes the inside of a string whose escapes are known to be valid.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		if s[i+1] != 'u' {
			b = append(b, simpleEscape(s[i+1]))
			i += 2
			continue
		}
		r, _ := hex4(s[i:])
		i += 6
		if utf16.IsSurrogate(r) {
			low, ok := hex4(s[i:])
			if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
				i += 6
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

func simpleEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // quote, backslash and slash
}

// literal reads a number, true, false or null.
func (p *parser) literal() bool {
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(p.s[p.i:], word) {
			p.i += len(word)
			return true
		}
	}
	if p.at('-') {
		p.i++
	}
	if p.at('0') {
		p.i++
	} else if !p.digits() {
		return false
	}
	if p.at('.') {
		p.i++
		if !p.digits() {
			return false
		}
	}
	if p.at('e') || p.at('E') {
		p.i++
		if p.at('+') || p.at('-') {
			p.i++
		}
		return p.digits()
	}
	return true
}

func (p *parser) at(c byte) bool { return p.i < len(p.s) && p.s[p.i] == c }

func (p *parser) digits() bool {
	start := p.i
	for p.i < len(p.s) && '0' <= p.s[p.i] && p.s[p.i] <= '9' {
		p.i++
	}
	return p.i > start
}

// appendJSON writes n in compact form.
func appendJSON(b []byte, n *node) []byte {
	switch n.kind {
	case '{':
		b = append(b, '{')
		for i := range n.kids {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendQuoted(b, n.kids[i].key)
			b = append(b, ':')
			b = appendJSON(b, &n.kids[i])
		}
		return append(b, '}')
	case '[':
		b = append(b, '[')
		for i := range n.kids {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, &n.kids[i])
		}
		return append(b, ']')
	case '"':
		return appendQuoted(b, n.text)
	default:
		return append(b, n.text...)
	}
}

// appendQuoted writes s, valid UTF-8, as a JSON string.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
