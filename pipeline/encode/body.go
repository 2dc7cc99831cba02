package encode

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// errBody is returned for a body that no redactor lets pass. It does not quote
// the body.
var errBody = errors.New("body is not JSON or nested too deep")

// keptBody is the size in bytes beyond which the memory of a body is not kept
// for the next.
const keptBody = 1 << 20

// bodyReader reads the JSON of bodies.
type bodyReader struct {
	json jx.Decoder
	// in is the body, text a string of it.
	in, text []byte
}

// reset forgets the body.
func (r *bodyReader) reset() {
	r.json.ResetBytes(nil)
	if cap(r.in) > keptBody {
		r.in = nil
	}
	if cap(r.text) > keptBody {
		r.text = nil
	}
}

// body writes a body in one pass, or nothing if it is empty. Keys, and those
// that come repeatedly, stay as they are.
func (r *bodyReader) body(w writer, key string, body event.JSON) error {
	if body == "" {
		return nil
	}
	w.key(key)
	r.in = append(r.in[:0], body...)
	r.json.ResetBytes(r.in)
	return r.value(w, redact.MaxDepth)
}

// value writes the next value, in which there are at most depth levels.
func (r *bodyReader) value(w writer, depth int) error {
	var err error
	switch r.json.Next() {
	case jx.Object:
		return r.object(w, depth-1)
	case jx.Array:
		return r.array(w, depth-1)
	case jx.String:
		if r.text, err = r.json.StrAppend(r.text[:0]); err != nil {
			return errBody
		}
		w.strBytes(validBytes(r.text))
	case jx.Number:
		var n jx.Num
		if n, err = r.json.Num(); err != nil {
			return errBody
		}
		numeral(w, n)
	case jx.Bool:
		var b bool
		if b, err = r.json.Bool(); err != nil {
			return errBody
		}
		w.boolean(b)
	case jx.Null:
		if err = r.json.Null(); err != nil {
			return errBody
		}
		w.null()
	default:
		return errBody
	}
	return nil
}

func (r *bodyReader) object(w writer, depth int) error {
	it, err := r.json.ObjIter()
	if err != nil || depth < 0 {
		return errBody
	}
	w.openMap(0)
	for it.Next() {
		w.keyBytes(validBytes(it.Key()))
		if err := r.value(w, depth); err != nil {
			return err
		}
	}
	w.closeMap()
	if it.Err() != nil {
		return errBody
	}
	return nil
}

func (r *bodyReader) array(w writer, depth int) error {
	it, err := r.json.ArrIter()
	if err != nil || depth < 0 {
		return errBody
	}
	w.openElements()
	n := 0
	for ; it.Next(); n++ {
		if err := r.value(w, depth); err != nil {
			return err
		}
	}
	w.closeElements(n)
	if it.Err() != nil {
		return errBody
	}
	return nil
}

// numeral writes a number: an integer where it was written as one and fits, or
// else the nearest float.
func numeral(w writer, n jx.Num) {
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

// validBytes returns b with each run of bytes that is not UTF-8 replaced by
// U+FFFD.
func validBytes(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\uFFFD"))
}
