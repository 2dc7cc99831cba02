package encode

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// Headers of the msgpack specification.
const (
	fixmap    = 0x80
	fixstr    = 0xa0
	map16     = 0xde
	map32     = 0xdf
	maxFixmap = 15
)

// msgpackWriter writes msgpack with the shortest headers.
type msgpackWriter struct {
	buf   []byte
	depth int
	open  [maxNesting]mapHeader
}

// mapHeader belongs to a map whose number of keys is not known yet.
type mapHeader struct {
	// at is the index of the map's header, size the bytes reserved for it.
	at, size int
	keys     int
}

// reset makes w append to buf.
func (w *msgpackWriter) reset(buf []byte) { w.buf, w.depth = buf, 0 }

// appendHeader appends the beginning of a Fluent Bit event: what remains is the
// body. The time is the forward protocol's EventTime: ext type 0 of seconds and
// nanoseconds, 32 bits each.
func appendHeader(b []byte, t time.Time) []byte {
	b = msgp.AppendArrayHeader(b, 2)
	b = msgp.AppendArrayHeader(b, 2)
	const fixext8, eventTime = 0xd7, 0
	b = append(b, fixext8, eventTime)
	sec, nsec := eventSeconds(t)
	b = binary.BigEndian.AppendUint32(b, sec)
	b = binary.BigEndian.AppendUint32(b, nsec)
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

func (w *msgpackWriter) openMap(maxKeys int) {
	m := mapHeader{at: len(w.buf), size: 1}
	switch {
	case maxKeys > math.MaxUint16:
		m.size = 5
	case maxKeys > maxFixmap:
		m.size = 3
	}
	w.open[w.depth] = m
	w.depth++
	w.buf = append(w.buf, 0, 0, 0, 0, 0)[:m.at+m.size]
}

// closeMap writes the header, now that the number of keys is known.
func (w *msgpackWriter) closeMap() {
	w.depth--
	m := &w.open[w.depth]
	switch header := w.buf[m.at:]; {
	case m.keys <= maxFixmap:
		header[0] = fixmap | byte(m.keys)
		if m.size > 1 {
			// Fewer keys were there than might have been: close the gap.
			n := copy(header[1:], header[m.size:])
			w.buf = w.buf[:m.at+1+n]
		}
	case m.size == 3:
		header[0] = map16
		binary.BigEndian.PutUint16(header[1:], uint16(m.keys))
	default:
		header[0] = map32
		binary.BigEndian.PutUint32(header[1:], uint32(m.keys))
	}
}

func (w *msgpackWriter) openArray(n int) {
	w.buf = msgp.AppendArrayHeader(w.buf, uint32(n))
}

func (w *msgpackWriter) closeArray() {}

func (w *msgpackWriter) key(k string) {
	w.open[w.depth-1].keys++
	w.buf = msgp.AppendString(w.buf, k)
}

func (w *msgpackWriter) str(s string) { w.buf = msgp.AppendString(w.buf, s) }

func (w *msgpackWriter) integer(n int64) { w.buf = msgp.AppendInt64(w.buf, n) }

func (w *msgpackWriter) float(f float64) { w.buf = msgp.AppendFloat64(w.buf, f) }

func (w *msgpackWriter) time(t time.Time) {
	w.buf = append(w.buf, fixstr|byte(timeLen))
	w.buf = appendTime(w.buf, t)
}
