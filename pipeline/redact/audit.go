package redact

import (
	"cmp"
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// identity redacts the identity of a record that a client had a part in. One
// that cannot leave as it is is replaced as a whole, so that it stays unique.
func (e *edit) identity(h hasher, t event.Type, id event.RecordID) event.RecordID {
	if e.apply("/id", "", place{}, string(id)) == string(id) {
		return id
	}
	return anonymous(h, t, id)
}

// audit redacts an audit event. The object of its record is given as it was;
// the event's own has been redacted already.
func (e *edit) audit(in *event.Audit, recorded, object *event.ObjectRef) *event.Audit {
	out := applyFields(e, "/audit", auditFields[:], in)
	own := func() *event.Audit {
		if out == in {
			out = new(*in)
		}
		return out
	}
	about := bodyOf(&in.Object, recorded)
	if message := e.apply("/audit", "/message", place{about: about}, in.Message); message != in.Message {
		own().Message = message
	}
	if uri := e.apply("/audit", "/request_uri", place{kind: placeURI}, in.RequestURI); uri != in.RequestURI {
		own().RequestURI = uri
	}
	if user := e.user("/audit/user", &in.User); user != &in.User {
		own().User = *user
	}
	if in.Impersonated != nil {
		if user := e.user("/audit/impersonated_user", in.Impersonated); user != in.Impersonated {
			own().Impersonated = user
		}
	}
	if actor := applyFields(e, "/audit/actor", actorFields[:], &in.Actor); actor != &in.Actor {
		own().Actor = *actor
	}
	if ips, changed := list(e, "/audit/source_ips/", in.SourceIPs); changed {
		own().SourceIPs = ips
	}
	if *object != in.Object {
		own().Object = *object
	}
	if annotations, changed := e.annotations(in.Annotations, about); changed {
		own().Annotations = annotations
	}
	if body := e.body("/audit/request", about, in.Request); body != in.Request {
		own().Request = body
	}
	if body := e.body("/audit/response", about, in.Response); body != in.Response {
		own().Response = body
	}
	if in.Changes != nil {
		if paths, changed := list(e, "/change/paths/", in.Changes.Paths); changed {
			changes := *in.Changes
			changes.Paths = paths
			own().Changes = &changes
		}
	}
	return out
}

// bodyOf returns the object that a body is about. Where the two that are told
// contradict each other neither is relied on, other than that Secrets are Secrets.
func bodyOf(object, recorded *event.ObjectRef) *event.ObjectRef {
	switch {
	case recorded == nil || isSecrets(object):
		return object
	case isSecrets(recorded):
		return recorded
	case completes(recorded, object):
		return object
	default:
		return &event.ObjectRef{}
	}
}

// completes reports whether more says all that less does.
func completes(more, less *event.ObjectRef) bool {
	for _, said := range [...][2]string{
		{more.APIVersion, less.APIVersion},
		{more.Kind, less.Kind},
		{more.Resource, less.Resource},
		{more.Subresource, less.Subresource},
		{string(more.Namespace), string(less.Namespace)},
		{more.Name, less.Name},
		{string(more.UID), string(less.UID)},
		{string(more.ResourceVersion), string(less.ResourceVersion)},
		{more.FieldPath, less.FieldPath},
	} {
		if said[1] != "" && said[0] != said[1] {
			return false
		}
	}
	return true
}

// body redacts a body. What cannot be examined is left out.
func (e *edit) body(path string, about *event.ObjectRef, body event.JSON) event.JSON {
	if body == "" || body == "null" {
		return ""
	}
	out := e.apply(path, "", place{kind: placeBody, about: about}, string(body))
	switch out {
	case string(body):
		return body
	case MarkWithheld:
		return ""
	default:
		return event.JSON(out)
	}
}

func (e *edit) user(base string, in *event.User) *event.User {
	first := len(e.withheld)
	out := applyFields(e, "", userFields[:], in)
	groups, changedGroups := list(e, "/groups/", in.Groups)
	extra, changedExtra := e.extra(in.Extra)
	e.relocate(first, base)
	if !changedGroups && !changedExtra {
		return out
	}
	if out == in {
		out = new(*in)
	}
	out.Groups, out.Extra = groups, extra
	return out
}

// extra redacts the attributes of a user, their keys included.
func (e *edit) extra(in []event.Extra) ([]event.Extra, bool) {
	out, changed := in, false
	for i := range in {
		first := len(e.withheld)
		key := e.apply("", "", place{}, in[i].Key)
		values, changedValues := list(e, "/", in[i].Values)
		if len(e.withheld) > first {
			e.relocate(first, "/extra/"+pointerToken(key))
		}
		if key == in[i].Key && !changedValues {
			continue
		}
		if !changed {
			out, changed = slices.Clone(in), true
		}
		out[i] = event.Extra{Key: key, Values: values}
	}
	if !changed {
		return in, false
	}
	return unique(e, "/extra", out, func(x event.Extra) string { return x.Key }), true
}

// annotations redacts the annotations of an audit event, their keys included:
// who can post audit events can choose them.
func (e *edit) annotations(in []event.Annotation, about *event.ObjectRef) ([]event.Annotation, bool) {
	out, changed := in, false
	for i := range in {
		first := len(e.withheld)
		key := e.apply("", "", place{}, in[i].Key)
		value := e.apply("", "", place{kind: placeAnnotation, key: in[i].Key, about: about}, in[i].Value)
		if len(e.withheld) > first {
			e.relocate(first, "/audit/annotations/"+pointerToken(key))
		}
		if key == in[i].Key && value == in[i].Value {
			continue
		}
		if !changed {
			out, changed = slices.Clone(in), true
		}
		out[i] = event.Annotation{Key: key, Value: value}
	}
	if !changed {
		return in, false
	}
	return unique(e, "/audit/annotations", out, func(a event.Annotation) string { return a.Key }), true
}

// unique puts entries in the order of their keys, which redaction may have
// changed, and leaves out those whose key is no longer their own.
func unique[T any](e *edit, path string, entries []T, key func(T) string) []T {
	slices.SortStableFunc(entries, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	out := slices.CompactFunc(entries, func(a, b T) bool { return key(a) == key(b) })
	if len(out) < len(entries) {
		e.withheld = append(e.withheld, event.Withheld{Path: path, Reason: ReasonDuplicate})
	}
	return out
}
