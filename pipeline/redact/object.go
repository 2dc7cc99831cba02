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
func (r *Redactor) alone(at place, s string) string {
	out, _ := r.examine(at, s, nil)
	return out
}

// Document returns a JSON document that is in no record, such as a line of an
// audit log or a manifest, as it may leave. Where it cannot be examined, as a
// whole or in part, the reason says why; then as a whole it is MarkWithheld.
// Explain, if it is not nil, is called for whatever is taken out.
func (r *Redactor) Document(document string, explain func(Finding)) (out, reason string) {
	return r.examine(place{kind: placeBody}, document, explain)
}

// Plain is Document for a text.
func (r *Redactor) Plain(text string, explain func(Finding)) (out, reason string) {
	return r.examine(place{}, text, explain)
}

// Line returns a line of a log as it may leave. Unlike a payload it is told also
// while not all values are known, without those that are: it may say why.
func (r *Redactor) Line(line string) (out string) {
	defer func() {
		if recover() != nil {
			out = MarkWithheld
		}
	}()
	j, reason := r.begin(nil)
	out = MarkWithheld
	if reason == "" || j.x.known != nil {
		out = j.edit().apply("", "", place{}, line)
	}
	r.end(j)
	return out
}

func (r *Redactor) examine(at place, s string, explain func(Finding)) (out, reason string) {
	defer func() {
		if recover() != nil {
			out, reason = MarkWithheld, ReasonFailed
			r.tally.add(nil, []event.Withheld{{Reason: reason}})
		}
	}()
	j, reason := r.begin(explain)
	if e := j.edit(); reason != "" {
		e.withheld = append(e.withheld, event.Withheld{Reason: reason})
		out = MarkWithheld
	} else if out = e.apply("", "", at, s); len(e.withheld) > 0 {
		reason = e.withheld[0].Reason
	}
	r.end(j)
	return out, reason
}
