package encode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/redact"
)

// errEntry is returned for bytes that AppendForward did not write. It does not
// quote them.
var errEntry = errors.New("not an entry of the forward protocol as it is written here")

// entrySize is what stands before the map of an entry: an array of two, and an
// EventTime in ten bytes.
const entrySize = 11

// AppendForward appends r to dst as one entry of the Fluent forward protocol,
// version 1: the array of an EventTime and the record as a map. On error it
// returns dst as it was. It does not allocate where dst has room.
func AppendForward(dst []byte, r redact.Redacted) ([]byte, error) {
	rec := r.Fields()
	if err := check(&rec); err != nil {
		return dst, err
	}
	e := borrow()
	defer giveBack(e)
	e.msgpack.reset(appendEventTime(msgp.AppendArrayHeader(dst, 2), rec.Time))
	if err := e.record(&e.msgpack, &rec); err != nil {
		return dst, fmt.Errorf("encode record %q of type %q: %w", rec.ID, rec.Type, err)
	}
	return e.msgpack.buf, nil
}

// appendEventTime appends t as the forward protocol's EventTime: ext type 0 of
// seconds and nanoseconds, 32 bits each.
func appendEventTime(b []byte, t time.Time) []byte {
	const fixext8, eventTime = 0xd7, 0
	b = append(b, fixext8, eventTime)
	sec, nsec := eventSeconds(t)
	b = binary.BigEndian.AppendUint32(b, sec)
	return binary.BigEndian.AppendUint32(b, nsec)
}

// AppendForwardAsJSON appends the record of an entry that AppendForward wrote,
// as the JSON object that AppendJSON makes of the same record. On error it
// returns dst as it was.
func AppendForwardAsJSON(dst, entry []byte) ([]byte, error) {
	if n, rest, err := msgp.ReadArrayHeaderBytes(entry); err != nil || n != 2 || len(rest) < entrySize-1 {
		return dst, errEntry
	}
	body := entry[entrySize:]
	if msgp.NextType(body) != msgp.MapType {
		return dst, errEntry
	}
	e := borrow()
	defer giveBack(e)
	e.json.reset(dst)
	rest, err := transcode(&e.json, body, maxNesting)
	if err != nil {
		return dst, err
	}
	if len(rest) > 0 {
		return dst, errEntry
	}
	return e.json.buf, nil
}

// transcode writes the first value of b, in which there are at most levels maps
// and arrays within each other, and returns what comes after it.
func transcode(w *jsonWriter, b []byte, levels int) ([]byte, error) {
	switch msgp.NextType(b) {
	case msgp.MapType:
		return transcodeMap(w, b, levels-1)
	case msgp.ArrayType:
		return transcodeArray(w, b, levels-1)
	case msgp.StrType:
		s, rest, err := readText(b)
		if err == nil {
			w.strBytes(s)
		}
		return rest, err
	case msgp.IntType:
		n, rest, err := msgp.ReadInt64Bytes(b)
		if err == nil {
			w.integer(n)
		}
		return rest, err
	case msgp.UintType:
		n, rest, err := msgp.ReadUint64Bytes(b)
		if err == nil {
			w.unsigned(n)
		}
		return rest, err
	case msgp.Float64Type:
		f, rest, err := msgp.ReadFloat64Bytes(b)
		if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
			err = errEntry
		}
		if err == nil {
			w.float(f)
		}
		return rest, err
	case msgp.BoolType:
		v, rest, err := msgp.ReadBoolBytes(b)
		if err == nil {
			w.boolean(v)
		}
		return rest, err
	case msgp.NilType:
		w.null()
		return msgp.ReadNilBytes(b)
	default:
		// Records have neither binary values nor extensions.
		return b, errEntry
	}
}

// readText reads a string, which JSON wants to be UTF-8.
func readText(b []byte) (s, rest []byte, err error) {
	if s, rest, err = msgp.ReadStringZC(b); err != nil || !utf8.Valid(s) {
		return nil, b, errEntry
	}
	return s, rest, nil
}

func transcodeMap(w *jsonWriter, b []byte, levels int) ([]byte, error) {
	n, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil || levels < 0 {
		return b, errEntry
	}
	w.openMap(0)
	for range n {
		var key []byte
		if key, b, err = readText(b); err != nil {
			return b, err
		}
		w.keyBytes(key)
		if b, err = transcode(w, b, levels); err != nil {
			return b, err
		}
	}
	w.closeMap()
	return b, nil
}

func transcodeArray(w *jsonWriter, b []byte, levels int) ([]byte, error) {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil || levels < 0 {
		return b, errEntry
	}
	w.openElements()
	for range n {
		if b, err = transcode(w, b, levels); err != nil {
			return b, err
		}
	}
	w.closeElements(int(n))
	return b, nil
}
