package encode

import (
	"math"
	"strconv"
	"time"
)

// jsonWriter writes compact JSON.
type jsonWriter struct {
	buf   []byte
	depth int
	// levels are the open maps and arrays.
	levels [maxNesting]jsonLevel
}

// jsonLevel is a map or an array that is being written.
type jsonLevel struct {
	array    bool
	nonEmpty bool
}

// reset makes w append to buf.
func (w *jsonWriter) reset(buf []byte) { w.buf, w.depth = buf, 0 }

func (w *jsonWriter) openMap(int) { w.open('{', false) }

func (w *jsonWriter) closeMap() { w.close('}') }

func (w *jsonWriter) openArray(int) { w.open('[', true) }

func (w *jsonWriter) closeArray() { w.close(']') }

func (w *jsonWriter) openElements() { w.open('[', true) }

func (w *jsonWriter) closeElements(int) { w.close(']') }

func (w *jsonWriter) open(bracket byte, array bool) {
	w.element()
	w.buf = append(w.buf, bracket)
	w.levels[w.depth] = jsonLevel{array: array}
	w.depth++
}

func (w *jsonWriter) close(bracket byte) {
	w.depth--
	w.buf = append(w.buf, bracket)
}

// element puts the comma before a value that is not an array's first.
func (w *jsonWriter) element() {
	if w.depth > 0 && w.levels[w.depth-1].array {
		w.comma()
	}
}

func (w *jsonWriter) comma() {
	level := &w.levels[w.depth-1]
	if level.nonEmpty {
		w.buf = append(w.buf, ',')
	}
	level.nonEmpty = true
}

func (w *jsonWriter) key(k string) {
	w.comma()
	w.buf = appendQuoted(w.buf, k)
	w.buf = append(w.buf, ':')
}

func (w *jsonWriter) keyBytes(k []byte) {
	w.comma()
	w.buf = appendQuoted(w.buf, k)
	w.buf = append(w.buf, ':')
}

func (w *jsonWriter) strBytes(s []byte) {
	w.element()
	w.buf = appendQuoted(w.buf, s)
}

func (w *jsonWriter) str(s string) {
	w.element()
	w.buf = appendQuoted(w.buf, s)
}

func (w *jsonWriter) integer(n int64) {
	w.element()
	w.buf = strconv.AppendInt(w.buf, n, 10)
}

func (w *jsonWriter) unsigned(n uint64) {
	w.element()
	w.buf = strconv.AppendUint(w.buf, n, 10)
}

func (w *jsonWriter) boolean(b bool) {
	w.element()
	w.buf = strconv.AppendBool(w.buf, b)
}

func (w *jsonWriter) null() {
	w.element()
	w.buf = append(w.buf, "null"...)
}

// float writes a finite number, with an exponent only where it would be long
// without.
func (w *jsonWriter) float(f float64) {
	w.element()
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	w.buf = strconv.AppendFloat(w.buf, f, format, -1, 64)
}

func (w *jsonWriter) time(t time.Time) {
	w.element()
	w.buf = append(w.buf, '"')
	w.buf = appendTime(w.buf, t)
	w.buf = append(w.buf, '"')
}

// appendQuoted writes s, valid UTF-8, as a JSON string.
func appendQuoted[S string | []byte](b []byte, s S) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
