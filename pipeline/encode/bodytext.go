package encode

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string, its opening quote being next. The result is valid UTF-8
// and good until the next call.
func (r *bodyReader) str() ([]byte, bool) {
	start := r.i + 1
	i, high := start, false
	for {
		i = plainRun(r.in, i)
		if i == len(r.in) {
			return nil, false
		}
		switch c := r.in[i]; {
		case c == '"':
			r.i = i + 1
			if high {
				return validBytes(r.in[start:i]), true
			}
			return r.in[start:i], true
		case c >= utf8.RuneSelf:
			high = true
			i++
		case c == '\\':
			return r.escaped(start, i)
		default:
			return nil, false
		}
	}
}

// plainRun returns the index of the first byte of b from i on that is a quote,
// a backslash, a control character or not ASCII. It looks at eight bytes at a
// time: the highest bit of a byte is set by what is subtracted from a smaller
// one, and of those set the lowest is right.
func plainRun(b []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		stops := (x | (x - ' '*ones) | ((x ^ '"'*ones) - ones) | ((x ^ '\\'*ones) - ones)) & tops
		if stops != 0 {
			return i + bits.TrailingZeros64(stops)/8
		}
		i += 8
	}
	for i < len(b) {
		if c := b[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			break
		}
		i++
	}
	return i
}

// escaped reads a string that begins at start and has its first escape at i.
func (r *bodyReader) escaped(start, i int) ([]byte, bool) {
	r.text = append(r.text[:0], r.in[start:i]...)
	for i < len(r.in) {
		switch c := r.in[i]; {
		case c == '"':
			r.i = i + 1
			return validBytes(r.text), true
		case c < ' ':
			return nil, false
		case c == '\\':
			var n int
			if r.text, n = appendEscape(r.text, r.in[i:]); n == 0 {
				return nil, false
			}
			i += n
		default:
			run := max(plainRun(r.in, i), i+1)
			r.text = append(r.text, r.in[i:run]...)
			i = run
		}
	}
	return nil, false
}

// appendEscape decodes the escape sequence that s begins with and returns its
// length, 0 if it is none. Halves of surrogate pairs become U+FFFD.
func appendEscape(b, s []byte) ([]byte, int) {
	if len(s) < 2 {
		return b, 0
	}
	switch c := s[1]; c {
	case '"', '\\', '/':
		return append(b, c), 2
	case 'b':
		return append(b, '\b'), 2
	case 'f':
		return append(b, '\f'), 2
	case 'n':
		return append(b, '\n'), 2
	case 'r':
		return append(b, '\r'), 2
	case 't':
		return append(b, '\t'), 2
	case 'u':
		first, ok := hex4(s)
		if !ok {
			return b, 0
		}
		if utf16.IsSurrogate(first) {
			if second, ok := hex4(s[6:]); ok {
				if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
					return utf8.AppendRune(b, pair), 12
				}
			}
		}
		return utf8.AppendRune(b, first), 6 // Half a pair is no rune.
	}
	return b, 0
}

// hex4 decodes the \uXXXX that s begins with.
func hex4(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// validBytes returns b with each run of bytes that is not UTF-8 replaced by
// U+FFFD.
func validBytes(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\uFFFD"))
}
