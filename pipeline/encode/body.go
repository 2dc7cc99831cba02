package encode

import (
	"errors"
	"math"
	"strconv"

	"github.com/fluent-live/live-status/pipeline/event"
)

// errBody is returned for a body that no redactor lets pass. It does not quote
// the body.
var errBody = errors.New("body is not JSON or nested too deep")

// keptBody is the size in bytes beyond which the memory of a body is not kept
// for the next.
const keptBody = 1 << 20

// bodyReader reads the JSON of bodies, as RFC 8259 has it.
type bodyReader struct {
	// in is the body, i what of it has been read.
	in []byte
	i  int
	// text is the last string that was written with escapes.
	text []byte
}

// reset forgets the body.
func (r *bodyReader) reset() {
	if cap(r.in) > keptBody {
		r.in = nil
	}
	if cap(r.text) > keptBody {
		r.text = nil
	}
}

// body writes a body of at most levels maps and arrays within each other in one
// pass, or nothing if it is empty. Keys, and those that come repeatedly, stay as
// they are.
func (r *bodyReader) body(w writer, key string, body event.JSON, levels int) error {
	if body == "" {
		return nil
	}
	w.key(key)
	r.in, r.i = append(r.in[:0], body...), 0
	if err := r.value(w, levels); err != nil {
		return err
	}
	if r.next(); r.i != len(r.in) {
		return errBody
	}
	return nil
}

// next skips white space and returns the byte that follows, 0 at the end.
func (r *bodyReader) next() byte {
	for r.i < len(r.in) {
		switch c := r.in[r.i]; c {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return c
		}
	}
	return 0
}

// value writes the next value, in which there are at most depth levels.
func (r *bodyReader) value(w writer, depth int) error {
	switch r.next() {
	case '{':
		return r.object(w, depth-1)
	case '[':
		return r.array(w, depth-1)
	case '"':
		s, ok := r.str()
		if !ok {
			return errBody
		}
		w.strBytes(s)
		return nil
	case 't':
		if r.word("true") {
			w.boolean(true)
			return nil
		}
	case 'f':
		if r.word("false") {
			w.boolean(false)
			return nil
		}
	case 'n':
		if r.word("null") {
			w.null()
			return nil
		}
	default:
		if n := numeralLen(r.in[r.i:]); n > 0 {
			numeral(w, r.in[r.i:r.i+n])
			r.i += n
			return nil
		}
	}
	return errBody
}

func (r *bodyReader) word(s string) bool {
	if rest := r.in[r.i:]; len(rest) < len(s) || string(rest[:len(s)]) != s {
		return false
	}
	r.i += len(s)
	return true
}

func (r *bodyReader) object(w writer, depth int) error {
	if depth < 0 {
		return errBody
	}
	r.i++
	w.openMap(0)
	for first := true; ; first = false {
		c := r.next()
		if first && c == '}' {
			break
		}
		if c != '"' {
			return errBody
		}
		key, ok := r.str()
		if !ok || r.next() != ':' {
			return errBody
		}
		r.i++
		w.keyBytes(key)
		if err := r.value(w, depth); err != nil {
			return err
		}
		if c = r.next(); c == '}' {
			break
		}
		if c != ',' {
			return errBody
		}
		r.i++
	}
	r.i++
	w.closeMap()
	return nil
}

func (r *bodyReader) array(w writer, depth int) error {
	if depth < 0 {
		return errBody
	}
	r.i++
	w.openElements()
	n := 0
	for ; ; n++ {
		if n == 0 && r.next() == ']' {
			break
		}
		if err := r.value(w, depth); err != nil {
			return err
		}
		c := r.next()
		if c == ']' {
			n++
			break
		}
		if c != ',' {
			return errBody
		}
		r.i++
	}
	r.i++
	w.closeElements(n)
	return nil
}

// numeralLen returns the length of the number that b begins with, 0 if it
// begins with none.
func numeralLen(b []byte) int {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := digits(b, i)
	if whole == i || (b[i] == '0' && whole > i+1) {
		return 0
	}
	i = whole
	if i < len(b) && b[i] == '.' {
		end := digits(b, i+1)
		if end == i+1 {
			return 0
		}
		i = end
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := digits(b, i)
		if end == i {
			return 0
		}
		i = end
	}
	return i
}

// digits returns where the digits of b that begin at i end.
func digits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

// numeral writes a number: an integer where it was written as one and fits, or
// else the nearest float.
func numeral(w writer, n []byte) {
	digits := n
	negative := len(n) > 0 && n[0] == '-'
	if negative {
		digits = n[1:]
	}
	if u, ok := magnitude(digits); ok {
		switch {
		case !negative && u <= math.MaxInt64:
			w.integer(int64(u))
			return
		case !negative:
			w.unsigned(u)
			return
		case u <= math.MaxInt64:
			w.integer(-int64(u))
			return
		case u == -math.MinInt64:
			w.integer(math.MinInt64)
			return
		}
	}
	// The error says that it is out of range.
	f, _ := strconv.ParseFloat(string(n), 64)
	w.float(min(max(f, -math.MaxFloat64), math.MaxFloat64))
}

// magnitude reads a number that has digits only, and reports whether it fits.
func magnitude(digits []byte) (u uint64, ok bool) {
	for _, c := range digits {
		digit := uint64(c - '0')
		if c < '0' || c > '9' || u > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		u = u*10 + digit
	}
	return u, true
}
