package decode

import (
	"strings"
	"time"

	jsoniter "github.com/json-iterator/go"

	"github.com/fluent-live/live-status/pipeline/event"
)

// eventJSON matches keys by case, as the API server writes them.
var eventJSON = jsoniter.Config{CaseSensitive: true}.Froze()

// wireEvent is an Event of core/v1 and of events.k8s.io/v1 at once. The server
// stores one object and serves it under both groups; no field name means
// different things in the two.
type wireEvent struct {
	Kind     string       `json:"kind"`
	Metadata wireMetadata `json:"metadata"`

	Regarding      *wireRef `json:"regarding"`
	InvolvedObject *wireRef `json:"involvedObject"`
	Related        *wireRef `json:"related"`

	Reason  string `json:"reason"`
	Note    string `json:"note"`
	Message string `json:"message"`
	Type    string `json:"type"`
	Action  string `json:"action"`

	ReportingController string      `json:"reportingController"`
	ReportingComponent  string      `json:"reportingComponent"`
	ReportingInstance   string      `json:"reportingInstance"`
	Source              *wireSource `json:"source"`
	DeprecatedSource    *wireSource `json:"deprecatedSource"`

	EventTime                string      `json:"eventTime"`
	Series                   *wireSeries `json:"series"`
	FirstTimestamp           string      `json:"firstTimestamp"`
	LastTimestamp            string      `json:"lastTimestamp"`
	Count                    int64       `json:"count"`
	DeprecatedFirstTimestamp string      `json:"deprecatedFirstTimestamp"`
	DeprecatedLastTimestamp  string      `json:"deprecatedLastTimestamp"`
	DeprecatedCount          int64       `json:"deprecatedCount"`
}

type wireMetadata struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	UID               string            `json:"uid"`
	ResourceVersion   string            `json:"resourceVersion"`
	CreationTimestamp string            `json:"creationTimestamp"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
}

type wireRef struct {
	APIVersion      string `json:"apiVersion"`
	Kind            string `json:"kind"`
	Namespace       string `json:"namespace"`
	Name            string `json:"name"`
	UID             string `json:"uid"`
	ResourceVersion string `json:"resourceVersion"`
	FieldPath       string `json:"fieldPath"`
}

type wireSource struct {
	Component string `json:"component"`
	Host      string `json:"host"`
}

type wireSeries struct {
	Count            int64  `json:"count"`
	LastObservedTime string `json:"lastObservedTime"`
}

// KubeEvent decodes one Event object of core/v1 or events.k8s.io/v1, as it
// stands in a list, a watch or a dump. Its CountDelta is left at zero: what
// is new about the event is for the dedup stage to say.
//
// A failure is always an *Error.
func KubeEvent(raw []byte) (event.Occurrence, error) {
	var w wireEvent
	if err := eventJSON.Unmarshal(raw, &w); err != nil {
		return event.Occurrence{}, &Error{Reason: event.RejectNotJSON, Detail: shape(err)}
	}
	return w.occurrence()
}

func (w *wireEvent) occurrence() (event.Occurrence, error) {
	regarding := w.Regarding
	if regarding == nil {
		regarding = w.InvolvedObject
	}
	name := valid(w.Metadata.Namespace) + "/" + valid(w.Metadata.Name)
	if regarding == nil || (w.Kind != "" && w.Kind != "Event") {
		return event.Occurrence{}, &Error{Reason: event.RejectNotAnEvent, Name: name, Detail: "it names no object that it is about"}
	}
	if w.Metadata.UID == "" || w.Metadata.ResourceVersion == "" {
		return event.Occurrence{}, &Error{Reason: event.RejectUnidentified, Name: name, Detail: "metadata.uid or metadata.resourceVersion is missing"}
	}

	o := event.Occurrence{
		UID:                 event.UID(valid(w.Metadata.UID)),
		ResourceVersion:     event.ResourceVersion(valid(w.Metadata.ResourceVersion)),
		Namespace:           event.Namespace(valid(w.Metadata.Namespace)),
		Name:                valid(w.Metadata.Name),
		Regarding:           regarding.object(),
		Related:             w.Related.object(),
		Reason:              valid(w.Reason),
		Message:             valid(first(w.Note, w.Message)),
		Type:                valid(w.Type),
		Action:              valid(w.Action),
		ReportingController: valid(first(w.ReportingController, w.ReportingComponent, w.component())),
		ReportingInstance:   valid(first(w.ReportingInstance, w.host())),
		Count:               max(w.Count, w.DeprecatedCount, 1),
		Labels:              validMap(w.Metadata.Labels),
		Annotations:         validMap(w.Metadata.Annotations),
	}
	created := instant(w.Metadata.CreationTimestamp)
	eventTime := instant(w.EventTime)
	firstSeen := earliest(instant(first(w.FirstTimestamp, w.DeprecatedFirstTimestamp)), eventTime)
	var observed time.Time
	if w.Series != nil {
		observed = instant(w.Series.LastObservedTime)
		o.Count = max(o.Count, w.Series.Count)
	}
	o.LastTime = firstTime(observed, instant(first(w.LastTimestamp, w.DeprecatedLastTimestamp)), eventTime, firstSeen, created)
	o.FirstTime = firstTime(firstSeen, created, o.LastTime)
	if o.LastTime.IsZero() {
		return event.Occurrence{}, &Error{Reason: event.RejectUntimed, Name: name, Detail: "none of its times can be read"}
	}
	return o, nil
}

func (w *wireEvent) component() string {
	for _, s := range []*wireSource{w.Source, w.DeprecatedSource} {
		if s != nil && s.Component != "" {
			return s.Component
		}
	}
	return ""
}

func (w *wireEvent) host() string {
	for _, s := range []*wireSource{w.Source, w.DeprecatedSource} {
		if s != nil && s.Host != "" {
			return s.Host
		}
	}
	return ""
}

func (r *wireRef) object() event.ObjectRef {
	if r == nil {
		return event.ObjectRef{}
	}
	return event.ObjectRef{
		APIVersion:      valid(r.APIVersion),
		Kind:            valid(r.Kind),
		Namespace:       event.Namespace(valid(r.Namespace)),
		Name:            valid(r.Name),
		UID:             event.UID(valid(r.UID)),
		ResourceVersion: event.ResourceVersion(valid(r.ResourceVersion)),
		FieldPath:       valid(r.FieldPath),
	}
}

// first returns the first string that is not empty.
func first(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}

func firstTime(t ...time.Time) time.Time {
	for _, v := range t {
		if !v.IsZero() {
			return v
		}
	}
	return time.Time{}
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// instant reads an RFC 3339 time as metav1.Time and metav1.MicroTime write it.
// One that cannot be read counts as not given: the next best time is used, so
// that a broken client's event is still reported. The zero time that some
// clients send instead of null counts as not given, too.
func instant(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}

// valid replaces what is not UTF-8: jsoniter passes it on, and neither JSON nor
// msgpack strings may hold it.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func validMap(m map[string]string) map[string]string {
	for k, v := range m {
		if vk, vv := valid(k), valid(v); vk != k || vv != v {
			delete(m, k)
			m[vk] = vv
		}
	}
	return m
}

// shape describes a JSON error without the excerpt of the input that jsoniter
// appends to its messages.
func shape(err error) string {
	msg, _, _ := strings.Cut(err.Error(), ", error found in")
	msg, _, _ = strings.Cut(msg, ", bigger context")
	if i := strings.IndexAny(msg, "\"'`"); i >= 0 {
		msg = msg[:i] + "..."
	}
	return valid(msg)
}
