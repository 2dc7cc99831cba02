package decode

import (
	"net/http"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Audit takes from an audit event what its bodies tell of its object, which may
// be gone by now or not be watched. It is false where they tell nothing that can
// be relied on: only what the server took and completed is, and only a body that
// is the object itself. The UID is empty if the server did not confirm it.
func (d ObjectDecoder) Audit(a *event.Audit) (event.Live, bool) {
	o := &a.Object
	if a.Stage != event.StageResponseComplete || a.Code < http.StatusOK || a.Code >= http.StatusMultipleChoices ||
		o.Subresource != "" || o.Kind == "" || o.Name == "" {
		return event.Live{}, false
	}
	resource := event.APIResource{Resource: o.Resource}
	if l, ok := d.body(a.Response, o, resource); ok {
		return l, true
	}
	// What is patched is told by the answer alone; a patch may look like an
	// object.
	if a.Verb != "create" && a.Verb != "update" {
		return event.Live{}, false
	}
	l, ok := d.body(a.Request, o, resource)
	l.Ref.UID = o.UID
	return l, ok
}

// body decodes a body if it is the object that o names. AuditDecoder took o's
// kind from such a body, never from an answer of another kind.
func (d ObjectDecoder) body(body event.JSON, o *event.ObjectRef, resource event.APIResource) (event.Live, bool) {
	if body == "" || body[0] != '{' {
		return event.Live{}, false
	}
	l, err := d.Decode([]byte(body), resource)
	if err != nil || l.Ref.APIVersion != o.APIVersion || l.Ref.Kind != o.Kind ||
		l.Ref.Name != "" && l.Ref.Name != o.Name || l.Ref.Namespace != "" && l.Ref.Namespace != o.Namespace {
		return event.Live{}, false
	}
	l.Ref.Namespace = o.Namespace
	return l, true
}
