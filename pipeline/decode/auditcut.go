package decode

import (
	"bytes"
	"errors"

	"github.com/fluent-live/live-status/pipeline/event"
)

var errCut = errors.New("the value is cut")

// received is what begins the part of an event behind its bodies.
var received = []byte(`"requestReceivedTimestamp":"`)

// mostReceived bounds how often received is tried to be that part. Besides the
// field itself only an annotation of that name looks like it.
const mostReceived = 8

// cutState is what DecodeCut notes while it reads.
type cutState struct {
	// user and object are set once these were read to their ends, and open where
	// the event was cut before its object could be told.
	user, object, open bool
}

// DecodeCut decodes an audit event of which only the head and the tail are
// there; they may overlap. It leaves out the bodies, which are what makes an
// event large, and otherwise does as Decode does with what it can read:
//
// A kube-apiserver writes what tells the request before the bodies, and
// requestReceivedTimestamp, stageTimestamp and annotations behind them. Of the
// head, fields are read up to the value that is cut, the user and the object up
// to where they are cut; what that leaves unsaid of the object is taken from the
// path of the request. Of the tail, fields are read from a
// requestReceivedTimestamp on after which the event ends with the object that
// this is a field of. What is part of a body is thus never taken for a field,
// whatever the client put there: behind it the body would end first.
//
// An event that is cut before it says who asked is an *Error.
func (d *AuditDecoder) DecodeCut(head, tail []byte) (event.Audit, error) {
	defer d.release()
	var a event.Audit
	var cut cutState
	d.reset(head)
	if d.next() != '{' {
		return event.Audit{}, notJSON(d.expected())
	}
	// The error is where the head ends, or what is behind the cut.
	_ = d.object(func(key string) error { return d.cutField(&a, key, &cut) })
	if err := d.readTail(&a, tail, &cut); err != nil {
		return event.Audit{}, notJSON(err)
	}
	d.request, d.response = body{}, body{}
	if err := d.check(&a); err != nil {
		return event.Audit{}, err
	}
	if !cut.user {
		return event.Audit{}, &Error{Reason: event.RejectUnidentified, Detail: "it is cut before it tells the user"}
	}
	if cut.open && !cut.object {
		d.fromPath(&a)
	}
	d.finish(&a)
	return a, nil
}

// cutField reads a field if all of it is there.
func (d *AuditDecoder) cutField(a *event.Audit, key string, cut *cutState) error {
	from := d.i
	whole := d.ignore() == nil
	switch {
	case whole && (key == "requestObject" || key == "responseObject"):
		return nil
	case whole:
		cut.user = cut.user || key == "user"
		cut.object = cut.object || key == "objectRef"
		d.i = from
		return d.field(a, key)
	}
	d.i = from
	switch key {
	case "requestObject", "responseObject", "responseStatus", "annotations", "requestReceivedTimestamp", "stageTimestamp":
		return errCut
	case "user":
		// The lists are not known to be whole.
		_ = d.field(a, key)
		d.user = userSpans{}
		cut.user = a.User.Name != ""
	case "impersonatedUser":
		_ = d.field(a, key)
		d.imperson = userSpans{}
	case "objectRef":
		_ = d.field(a, key)
	}
	cut.open = true
	return errCut
}

// readTail reads what is behind the bodies, if it is there.
func (d *AuditDecoder) readTail(a *event.Audit, tail []byte, cut *cutState) error {
	before := tail
	for tries := 0; tries < mostReceived; {
		at := bytes.LastIndex(before, received)
		if at < 1 {
			return nil
		}
		before = before[:at]
		if before[at-1] != ',' && before[at-1] != '{' {
			continue
		}
		tries++
		// What is before it is read like the brace that opens an object.
		d.reset(tail[at-1:])
		if d.object(func(string) error { return d.ignore() }) != nil || d.end() != nil {
			continue
		}
		d.i = 0
		return d.object(func(key string) error { return d.cutField(a, key, cut) })
	}
	return nil
}

// fromPath completes a's object by the path of the request, from which the
// server takes the same.
func (d *AuditDecoder) fromPath(a *event.Audit) {
	path, ok := parsePath(a.RequestURI)
	if !ok {
		return
	}
	d.group, d.version = path.group, path.version
	a.Object.Resource, a.Object.Subresource = path.resource, path.subresource
	if a.Object.Name == "" {
		a.Object.Name = path.name
	}
}
