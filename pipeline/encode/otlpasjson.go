package encode

import (
	"encoding/binary"
	"errors"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// errLogRecord is returned for bytes that AppendOTLP did not write. It does not
// quote them.
var errLogRecord = errors.New("not a LogRecord as it is written here")

// AppendOTLPAsJSON appends the body of a LogRecord that AppendOTLP wrote, as the
// JSON object that AppendJSON makes of the same record, but that numbers beyond 64
// bits with a sign and what lies too deep are text. On error it returns dst as it
// was.
func AppendOTLPAsJSON(dst, record []byte) ([]byte, error) {
	var body []byte
	for rest := record; len(rest) > 0; {
		field, kind, size := protowire.ConsumeTag(rest)
		if size < 0 {
			return dst, errLogRecord
		}
		rest = rest[size:]
		if field == otlpBody && kind == protowire.BytesType {
			body, _ = protowire.ConsumeBytes(rest)
		}
		if size = protowire.ConsumeFieldValue(field, kind, rest); size < 0 {
			return dst, errLogRecord
		}
		rest = rest[size:]
	}
	e := borrow()
	defer giveBack(e)
	e.json.reset(dst)
	if len(body) == 0 || body[0] != byte(protowire.EncodeTag(anyMap, protowire.BytesType)) {
		return dst, errLogRecord
	}
	if err := anyAsJSON(&e.json, body, maxNesting); err != nil {
		return dst, err
	}
	return e.json.buf, nil
}

// anyAsJSON writes an AnyValue, in which there are at most levels maps and arrays
// within each other.
func anyAsJSON(w *jsonWriter, value []byte, levels int) error {
	if len(value) == 0 {
		w.null()
		return nil
	}
	field, kind, size := protowire.ConsumeTag(value)
	if size < 0 || protowire.ConsumeFieldValue(field, kind, value[size:]) != len(value)-size {
		return errLogRecord
	}
	value = value[size:]
	switch {
	case kind == protowire.BytesType:
		content, _ := protowire.ConsumeBytes(value) // It is whole, as was seen above.
		return sizedAsJSON(w, field, content, levels)
	case field == anyBool && kind == protowire.VarintType:
		n, _ := protowire.ConsumeVarint(value)
		w.boolean(n != 0)
	case field == anyInt && kind == protowire.VarintType:
		n, _ := protowire.ConsumeVarint(value)
		w.integer(int64(n))
	case field == anyDouble && kind == protowire.Fixed64Type:
		f := math.Float64frombits(binary.LittleEndian.Uint64(value))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return errLogRecord
		}
		w.float(f)
	default:
		return errLogRecord
	}
	return nil
}

// sizedAsJSON writes the content of a string, an array or a map.
func sizedAsJSON(w *jsonWriter, field protowire.Number, content []byte, levels int) error {
	switch {
	case field == anyString:
		if !utf8.Valid(content) {
			return errLogRecord
		}
		w.strBytes(content)
		return nil
	case levels == 0:
		return errLogRecord
	case field == anyArray:
		w.openElements()
		n := 0
		for ; len(content) > 0; n++ {
			var element []byte
			var err error
			if element, content, err = sized(content, listValues); err != nil {
				return err
			}
			if err := anyAsJSON(w, element, levels-1); err != nil {
				return err
			}
		}
		w.closeElements(n)
		return nil
	case field == anyMap:
		w.openMap(0)
		for len(content) > 0 {
			var entry []byte
			var err error
			if entry, content, err = sized(content, listValues); err != nil {
				return err
			}
			if err := entryAsJSON(w, entry, levels-1); err != nil {
				return err
			}
		}
		w.closeMap()
		return nil
	default:
		return errLogRecord
	}
}

// entryAsJSON writes a KeyValue: the key, unless it is empty, and the value behind
// it.
func entryAsJSON(w *jsonWriter, entry []byte, levels int) error {
	key, rest, err := sized(entry, entryKey)
	if err != nil {
		key, rest = nil, entry
	}
	if !utf8.Valid(key) {
		return errLogRecord
	}
	value, rest, err := sized(rest, entryValue)
	if err != nil || len(rest) > 0 {
		return errLogRecord
	}
	w.keyBytes(key)
	return anyAsJSON(w, value, levels)
}

// sized returns the content of the field that b begins with and what comes after
// it.
func sized(b []byte, want protowire.Number) (content, rest []byte, err error) {
	field, kind, size := protowire.ConsumeTag(b)
	if size < 0 || field != want || kind != protowire.BytesType {
		return nil, nil, errLogRecord
	}
	b = b[size:]
	if content, size = protowire.ConsumeBytes(b); size < 0 {
		return nil, nil, errLogRecord
	}
	return content, b[size:], nil
}
