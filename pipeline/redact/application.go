package redact

import (
	"slices"
	"strconv"

	"github.com/fluent-live/live-status/pipeline/event"
)

// application redacts an application. The object of its record and that one's
// owner have been redacted already.
func (e *edit) application(in *event.Application, object, owner *event.ObjectRef) *event.Application {
	out := applyFields(e, "/application", applicationFields[:], in)
	via := e.reference("/application/via/object", &in.Via.Object, object, owner)
	if via == &in.Via.Object {
		return out
	}
	if out == in {
		out = new(*in)
	}
	out.Via.Object = *via
	return out
}

// deployment redacts a deployment. Its message is examined as that of an event
// is, also where a Secret says it: it is no answer to a request for that Secret.
func (e *edit) deployment(in *event.Deployment) *event.Deployment {
	out := applyFields(e, "/deployment", deploymentFields[:], in)
	own := func() *event.Deployment {
		if out == in {
			out = new(*in)
		}
		return out
	}
	if source := e.apply("/deployment", "/source", place{kind: placeURI}, in.Source); source != in.Source {
		own().Source = source
	}
	owned := false
	for i := range in.Objects {
		ref := &in.Objects[i]
		var previous *event.ObjectRef
		if i > 0 {
			previous = &out.Objects[i-1]
		}
		first := len(e.withheld)
		clean := e.reference("", ref, previous)
		if len(e.withheld) > first {
			e.relocate(first, "/deployment/objects/"+strconv.Itoa(i))
		}
		if clean == ref {
			continue
		}
		if !owned {
			own().Objects, owned = slices.Clone(in.Objects), true
		}
		out.Objects[i] = *clean
	}
	return out
}
