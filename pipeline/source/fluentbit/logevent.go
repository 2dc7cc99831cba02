package fluentbit

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// errShape says that a value is msgpack and yet no log event.
var errShape = errors.New("a value is no log event")

// Fluent Bit marks the beginning and the end of a group of log events by these
// numbers of seconds, with no nanoseconds (include/fluent-bit/flb_log_event.h).
const (
	groupStart = math.MaxUint32
	groupEnd   = math.MaxUint32 - 1
)

// eventTime is the type of the extension that a time is, in eventTimeSize bytes:
// seconds and nanoseconds (the forward protocol, version 1).
const (
	eventTime     = 0
	eventTimeSize = 8
)

// logEvent is one log event of a chunk.
type logEvent struct {
	// at and end are where it begins and ends, body is where the body begins.
	at, body, end int
	time          time.Time
	// shape is that of the body.
	shape shape
	// group is set on marks, whose body are attributes of a group.
	group bool
}

// logEvent reads the log event that begins here, [time, body] or
// [[time, metadata], body], and moves behind it. After errShape the next one can
// be read; after any other error nobody knows where it begins.
func (u *unpacker) logEvent() (logEvent, error) {
	e := logEvent{at: u.pos}
	root, err := u.next()
	if err != nil {
		return e, err
	}
	if root.form != formArray || root.n != 2 {
		return u.misshapen(e, root)
	}
	head, err := u.next()
	if err != nil {
		return e, err
	}
	var known bool
	if head.form == formArray {
		known, err = u.header(&e, head)
	} else {
		known = e.timed(u, head)
		err = u.rest(head)
	}
	if err != nil {
		return e, err
	}
	e.body = u.pos
	var is bool
	if e.shape, is, err = u.shape(); err != nil {
		return e, err
	}
	e.end = u.pos
	if !known || !is {
		return e, errShape
	}
	return e, nil
}

// header reads [time, metadata] and reports whether it is that.
func (u *unpacker) header(e *logEvent, head value) (bool, error) {
	if head.n != 2 {
		return false, u.rest(head)
	}
	at, err := u.next()
	if err != nil {
		return false, err
	}
	known := e.timed(u, at)
	if err := u.rest(at); err != nil {
		return false, err
	}
	metadata, err := u.next()
	if err != nil {
		return false, err
	}
	return known && metadata.form == formMap, u.rest(metadata)
}

// misshapen passes over what began with v. Of anything but an array it is not
// known whether what follows was meant to be read: it may be part of a text.
func (u *unpacker) misshapen(e logEvent, v value) (logEvent, error) {
	if v.form != formArray {
		u.pos = e.at
		return e, errShape
	}
	if err := u.rest(v); err != nil {
		return e, err
	}
	e.end = u.pos
	return e, errShape
}

// timed sets the time to what v says, and reports whether v is one. A time that
// no clock shows is left zero.
func (e *logEvent) timed(u *unpacker, v value) bool {
	switch v.form {
	case formUint:
		e.set(v.bits, 0)
	case formFloat32:
		e.float(float64(math.Float32frombits(uint32(v.bits))))
	case formFloat64:
		e.float(math.Float64frombits(v.bits))
	case formExt:
		if v.ext != eventTime || v.n != eventTimeSize {
			return false
		}
		sec := binary.BigEndian.Uint32(u.data[u.pos:])
		nsec := binary.BigEndian.Uint32(u.data[u.pos+4:])
		if nsec == 0 && (sec == groupStart || sec == groupEnd) {
			e.group = true
			return true
		}
		e.set(uint64(sec), int64(nsec))
	default:
		return false
	}
	return true
}

// latest is the first second of the year 10000, which RFC 3339 cannot write.
const latest = 253402300800

func (e *logEvent) set(sec uint64, nsec int64) {
	if sec < latest && nsec < int64(time.Second) {
		e.time = time.Unix(int64(sec), nsec).UTC()
	}
}

func (e *logEvent) float(f float64) {
	if f >= 0 && f < latest {
		sec, frac := math.Modf(f)
		e.time = time.Unix(int64(sec), int64(frac*1e9)).UTC()
	}
}
