package encode

import (
	"errors"
	"fmt"
	"sync"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// ErrEmpty is returned for a record that holds nothing of what its type speaks
// of. The zero value of redact.Redacted, which no redactor has seen, is one.
var ErrEmpty = errors.New("record is empty")

// AppendMsgpack appends r to dst as one Fluent Bit event: the array of a header
// and a body, the header being the array of the time and empty metadata. On
// error it returns dst as it was. It does not allocate where dst has room.
func AppendMsgpack(dst []byte, r redact.Redacted) ([]byte, error) {
	rec := r.Fields()
	if err := check(&rec); err != nil {
		return dst, err
	}
	e := borrow()
	defer giveBack(e)
	e.msgpack.reset(appendHeader(dst, rec.Time))
	if err := e.record(&e.msgpack, &rec); err != nil {
		return dst, fmt.Errorf("encode record %q of type %q: %w", rec.ID, rec.Type, err)
	}
	return e.msgpack.buf, nil
}

// AppendJSON appends r to dst as one JSON object without a newline. On error it
// returns dst as it was. It does not allocate where dst has room.
func AppendJSON(dst []byte, r redact.Redacted) ([]byte, error) {
	rec := r.Fields()
	if err := check(&rec); err != nil {
		return dst, err
	}
	e := borrow()
	defer giveBack(e)
	e.json.reset(dst)
	if err := e.record(&e.json, &rec); err != nil {
		return dst, fmt.Errorf("encode record %q of type %q: %w", rec.ID, rec.Type, err)
	}
	return e.json.buf, nil
}

// check reports records that cannot be written.
func check(rec *event.Record) error {
	var ok bool
	switch rec.Type {
	case event.TypeEvent:
		ok = rec.Event != nil
	case event.TypeAudit:
		ok = rec.Audit != nil
	case event.TypeObjectStatus:
		ok = rec.ObjectState != nil
	case event.TypeApplicationStatus:
		ok = rec.ApplicationState != nil
	case event.TypeDeployment:
		ok = rec.Deployment != nil
	case event.TypeRejected:
		ok = rec.Rejected != nil
	case event.TypeMonitorStatus:
		ok = rec.Monitor != nil
	case "":
	default:
		return fmt.Errorf("encode record %q: unknown type %q", rec.ID, rec.Type)
	}
	if !ok {
		return fmt.Errorf("encode record %q of type %q: %w", rec.ID, rec.Type, ErrEmpty)
	}
	return nil
}

// encoder holds what encoding needs besides the destination.
type encoder struct {
	msgpack msgpackWriter
	json    jsonWriter
	otlp    otlpWriter
	bodies  bodyReader
	// keys is where the keys of a map are sorted.
	keys []string
	// scratch is where text is put together.
	scratch []byte
}

// encoders spares the allocation of an encoder per record.
var encoders = sync.Pool{New: func() any { return new(encoder) }}

func borrow() *encoder {
	return encoders.Get().(*encoder) // The pool holds nothing else.
}

// giveBack forgets the record before the encoder is used for another one.
func giveBack(e *encoder) {
	e.msgpack.reset(nil)
	e.json.reset(nil)
	e.otlp.reset(nil)
	e.bodies.reset()
	clear(e.keys)
	e.keys = e.keys[:0]
	encoders.Put(e)
}
