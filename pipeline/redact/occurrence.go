package redact

import "github.com/fluent-live/live-status/pipeline/event"

// occurrence redacts an event; what it regards has been redacted already.
func (e *edit) occurrence(in *event.Occurrence, regarding *event.ObjectRef) *event.Occurrence {
	out := applyFields(e, "/event", eventFields[:], in)
	related := applyFields(e, "/event/related", objectFields[:], &in.Related)
	labels, changedLabels := e.strings("/event/labels/", placeText, in.Labels)
	annotations, changedAnnotations := e.strings("/event/annotations/", placeAnnotation, in.Annotations)
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
