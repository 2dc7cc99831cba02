package redact

import "github.com/fluent-live/live-status/pipeline/event"

// Object returns an object, which the reference is about, as it may leave. What a
// part of it means is often said elsewhere in it, so that parts which are to be
// told by themselves have to be taken from what this returns. Where it cannot be
// examined, it is MarkWithheld as a JSON string.
func (r *Redactor) Object(about event.ObjectRef, object event.JSON) event.JSON {
	out := r.alone(place{kind: placeBody, about: &about}, string(object))
	if out == MarkWithheld {
		return quotedMark
	}
	return event.JSON(out)
}

// Text returns a text about an object as it may leave. A text that is to be cut has
// to pass here before that: what is cut off may say what the rest means.
func (r *Redactor) Text(about event.ObjectRef, text string) string {
	return r.alone(place{about: onlySecret(&about)}, text)
}

// alone redacts a string that is in no record yet.
func (r *Redactor) alone(at place, s string) (out string) {
	defer func() {
		if recover() != nil {
			out = MarkWithheld
		}
	}()
	e := edit{layers: r.layers}
	return e.apply("", "", at, s)
}
