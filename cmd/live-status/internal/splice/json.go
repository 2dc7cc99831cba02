package splice

import (
	"encoding/json"
	"strings"
)

// JSON returns the document in with what out, the same document redacted, says
// instead. Ok is false where they are not the same otherwise.
func JSON(in, out string) (_ string, ok bool) {
	p := pair{in: in, out: out, b: make([]byte, 0, len(in))}
	if !p.value() {
		return "", false
	}
	p.space()
	if p.i != len(in) || p.j != len(out) {
		return "", false
	}
	return string(p.b), true
}

// pair goes through two documents, both of them JSON. The second has no white
// space.
type pair struct {
	in, out string
	i, j    int
	b       []byte
}

// space copies white space.
func (p *pair) space() {
	for p.i < len(p.in) && strings.IndexByte(" \t\r\n", p.in[p.i]) >= 0 {
		p.b = append(p.b, p.in[p.i])
		p.i++
	}
}

// next are the bytes that follow, 0 at an end.
func (p *pair) next() (in, out byte) {
	p.space()
	if p.i < len(p.in) {
		in = p.in[p.i]
	}
	if p.j < len(p.out) {
		out = p.out[p.j]
	}
	return in, out
}

// both copies c if both have it next.
func (p *pair) both(c byte) bool {
	if in, out := p.next(); in != c || out != c {
		return false
	}
	p.b = append(p.b, c)
	p.i++
	p.j++
	return true
}

func (p *pair) value() bool {
	switch in, out := p.next(); {
	case in == '{' && out == '{':
		return p.container('{', '}')
	case in == '[' && out == '[':
		return p.container('[', ']')
	case out == '{' || out == '[':
		return false
	case in == '{' || in == '[':
		p.i += valueLen(p.in[p.i:])
		return p.write()
	default:
		return p.token()
	}
}

func (p *pair) container(begin, end byte) bool {
	if !p.both(begin) {
		return false
	}
	for first := true; ; first = false {
		if p.both(end) {
			return true
		}
		if !first && !p.both(',') {
			return false
		}
		p.space()
		if begin == '{' && (!p.token() || !p.both(':')) {
			return false
		}
		if !p.value() {
			return false
		}
	}
}

// token copies a string or literal, or writes the other one.
func (p *pair) token() bool {
	in, out := p.in[p.i:p.i+tokenLen(p.in[p.i:])], p.out[p.j:p.j+tokenLen(p.out[p.j:])]
	if in == "" || out == "" {
		return false
	}
	p.i += len(in)
	if in != out && !sameString(in, out) {
		return p.write()
	}
	p.j += len(out)
	p.b = append(p.b, in...)
	return true
}

// write writes the token of the second document.
func (p *pair) write() bool {
	n := tokenLen(p.out[p.j:])
	p.b = append(p.b, p.out[p.j:p.j+n]...)
	p.j += n
	return n > 0
}

func sameString(a, b string) bool {
	var x, y string
	return a[0] == '"' && b[0] == '"' && json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && x == y
}

// tokenLen is the length of the string or literal that s begins with.
func tokenLen(s string) int {
	if s == "" || s[0] != '"' {
		if n := strings.IndexAny(s, " \t\r\n,:]}"); n >= 0 {
			return n
		}
		return len(s)
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// valueLen is the length of the object or array that s begins with.
func valueLen(s string) int {
	depth := 0
	for i := 0; i < len(s); {
		switch s[i] {
		case '"':
			i += tokenLen(s[i:])
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(s)
}
