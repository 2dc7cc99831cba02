package change

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Limits of what is told of a path, in bytes.
const (
	// maxPath is that of a path. A longer one is cut and ends in an ellipsis.
	maxPath = 512
	// maxKey is that of one key: a label's has at most 317.
	maxKey = 320
	// maxLabel is that of the value of a merge key: a name has at most 253.
	maxLabel = 253
)

const ellipsis = "…"

// path is the field at which a walk is. It does not grow beyond what can be
// told, however deep the walk gets.
type path struct{ buf []byte }

// cut goes back to where the path was n bytes long.
func (p *path) cut(n int) { p.buf = p.buf[:n] }

// member goes to a member of an object; bracket says that its keys are no
// names of fields. It returns where to cut to come back.
func (p *path) member(key []byte, bracket bool) int {
	n := len(p.buf)
	if n > maxPath {
		return n
	}
	if bracket || !fieldName(key) {
		p.buf = append(p.buf, '[')
		p.printable(key)
		p.buf = append(p.buf, ']')
		return n
	}
	if n > 0 {
		p.buf = append(p.buf, '.')
	}
	p.buf = append(p.buf, key...)
	return n
}

// element goes to an element of a list by its index or, if it is not empty, its
// label.
func (p *path) element(index int, label []byte) int {
	n := len(p.buf)
	if n > maxPath {
		return n
	}
	p.buf = append(p.buf, '[')
	if len(label) > 0 {
		p.buf = append(p.buf, label...)
	} else {
		p.buf = strconv.AppendInt(p.buf, int64(index), 10)
	}
	p.buf = append(p.buf, ']')
	return n
}

// printable appends a key, shortened if need be.
func (p *path) printable(key []byte) {
	end := len(p.buf) + maxKey
	if len(key) > maxKey {
		end -= len(ellipsis)
	}
	for len(key) > 0 {
		r, n := utf8.DecodeRune(key)
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		if len(p.buf)+utf8.RuneLen(r) > end {
			p.buf = append(p.buf, ellipsis...)
			return
		}
		p.buf = utf8.AppendRune(p.buf, r)
		key = key[n:]
	}
}

// text returns the path, shortened if need be. It must not be kept.
func (p *path) text() []byte {
	if len(p.buf) <= maxPath {
		return p.buf
	}
	end := maxPath - len(ellipsis)
	for !utf8.RuneStart(p.buf[end]) {
		end--
	}
	out := make([]byte, 0, maxPath)
	return append(append(out, p.buf[:end]...), ellipsis...)
}

// fieldName reports whether a key looks like the name of a field.
func fieldName(key []byte) bool {
	for i, c := range key {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case i > 0 && ('0' <= c && c <= '9' || c == '-'):
		default:
			return false
		}
	}
	return len(key) > 0 && len(key) <= maxKey
}

// index reports whether a segment of a JSON pointer is an index into a list
// (RFC 6901, section 4).
func index(segment []byte) bool {
	if len(segment) > 1 && segment[0] == '0' {
		return false
	}
	for _, c := range segment {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(segment) > 0
}

// label labels the elements of a list by the value of a key, if all of them are
// objects that have one of their own. Otherwise it is false, and they have no
// labels.
func (t *tree) label(at int, key string) bool {
	ok := true
	for i := range t.children(at) {
		k := t.member(i, key)
		if ok = k != 0 && t.labelElement(i, key, t.nodes[k]); !ok {
			break
		}
	}
	if ok {
		t.repeats(at, int(t.nodes[at].end), func(int) { ok = false })
	}
	if !ok {
		for i := range t.children(at) {
			t.nodes[i].key = span{}
		}
	}
	return ok
}

// labelElement labels the element at by v, which is the value of its key, in the
// notation of event.FieldPath. It is false if v is no short and plain name or
// number.
func (t *tree) labelElement(at int, key string, v node) bool {
	b := t.bytes(v.text)
	if len(b) == 0 || len(b) > maxLabel || v.kind != scalar && v.kind != text {
		return false
	}
	from := len(t.side)
	t.side = append(append(t.side, key...), '=')
	if v.kind == text {
		for i := 0; i < len(b); {
			r, n := utf8.DecodeRune(b[i:])
			if r == '"' || r == '\\' || r == utf8.RuneError || !unicode.IsPrint(r) {
				return false
			}
			i += n
		}
		t.side = append(append(append(t.side, '"'), b...), '"')
	} else {
		t.side = append(t.side, b...)
	}
	t.nodes[at].key = span{at: uint32(from), len: uint32(len(t.side) - from), inSide: true}
	return true
}
