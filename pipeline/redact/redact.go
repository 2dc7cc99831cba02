package redact

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What stands in a record in place of what was taken out.
const (
	// MarkRedacted replaces a credential.
	MarkRedacted = "[redacted]"
	// MarkWithheld replaces a part that could not be examined.
	MarkWithheld = "[withheld]"
	// MarkHash begins the replacement of a Secret's value; the first 16 bytes
	// of its keyed hash follow in hex. Equal values under equal keys have equal
	// hashes as long as the salt stays the same, so that a change shows.
	MarkHash = "hmac-sha256:"
)

// The reasons for which a part of a record is withheld.
const (
	ReasonNotJSON    = "not JSON"
	ReasonTrailing   = "data after the JSON value"
	ReasonTooDeep    = "nested too deep"
	ReasonTooLarge   = "too large"
	ReasonUnreadable = "looks like a Secret but cannot be parsed"
	ReasonFailed     = "redaction failed"
)

// Redacted is a record that has passed the redactor. Only this package makes
// one; encoding the zero value is an error.
type Redacted struct {
	rec event.Record
}

// Fields returns the record for reading. What its pointers, slices and maps
// refer to is shared and must not be changed.
func (r Redacted) Fields() event.Record { return r.rec }

// Options configure a Redactor.
type Options struct {
	// Salt keys the hashes of Secret values, see LoadSalt. With less than
	// MinSalt bytes values are replaced by MarkRedacted, since a hash without a
	// secret key could be guessed.
	Salt []byte
}

// Redactor redacts records. It is safe for concurrent use.
type Redactor struct {
	layers []layer
}

// New returns a Redactor with all layers.
func New(o Options) *Redactor {
	return &Redactor{layers: []layer{newStructural(o.Salt)}}
}

// layer examines one string of a record. It returns what may leave in its
// place, which is s itself where there is nothing to hide, and a reason if a
// part was withheld, in which case the result contains MarkWithheld instead of
// that part. It is called concurrently and must not fail in another way.
type layer interface {
	redact(at place, s string) (out, reason string)
}

// place says what kind of string a layer is given.
type place struct {
	// annotation is true for the value of an annotation; key is its key.
	annotation bool
	key        string
}

// Redact returns rec without what must not leave. The record given, and what
// it refers to, are not changed; the result shares what needed no change.
// What is withheld is appended to the record's list of withheld parts. Parts
// are named by a JSON pointer (RFC 6901) into the record as it is encoded.
func (r *Redactor) Redact(rec event.Record) (out Redacted) {
	defer func() {
		// A defect of a layer must neither stop the pipeline for ever, which
		// would meet the same record again, nor let the record pass.
		if recover() != nil {
			out = Redacted{rec: withholdAll(rec)}
		}
	}()
	e := edit{layers: r.layers}
	if c := e.apply("/cluster", "", place{}, string(rec.Cluster)); c != string(rec.Cluster) {
		rec.Cluster = event.ClusterName(c)
	}
	object := rec.Object
	if object != nil {
		rec.Object = applyFields(&e, "/object", objectFields[:], object)
	}
	if rec.Event != nil {
		regarding := rec.Object
		if object == nil || *object != rec.Event.Regarding {
			// It is not encoded, so that nothing is withheld of the record.
			unrecorded := edit{layers: r.layers}
			regarding = applyFields(&unrecorded, "", objectFields[:], &rec.Event.Regarding)
		}
		rec.Event = e.occurrence(rec.Event, regarding)
	}
	if rec.Monitor != nil {
		rec.Monitor = e.monitor(rec.Monitor)
	}
	if len(e.withheld) > 0 {
		slices.SortStableFunc(e.withheld, func(a, b event.Withheld) int { return cmp.Compare(a.Path, b.Path) })
		rec.Withheld = slices.Concat(rec.Withheld, e.withheld)
	}
	return Redacted{rec: rec}
}

// withholdAll keeps of a record only what the pipeline made itself: its
// identity, its times and its counts.
func withholdAll(rec event.Record) event.Record {
	out := event.Record{Type: rec.Type, ID: rec.ID, Time: rec.Time, Cluster: MarkWithheld}
	if o := rec.Event; o != nil {
		out.Event = &event.Occurrence{
			FirstTime: o.FirstTime, LastTime: o.LastTime, Count: o.Count, CountDelta: o.CountDelta,
			Message: MarkWithheld,
		}
	}
	if m := rec.Monitor; m != nil {
		out.Monitor = &event.MonitorStatus{Phase: m.Phase, Uptime: m.Uptime, Queue: m.Queue, Count: m.Count}
		out.Monitor.Count.Rejected = nil
	}
	out.Withheld = append(out.Withheld, event.Withheld{Path: "", Reason: ReasonFailed})
	return out
}

// edit is the redaction of one record.
type edit struct {
	layers   []layer
	withheld []event.Withheld
}

// apply passes one string through the layers. Its place is the JSON pointer
// base followed by name.
func (e *edit) apply(base, name string, at place, s string) string {
	for _, l := range e.layers {
		out, reason := l.redact(at, s)
		if reason != "" {
			e.withheld = append(e.withheld, event.Withheld{Path: base + name, Reason: reason})
		}
		s = out
	}
	return s
}

// field is a string of a T and its name as a JSON pointer relative to it.
type field[T any] struct {
	name string
	at   func(*T) *string
}

// objectFields are the strings of an object reference.
var objectFields = [...]field[event.ObjectRef]{
	{"/api_version", func(o *event.ObjectRef) *string { return &o.APIVersion }},
	{"/kind", func(o *event.ObjectRef) *string { return &o.Kind }},
	{"/namespace", func(o *event.ObjectRef) *string { return (*string)(&o.Namespace) }},
	{"/name", func(o *event.ObjectRef) *string { return &o.Name }},
	{"/uid", func(o *event.ObjectRef) *string { return (*string)(&o.UID) }},
	{"/resource_version", func(o *event.ObjectRef) *string { return (*string)(&o.ResourceVersion) }},
	{"/field_path", func(o *event.ObjectRef) *string { return &o.FieldPath }},
}

// eventFields are the strings of an occurrence itself.
var eventFields = [...]field[event.Occurrence]{
	{"/uid", func(o *event.Occurrence) *string { return (*string)(&o.UID) }},
	{"/resource_version", func(o *event.Occurrence) *string { return (*string)(&o.ResourceVersion) }},
	{"/namespace", func(o *event.Occurrence) *string { return (*string)(&o.Namespace) }},
	{"/name", func(o *event.Occurrence) *string { return &o.Name }},
	{"/reason", func(o *event.Occurrence) *string { return &o.Reason }},
	{"/message", func(o *event.Occurrence) *string { return &o.Message }},
	{"/type", func(o *event.Occurrence) *string { return &o.Type }},
	{"/action", func(o *event.Occurrence) *string { return &o.Action }},
	{"/reporting_controller", func(o *event.Occurrence) *string { return &o.ReportingController }},
	{"/reporting_instance", func(o *event.Occurrence) *string { return &o.ReportingInstance }},
}

// monitorFields are the strings of a monitor status itself.
var monitorFields = [...]field[event.MonitorStatus]{
	{"/instance", func(m *event.MonitorStatus) *string { return &m.Instance }},
	{"/version", func(m *event.MonitorStatus) *string { return &m.Version }},
}

// sourceFields are the strings of a source's status; errors may quote URLs
// and answers of servers.
var sourceFields = [...]field[event.SourceStatus]{
	{"/name", func(s *event.SourceStatus) *string { return &s.Name }},
	{"/scope", func(s *event.SourceStatus) *string { return &s.Scope }},
	{"/api", func(s *event.SourceStatus) *string { return &s.API }},
	{"/resource_version", func(s *event.SourceStatus) *string { return (*string)(&s.ResourceVersion) }},
	{"/error", func(s *event.SourceStatus) *string { return &s.Error }},
}

// applyFields redacts the fields of v, and returns v or a changed copy.
func applyFields[T any](e *edit, base string, fields []field[T], v *T) *T {
	owned := false
	for i := range fields {
		s := *fields[i].at(v)
		out := e.apply(base, fields[i].name, place{}, s)
		if out == s {
			continue
		}
		if !owned {
			v, owned = new(*v), true
		}
		*fields[i].at(v) = out
	}
	return v
}

// occurrence redacts an event; what it regards has been redacted already.
func (e *edit) occurrence(in *event.Occurrence, regarding *event.ObjectRef) *event.Occurrence {
	out := applyFields(e, "/event", eventFields[:], in)
	related := applyFields(e, "/event/related", objectFields[:], &in.Related)
	labels, changedLabels := e.strings("/event/labels/", false, in.Labels)
	annotations, changedAnnotations := e.strings("/event/annotations/", true, in.Annotations)
	if *regarding == in.Regarding && related == &in.Related && !changedLabels && !changedAnnotations {
		return out
	}
	if out == in {
		out = new(*in)
	}
	out.Regarding, out.Related = *regarding, *related
	out.Labels, out.Annotations = labels, annotations
	return out
}

// strings redacts the values of a map, and returns m or a changed copy.
func (e *edit) strings(base string, annotations bool, m map[string]string) (map[string]string, bool) {
	out, changed := m, false
	for k, s := range m {
		first := len(e.withheld)
		v := e.apply("", "", place{annotation: annotations, key: k}, s)
		for j := first; j < len(e.withheld); j++ {
			e.withheld[j].Path = base + pointerToken(k)
		}
		if v == s {
			continue
		}
		if !changed {
			out, changed = maps.Clone(m), true
		}
		out[k] = v
	}
	return out, changed
}

func (e *edit) monitor(in *event.MonitorStatus) *event.MonitorStatus {
	out := applyFields(e, "/monitor", monitorFields[:], in)
	owned := false
	for i := range in.Sources {
		src := &in.Sources[i]
		// Only what is withheld needs its path written out.
		first := len(e.withheld)
		cleaned := applyFields(e, "", sourceFields[:], src)
		for j := first; j < len(e.withheld); j++ {
			e.withheld[j].Path = "/monitor/sources/" + strconv.Itoa(i) + e.withheld[j].Path
		}
		if cleaned == src {
			continue
		}
		if !owned {
			if out == in {
				out = new(*in)
			}
			out.Sources, owned = slices.Clone(in.Sources), true
		}
		out.Sources[i] = *cleaned
	}
	return out
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointerToken escapes a reference token of a JSON pointer, RFC 6901.
func pointerToken(key string) string { return pointerEscapes.Replace(key) }
