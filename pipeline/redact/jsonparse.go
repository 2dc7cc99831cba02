package redact

import (
	"strings"
	"unicode/utf8"
)

// parser reads JSON as RFC 8259 has it, nothing more lenient. Without a tree
// it checks without allocating.
type parser struct {
	s     string
	i     int
	depth int
	nodes int
	// maxNodes is how many values there may be, maxDepth how deep.
	maxNodes, maxDepth int
	// tree receives the values.
	tree *tree
	// decoded holds the strings that were written with escapes.
	decoded strings.Builder
}

// parse reads the whole of s, which stands depth levels deep in something
// else, into t, which is empty. The reason is empty if it succeeded.
func (t *tree) parse(s string, depth int, most limits) (reason string) {
	if len(s) > most.size {
		return ReasonTooLarge
	}
	p := parser{s: s, depth: depth, maxNodes: most.nodes, maxDepth: most.depth, tree: t}
	if reason := p.value("", 0); reason != "" {
		return reason
	}
	p.space()
	if p.i != len(p.s) {
		return ReasonTrailing
	}
	return ""
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
	if p.i < len(p.s) && p.s[p.i] > ' ' {
		return p.s[p.i]
	}
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

// value reads a value, which stands under key.
func (p *parser) value(key string, class keyClass) string {
	if p.nodes++; p.nodes > p.maxNodes {
		return ReasonTooLarge
	}
	switch c := p.next(); c {
	case '{', '[':
		if p.depth++; p.depth > p.maxDepth {
			return ReasonTooDeep
		}
		p.i++
		at := 0
		if p.tree != nil {
			at = len(p.tree.nodes)
			p.tree.nodes = append(p.tree.nodes, node{key: key, class: class, kind: c})
		}
		var reason string
		var has keyClass
		if c == '{' {
			has, reason = p.members()
		} else {
			reason = p.elements()
		}
		if p.tree != nil {
			n := &p.tree.nodes[at]
			n.has, n.end = has, int32(len(p.tree.nodes))
		}
		p.depth--
		return reason
	case '"':
		text, bytes, ok := p.str()
		if !ok {
			return ReasonNotJSON
		}
		p.leaf(node{key: key, class: class, kind: '"', text: text, bytes: bytes})
		return ""
	default:
		start := p.i
		if !p.literal() {
			return ReasonNotJSON
		}
		p.leaf(node{key: key, class: class, text: p.s[start:p.i]})
		return ""
	}
}

func (p *parser) leaf(n node) {
	if p.tree != nil {
		n.end = int32(len(p.tree.nodes)) + 1
		p.tree.nodes = append(p.tree.nodes, n)
	}
}

// members reads what follows an opening brace, and returns what the keys can
// mean.
func (p *parser) members() (has keyClass, reason string) {
	if p.next() == '}' {
		p.i++
		return 0, ""
	}
	for {
		if p.next() != '"' {
			return 0, ReasonNotJSON
		}
		key, _, ok := p.str()
		if !ok || p.next() != ':' {
			return 0, ReasonNotJSON
		}
		p.i++
		var class keyClass
		if p.tree != nil {
			class = classify(key)
			has |= class
		}
		if reason := p.value(key, class); reason != "" {
			return 0, reason
		}
		if done, ok := p.separator('}'); done || !ok {
			return has, reasonUnless(ok)
		}
	}
}

func (p *parser) elements() string {
	if p.next() == ']' {
		p.i++
		return ""
	}
	for {
		if reason := p.value("", 0); reason != "" {
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

// str reads a string, its opening quote being next. Without a tree it returns
// no text.
func (p *parser) str() (text string, bytes byteClass, ok bool) {
	start := p.i + 1
	s := p.s
	for i := start; i < len(s); i++ {
		class := byteClasses[s[i]]
		bytes |= class
		if class&byteStop == 0 {
			continue
		}
		switch s[i] {
		case '"':
			p.i = i + 1
			if p.tree == nil {
				return "", 0, true
			}
			return p.decode(s[start:i], bytes), bytes &^ byteStop, true
		case '\\':
			n := escapeLen(s[i:])
			if n == 0 {
				p.i = i
				return "", 0, false
			}
			i += n - 1
		default:
			p.i = i
			return "", 0, false
		}
	}
	p.i = len(s)
	return "", 0, false
}

// decode returns the string of which the valid inside is given.
func (p *parser) decode(inside string, bytes byteClass) string {
	switch {
	case bytes&byteEscape != 0:
		// What was taken from a builder stays good when it is begun anew.
		if p.decoded.Cap()-p.decoded.Len() < len(inside) {
			p.decoded = strings.Builder{}
			p.decoded.Grow(max(len(inside), 1<<10))
		}
		start := p.decoded.Len()
		unescape(&p.decoded, inside)
		return p.decoded.String()[start:]
	case bytes&byteHigh != 0 && !utf8.ValidString(inside):
		return strings.ToValidUTF8(inside, "\uFFFD")
	default:
		return inside
	}
}

// literal reads a number, true, false or null.
func (p *parser) literal() bool {
	if p.i < len(p.s) && p.s[p.i] >= 'a' {
		for _, word := range [...]string{"true", "false", "null"} {
			if strings.HasPrefix(p.s[p.i:], word) {
				p.i += len(word)
				return true
			}
		}
		return false
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
