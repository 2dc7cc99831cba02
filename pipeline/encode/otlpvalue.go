package encode

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields in common.proto of opentelemetry-proto 1: of AnyValue, of
// ArrayValue and KeyValueList, which have one field of the same number, and of
// KeyValue.
const (
	anyString protowire.Number = 1
	anyBool   protowire.Number = 2
	anyInt    protowire.Number = 3
	anyDouble protowire.Number = 4
	anyArray  protowire.Number = 5
	anyMap    protowire.Number = 6

	listValues protowire.Number = 1

	entryKey   protowire.Number = 1
	entryValue protowire.Number = 2
)

// maxOTLPLevels is how many maps and arrays lie within each other in a log record.
// A map is three messages within each other, and protobuf's libraries for C++, Java
// and Rust read a hundred: the request, the resource, the scope and the record are
// four of them. The schemas in CustomResourceDefinitions need more, and what a
// library cannot read is refused for good. So what lies deeper is JSON text.
const maxOTLPLevels = 30

// otlpWriter writes an AnyValue of opentelemetry.proto.common.v1 with its length
// before it. Lengths are as short as they can be: the same record is the same to
// the byte.
type otlpWriter struct {
	buf    []byte
	depth  int
	levels [maxOTLPLevels]otlpLevel

	// deep is where maps and arrays are written that lie too deep, and below how
	// many of them are open.
	deep  jsonWriter
	below int
}

// otlpLevel is a map or an array that is being written.
type otlpLevel struct {
	// at is where the length of its AnyValue stands.
	at    int
	array bool
	// entry is where the length of the entry stands whose value is written; of maps
	// only.
	entry int
}

// reset makes w append to buf.
func (w *otlpWriter) reset(buf []byte) {
	w.buf, w.depth, w.below = buf, 0, 0
	if cap(w.deep.buf) > keptBody {
		w.deep.buf = nil
	}
}

func (w *otlpWriter) openMap(int) { w.open(anyMap, false) }

func (w *otlpWriter) closeMap() { w.close() }

func (w *otlpWriter) openArray(int) { w.open(anyArray, true) }

func (w *otlpWriter) closeArray() { w.close() }

func (w *otlpWriter) openElements() { w.open(anyArray, true) }

func (w *otlpWriter) closeElements(int) { w.close() }

// open begins the AnyValue of a map or an array, with a byte for its length and one
// for that of what is in it.
func (w *otlpWriter) open(field protowire.Number, array bool) {
	if w.depth == maxOTLPLevels {
		w.openDeep(array)
		return
	}
	w.element()
	w.levels[w.depth] = otlpLevel{at: len(w.buf), array: array}
	w.depth++
	w.buf = append(w.buf, 0)
	w.buf = append(protowire.AppendTag(w.buf, field, protowire.BytesType), 0)
}

func (w *otlpWriter) close() {
	if w.below > 0 {
		w.closeDeep()
		return
	}
	w.depth--
	at := w.levels[w.depth].at
	const tag = 1
	start := at + 1 + tag + 1
	inner := len(w.buf) - start
	innerSize := protowire.SizeVarint(uint64(inner))
	outer := tag + innerSize + inner
	outerSize := protowire.SizeVarint(uint64(outer))
	field := w.buf[at+1]
	w.move(start, outerSize+innerSize-2)
	b := protowire.AppendVarint(w.buf[:at], uint64(outer))
	b = append(b, field)
	protowire.AppendVarint(b, uint64(inner))
	w.written()
}

func (w *otlpWriter) openDeep(array bool) {
	if w.below == 0 {
		w.deep.reset(w.deep.buf[:0])
	}
	w.below++
	if array {
		w.deep.openElements()
	} else {
		w.deep.openMap(0)
	}
}

func (w *otlpWriter) closeDeep() {
	if w.deep.levels[w.deep.depth-1].array {
		w.deep.closeArray()
	} else {
		w.deep.closeMap()
	}
	if w.below--; w.below == 0 {
		w.strBytes(w.deep.buf)
	}
}

// move moves what begins at start on by n bytes.
func (w *otlpWriter) move(start, n int) {
	if n == 0 {
		return
	}
	var room [2 * binary.MaxVarintLen64]byte
	w.buf = append(w.buf, room[:n]...)
	copy(w.buf[start+n:], w.buf[start:])
}

// element begins the value of an array's element.
func (w *otlpWriter) element() {
	if w.depth > 0 && w.levels[w.depth-1].array {
		w.buf = protowire.AppendTag(w.buf, listValues, protowire.BytesType)
	}
}

// written ends the entry of a map, once its value is written.
func (w *otlpWriter) written() {
	if w.depth == 0 || w.levels[w.depth-1].array {
		return
	}
	at := w.levels[w.depth-1].entry
	size := len(w.buf) - at - 1
	w.move(at+1, protowire.SizeVarint(uint64(size))-1)
	protowire.AppendVarint(w.buf[:at], uint64(size))
}

func (w *otlpWriter) key(k string) {
	if w.below > 0 {
		w.deep.key(k)
		return
	}
	w.openEntry()
	if k != "" { // As all other defaults it is not written.
		w.buf = appendText(w.buf, entryKey, k)
	}
	w.buf = protowire.AppendTag(w.buf, entryValue, protowire.BytesType)
}

func (w *otlpWriter) keyBytes(k []byte) {
	if w.below > 0 {
		w.deep.keyBytes(k)
		return
	}
	w.openEntry()
	if len(k) > 0 {
		w.buf = protowire.AppendBytes(protowire.AppendTag(w.buf, entryKey, protowire.BytesType), k)
	}
	w.buf = protowire.AppendTag(w.buf, entryValue, protowire.BytesType)
}

// openEntry begins an entry of a map, with a byte for its length.
func (w *otlpWriter) openEntry() {
	w.buf = protowire.AppendTag(w.buf, listValues, protowire.BytesType)
	w.levels[w.depth-1].entry = len(w.buf)
	w.buf = append(w.buf, 0)
}

// value begins an AnyValue of size bytes.
func (w *otlpWriter) value(size int) {
	w.element()
	w.buf = protowire.AppendVarint(w.buf, uint64(size))
}

func (w *otlpWriter) str(s string) {
	if w.below > 0 {
		w.deep.str(s)
		return
	}
	w.value(sizeOfField(len(s)))
	w.buf = appendText(w.buf, anyString, s)
	w.written()
}

func (w *otlpWriter) strBytes(s []byte) {
	if w.below > 0 {
		w.deep.strBytes(s)
		return
	}
	w.value(sizeOfField(len(s)))
	w.buf = protowire.AppendBytes(protowire.AppendTag(w.buf, anyString, protowire.BytesType), s)
	w.written()
}

func (w *otlpWriter) integer(n int64) {
	if w.below > 0 {
		w.deep.integer(n)
		return
	}
	w.varint(anyInt, uint64(n))
}

// unsigned writes what does not fit 64 bits with a sign as text, as
// https://opentelemetry.io/docs/specs/otel/common/attribute-type-mapping has it.
func (w *otlpWriter) unsigned(n uint64) {
	if w.below > 0 {
		w.deep.unsigned(n)
		return
	}
	if n <= math.MaxInt64 {
		w.varint(anyInt, n)
		return
	}
	var digits [20]byte
	w.strBytes(strconv.AppendUint(digits[:0], n, 10))
}

func (w *otlpWriter) boolean(b bool) {
	if w.below > 0 {
		w.deep.boolean(b)
		return
	}
	w.varint(anyBool, protowire.EncodeBool(b))
}

func (w *otlpWriter) varint(field protowire.Number, n uint64) {
	w.value(1 + protowire.SizeVarint(n))
	w.buf = protowire.AppendVarint(protowire.AppendTag(w.buf, field, protowire.VarintType), n)
	w.written()
}

func (w *otlpWriter) float(f float64) {
	if w.below > 0 {
		w.deep.float(f)
		return
	}
	w.value(1 + 8)
	w.buf = appendFixed64(w.buf, anyDouble, math.Float64bits(f))
	w.written()
}

// null writes an AnyValue that is nothing.
func (w *otlpWriter) null() {
	if w.below > 0 {
		w.deep.null()
		return
	}
	w.value(0)
	w.written()
}

func (w *otlpWriter) time(t time.Time) {
	if w.below > 0 {
		w.deep.time(t)
		return
	}
	w.value(sizeOfField(timeLen))
	w.buf = protowire.AppendTag(w.buf, anyString, protowire.BytesType)
	w.buf = protowire.AppendVarint(w.buf, uint64(timeLen))
	w.buf = appendTime(w.buf, t)
	w.written()
}
