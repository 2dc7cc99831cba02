package encode

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// Headers of the msgpack specification.
const (
	fixmap   = 0x80
	fixarray = 0x90
	fixstr   = 0xa0
	array16  = 0xdc
	array32  = 0xdd
	map16    = 0xde
	map32    = 0xdf
	// maxFix is the most that a header of one byte can count.
	maxFix = 15
)

// msgpackWriter writes msgpack with the shortest headers.
type msgpackWriter struct {
	buf   []byte
	depth int
	open  [maxNesting]openHeader
}

// openHeader belongs to a map or array whose size is not known yet.
type openHeader struct {
	// at is the index of the header, size the bytes reserved for it.
	at, size int
	// keys are those of a map, counted as they are written.
	keys int
}

// reset makes w append to buf.
func (w *msgpackWriter) reset(buf []byte) { w.buf, w.depth = buf, 0 }

// appendHeader appends the beginning of a Fluent Bit event: what remains is the
// body.
func appendHeader(b []byte, t time.Time) []byte {
	b = msgp.AppendArrayHeader(b, 2)
	b = appendEventTime(msgp.AppendArrayHeader(b, 2), t)
	return msgp.AppendMapHeader(b, 0)
}

// eventSeconds brings t into the range of an EventTime. Fluent Bit takes the
// two highest numbers of seconds for the marks of a group.
func eventSeconds(t time.Time) (sec, nsec uint32) {
	const last = math.MaxUint32 - 2
	switch s := t.Unix(); {
	case s < 0:
		return 0, 0
	case s > last:
		return last, 0
	default:
		return uint32(s), uint32(t.Nanosecond())
	}
}

func (w *msgpackWriter) openMap(maxKeys int) { w.reserve(maxKeys) }

func (w *msgpackWriter) closeMap() {
	m := w.top()
	w.fill(m, m.keys, fixmap, map16, map32)
}

func (w *msgpackWriter) openArray(n int) {
	w.buf = msgp.AppendArrayHeader(w.buf, uint32(n))
}

func (w *msgpackWriter) closeArray() {}

func (w *msgpackWriter) openElements() { w.reserve(0) }

func (w *msgpackWriter) closeElements(n int) { w.fill(w.top(), n, fixarray, array16, array32) }

// reserve makes room for a header that counts up to n.
func (w *msgpackWriter) reserve(n int) {
	m := openHeader{at: len(w.buf), size: 1}
	switch {
	case n > math.MaxUint16:
		m.size = 5
	case n > maxFix:
		m.size = 3
	}
	w.open[w.depth] = m
	w.depth++
	w.buf = append(w.buf, 0, 0, 0, 0, 0)[:m.at+m.size]
}

// top returns the header that was opened last, and closes it.
func (w *msgpackWriter) top() openHeader {
	w.depth--
	return w.open[w.depth]
}

// fill writes a header, now that its count is known. The formats are those of
// a header of one, three and five bytes.
func (w *msgpackWriter) fill(m openHeader, count int, fix, sized16, sized32 byte) {
	size := 1
	switch {
	case count > math.MaxUint16:
		size = 5
	case count > maxFix:
		size = max(m.size, 3)
	}
	if size != m.size {
		w.resize(m.at, m.size, size)
	}
	switch header := w.buf[m.at:]; size {
	case 1:
		header[0] = fix | byte(count)
	case 3:
		header[0] = sized16
		binary.BigEndian.PutUint16(header[1:], uint16(count))
	default:
		header[0] = sized32
		binary.BigEndian.PutUint32(header[1:], uint32(count))
	}
}

// resize moves what was written behind a header of another size than was
// reserved.
func (w *msgpackWriter) resize(at, reserved, size int) {
	end := len(w.buf) + size - reserved
	if size > reserved {
		w.buf = append(w.buf, 0, 0, 0, 0)[:end]
	}
	copy(w.buf[at+size:], w.buf[at+reserved:])
	w.buf = w.buf[:end]
}

func (w *msgpackWriter) key(k string) {
	w.open[w.depth-1].keys++
	w.buf = msgp.AppendString(w.buf, k)
}

func (w *msgpackWriter) keyBytes(k []byte) {
	w.open[w.depth-1].keys++
	w.buf = msgp.AppendStringFromBytes(w.buf, k)
}

func (w *msgpackWriter) strBytes(s []byte) { w.buf = msgp.AppendStringFromBytes(w.buf, s) }

func (w *msgpackWriter) str(s string) { w.buf = msgp.AppendString(w.buf, s) }

func (w *msgpackWriter) integer(n int64) { w.buf = msgp.AppendInt64(w.buf, n) }

func (w *msgpackWriter) unsigned(n uint64) { w.buf = msgp.AppendUint64(w.buf, n) }

func (w *msgpackWriter) boolean(b bool) { w.buf = msgp.AppendBool(w.buf, b) }

func (w *msgpackWriter) null() { w.buf = msgp.AppendNil(w.buf) }

func (w *msgpackWriter) float(f float64) { w.buf = msgp.AppendFloat64(w.buf, f) }

func (w *msgpackWriter) time(t time.Time) {
	w.buf = append(w.buf, fixstr|byte(timeLen))
	w.buf = appendTime(w.buf, t)
}
