package redact

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// request is what an audit event says of its request.
type request struct {
	// layer examines what the event quotes of it; nil is the one in use.
	layer *structural
	// own is whose fields those of its bodies are.
	own owner
}

// requestOf says what the request was for of which node i, that names an object,
// is the audit event. If the object is named repeatedly the worst counts.
func (w *walk) requestOf(i int32) request {
	if w.s.secrets {
		return request{}
	}
	var refs []event.ObjectRef
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		if w.t.nodes[k].class&keyRequest != 0 {
			refs = append(refs, w.reference(k))
		}
	}
	open := true
	for n := range refs {
		switch ref := &refs[n]; {
		case isSecrets(ref):
			return request{layer: w.s.ofSecrets, own: ownerSecret}
		case ref.Resource == "":
			open = false
		default:
			open = open && isOpen(ref)
		}
	}
	switch {
	case open:
		return request{layer: w.s, own: ownerOther}
	case len(refs) == 1 && refs[0].Resource != "":
		return request{layer: w.s, own: ownerUnknown}
	default:
		return request{layer: w.s.inDoubt, own: ownerUnknown}
	}
}

// reference reads the object named by node i. Of what is there twice nothing is
// sure, unless it is a Secret.
func (w *walk) reference(i int32) event.ObjectRef {
	var ref event.ObjectRef
	group, repeated := "", false
	set := func(to *string, text string) {
		repeated = repeated || *to != ""
		if !strings.EqualFold(*to, "secrets") {
			*to = strings.TrimSpace(text)
		}
	}
	if w.t.nodes[i].kind != '{' {
		return ref
	}
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		switch kid := &w.t.nodes[k]; {
		case strings.EqualFold(kid.key, "resource"):
			set(&ref.Resource, kid.text)
		case strings.EqualFold(kid.key, "subresource"):
			set(&ref.Subresource, kid.text)
		case strings.EqualFold(kid.key, "apiVersion"):
			set(&ref.APIVersion, kid.text)
		case strings.EqualFold(kid.key, "apiGroup"):
			set(&group, kid.text)
		}
	}
	if group != "" {
		ref.APIVersion = group + "/" + ref.APIVersion
	}
	if repeated && !isSecrets(&ref) {
		return event.ObjectRef{}
	}
	return ref
}

// quoted redacts member k of an audit event if it quotes the request or the
// answer, and reports whether it did.
func (w *walk) quoted(k int32, about request, depth int) bool {
	own := ownerOther
	switch key := w.t.nodes[k].key; {
	case strings.EqualFold(key, "requestObject"), strings.EqualFold(key, "responseObject"):
		own = about.own
	case strings.EqualFold(key, "responseStatus"):
	case strings.EqualFold(key, "annotations"):
		if about.layer.quotes && w.t.nodes[k].kind == '{' {
			w.notes(k, about.layer, depth+1)
			return true
		}
	default:
		return false
	}
	saved := w.s
	w.s = about.layer
	w.value(k, own, depth)
	w.s = saved
	return true
}

// notes redacts the annotations at node i, which may quote the request.
func (w *walk) notes(i int32, s *structural, depth int) {
	saved := w.s
	w.s = s
	w.s.x.enter(w.t, i)
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		if kid.kind != '"' || beginsJSON(kid.text) {
			w.value(k, ownerUnknown, depth)
			continue
		}
		w.s.x.enter(w.t, k)
		out, reason := s.text(kid.text, depth+1)
		w.found(kid, out, reason, false)
		w.s.x.leave()
	}
	w.keys(i)
	w.s.x.leave()
	w.s = saved
}
