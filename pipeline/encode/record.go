package encode

import (
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// writer is a form of output. Maps and arrays are opened and closed in pairs,
// at most maxNesting within each other; in a map keys and values alternate.
// Strings are valid UTF-8.
type writer interface {
	// openMap begins a map of at most maxKeys keys.
	openMap(maxKeys int)
	closeMap()
	// openArray begins an array of n values exactly.
	openArray(n int)
	closeArray()
	// openElements begins an array of which the number of values is told when
	// it is closed.
	openElements()
	closeElements(n int)
	key(k string)
	str(s string)
	// keyBytes and strBytes are for text that is not kept.
	keyBytes(k []byte)
	strBytes(s []byte)
	integer(n int64)
	unsigned(n uint64)
	// float writes a finite number.
	float(f float64)
	boolean(b bool)
	null()
	time(t time.Time)
}

// Limits of how many maps and arrays lie within each other.
const (
	// maxLevels is how many an event has, its own array included. Fluent Bit
	// builds msgpack-c with MSGPACK_EMBED_STACK_SIZE=64 (cmake/msgpack.cmake),
	// which is how many levels it unpacks: from an event with more on it drops
	// the rest of the chunk. What outputs wrap around events needs some of them.
	maxLevels = 56
	// maxNesting is how many a record has: all but the event's array.
	maxNesting = maxLevels - 1
	// maxBody is how many a body has: it lies in a part of the record.
	maxBody = maxNesting - 2
	// maxValue is how many a value of a drift has: it lies in an entry of a list
	// of the record.
	maxValue = maxNesting - 3
)

// Bodies and values that a redactor lets pass can be written: the constants
// must not be negative.
const (
	_ uint = maxBody - redact.MaxBodyDepth
	_ uint = maxValue - redact.MaxBodyDepth
)

// Most keys that records have.
const (
	mostKeys = 12
	// mostStateKeys is for records whose type adds many keys to the envelope.
	mostStateKeys = 26
)

// record writes a record of a known type. It fails only where a body is not
// what a redactor lets pass.
func (e *encoder) record(w writer, rec *event.Record) error {
	keys := mostKeys
	if rec.Type == event.TypeObjectStatus || rec.Type == event.TypeApplicationStatus {
		keys = mostStateKeys
	}
	w.openMap(keys)
	text(w, "schema", event.Schema)
	text(w, "type", string(rec.Type))
	text(w, "id", string(rec.ID))
	instant(w, "time", rec.Time)
	text(w, "cluster", string(rec.Cluster))
	if rec.Application != nil {
		w.key("application")
		application(w, rec.Application)
	}
	optional(w, "correlation", string(rec.Correlation))
	if rec.Object != nil {
		object(w, "object", rec.Object)
	}
	if rec.Owner != nil {
		object(w, "owner", rec.Owner)
	}
	if err := e.added(w, rec); err != nil {
		return err
	}
	withheld(w, rec.Withheld)
	w.closeMap()
	return nil
}

// added writes what the type of a record adds to the envelope.
func (e *encoder) added(w writer, rec *event.Record) error {
	switch rec.Type {
	case event.TypeEvent:
		w.key("event")
		e.occurrence(w, rec.Event)
	case event.TypeAudit:
		w.key("audit")
		if err := e.audit(w, rec.Audit); err != nil {
			return err
		}
		if rec.Audit.Changes != nil {
			w.key("change")
			changes(w, rec.Audit.Changes)
		}
	case event.TypeObjectStatus:
		return e.objectState(w, rec.ObjectState)
	case event.TypeApplicationStatus:
		e.applicationState(w, rec.ApplicationState)
	case event.TypeDeployment:
		w.key("deployment")
		deployment(w, rec.Deployment)
	case event.TypeRejected:
		w.key("rejected")
		rejection(w, rec.Rejected)
	case event.TypeMonitorStatus:
		w.key("monitor")
		e.monitor(w, rec.Monitor)
	}
	return nil
}

// withheld writes what the redactor did not let pass, or nothing if that is
// nothing.
func withheld(w writer, parts []event.Withheld) {
	if len(parts) == 0 {
		return
	}
	w.key("redaction")
	w.openMap(1)
	w.key("withheld")
	w.openArray(len(parts))
	for i := range parts {
		w.openMap(2)
		text(w, "path", parts[i].Path)
		text(w, "reason", parts[i].Reason)
		w.closeMap()
	}
	w.closeArray()
	w.closeMap()
}

// object writes a reference, or nothing if it names nothing.
func object(w writer, key string, o *event.ObjectRef) {
	if !o.IsZero() {
		w.key(key)
		reference(w, o)
	}
}

func reference(w writer, o *event.ObjectRef) {
	w.openMap(9)
	optional(w, "api_version", o.APIVersion)
	optional(w, "kind", o.Kind)
	optional(w, "resource", o.Resource)
	optional(w, "subresource", o.Subresource)
	optional(w, "namespace", string(o.Namespace))
	optional(w, "name", o.Name)
	optional(w, "uid", string(o.UID))
	optional(w, "resource_version", string(o.ResourceVersion))
	optional(w, "field_path", o.FieldPath)
	w.closeMap()
}

func (e *encoder) occurrence(w writer, o *event.Occurrence) {
	w.openMap(17)
	optional(w, "uid", string(o.UID))
	optional(w, "resource_version", string(o.ResourceVersion))
	optional(w, "namespace", string(o.Namespace))
	optional(w, "name", o.Name)
	optional(w, "reason", o.Reason)
	optional(w, "message", o.Message)
	optional(w, "type", o.Type)
	optional(w, "action", o.Action)
	optional(w, "reporting_controller", o.ReportingController)
	optional(w, "reporting_instance", o.ReportingInstance)
	optionalInstant(w, "first_time", o.FirstTime)
	optionalInstant(w, "last_time", o.LastTime)
	number(w, "count", o.Count)
	number(w, "count_delta", o.CountDelta)
	object(w, "related", &o.Related)
	e.strings(w, "labels", o.Labels)
	e.strings(w, "annotations", o.Annotations)
	w.closeMap()
}
