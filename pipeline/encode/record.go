package encode

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/event"
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
	key(k string)
	str(s string)
	integer(n int64)
	float(f float64)
	time(t time.Time)
}

// maxNesting is how many maps and arrays a record has within each other:
// record, monitor, sources, source, and some room.
const maxNesting = 8

// record writes a record of a known type.
func (e *encoder) record(w writer, rec *event.Record) {
	w.openMap(8)
	text(w, "schema", event.Schema)
	text(w, "type", string(rec.Type))
	text(w, "id", string(rec.ID))
	instant(w, "time", rec.Time)
	text(w, "cluster", string(rec.Cluster))
	if rec.Object != nil {
		object(w, "object", rec.Object)
	}
	switch rec.Type {
	case event.TypeEvent:
		w.key("event")
		e.occurrence(w, rec.Event)
	case event.TypeMonitorStatus:
		w.key("monitor")
		e.monitor(w, rec.Monitor)
	}
	if len(rec.Withheld) > 0 {
		w.key("redaction")
		w.openMap(1)
		w.key("withheld")
		w.openArray(len(rec.Withheld))
		for i := range rec.Withheld {
			w.openMap(2)
			text(w, "path", rec.Withheld[i].Path)
			text(w, "reason", rec.Withheld[i].Reason)
			w.closeMap()
		}
		w.closeArray()
		w.closeMap()
	}
	w.closeMap()
}

func object(w writer, key string, o *event.ObjectRef) {
	if o.IsZero() {
		return
	}
	w.key(key)
	w.openMap(7)
	optional(w, "api_version", o.APIVersion)
	optional(w, "kind", o.Kind)
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

func (e *encoder) monitor(w writer, m *event.MonitorStatus) {
	w.openMap(7)
	text(w, "phase", string(m.Phase))
	optional(w, "instance", m.Instance)
	optional(w, "version", m.Version)
	seconds(w, "uptime_seconds", m.Uptime)
	w.key("sources")
	w.openArray(len(m.Sources))
	for i := range m.Sources {
		source(w, &m.Sources[i])
	}
	w.closeArray()
	w.key("queue")
	w.openMap(4)
	number(w, "records", m.Queue.Records)
	number(w, "bytes", m.Queue.Bytes)
	number(w, "max_bytes", m.Queue.MaxBytes)
	number(w, "uncommitted", m.Queue.Uncommitted)
	w.closeMap()
	w.key("counters")
	e.counters(w, &m.Count)
	w.closeMap()
}

func source(w writer, s *event.SourceStatus) {
	w.openMap(10)
	text(w, "name", s.Name)
	optional(w, "scope", s.Scope)
	optional(w, "api", s.API)
	text(w, "state", string(s.State))
	optional(w, "resource_version", string(s.ResourceVersion))
	optionalInstant(w, "last_received", s.LastReceived)
	if s.Lag != 0 {
		seconds(w, "lag_seconds", s.Lag)
	}
	number(w, "reconnects", s.Reconnects)
	number(w, "relists", s.Relists)
	optional(w, "error", s.Error)
	w.closeMap()
}

func (e *encoder) counters(w writer, c *event.Counters) {
	w.openMap(10)
	number(w, "received", c.Received)
	number(w, "events", c.Events)
	number(w, "emitted", c.Emitted)
	number(w, "deduplicated", c.Deduplicated)
	number(w, "expired", c.Expired)
	number(w, "deleted", c.Deleted)
	number(w, "withheld", c.Withheld)
	w.key("rejected")
	w.openMap(len(c.Rejected))
	for _, reason := range sortedKeys(e, c.Rejected) {
		number(w, valid(reason), c.Rejected[reason])
	}
	w.closeMap()
	number(w, "commits", c.Commits)
	number(w, "commit_errors", c.CommitErrors)
	w.closeMap()
}

// strings writes a map ordered by key, or nothing if it is empty.
func (e *encoder) strings(w writer, key string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	w.key(key)
	w.openMap(len(m))
	for _, k := range sortedKeys(e, m) {
		text(w, valid(k), m[k])
	}
	w.closeMap()
}

// sortedKeys returns the keys of m in order, in a slice that is good until the
// next call.
func sortedKeys[V any](e *encoder, m map[string]V) []string {
	e.keys = e.keys[:0]
	for k := range m {
		e.keys = append(e.keys, k)
	}
	slices.Sort(e.keys)
	return e.keys
}

func text(w writer, key, s string) {
	w.key(key)
	w.str(valid(s))
}

func optional(w writer, key, s string) {
	if s != "" {
		text(w, key, s)
	}
}

func number(w writer, key string, n int64) {
	w.key(key)
	w.integer(n)
}

func seconds(w writer, key string, d time.Duration) {
	w.key(key)
	w.float(d.Seconds())
}

func instant(w writer, key string, t time.Time) {
	w.key(key)
	w.time(t)
}

func optionalInstant(w writer, key string, t time.Time) {
	if !t.IsZero() {
		instant(w, key, t)
	}
}

// valid returns s with each run of bytes that is not UTF-8 replaced by U+FFFD.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
