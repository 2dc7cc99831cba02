package redact

import (
	"cmp"
	"strings"
	"sync"

	"github.com/fluent-live/live-status/pipeline/event"
)

// lastApplied is the annotation in which kubectl keeps the whole manifest it
// applied, Secrets included.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// structural is the layer that knows the shapes of Kubernetes' secrets.
type structural struct {
	hasher hasher
	// trees keeps the memory of documents that were examined.
	trees *sync.Pool
	// x looks for values and patterns in the strings of documents.
	x *search
	// env are names of variables, nil for none.
	env *environ
	// most are the limits of a body and of a text.
	most struct{ body, text limits }
	// secrets is set where all data is a Secret's, whatever else is said.
	secrets bool
	// quotes is set where what texts quote may be a Secret's.
	quotes bool
	// ofSecrets is the same layer with both set, inDoubt with quotes.
	ofSecrets, inDoubt *structural
}

func newStructural(o *Options, h hasher, trees *sync.Pool, x *search, env *environ) *structural {
	s := &structural{hasher: h, trees: trees, x: x, env: env}
	s.most.body, s.most.text = bodyLimits, textLimits
	if o.MaxBytes > 0 {
		s.most.body.size, s.most.text.size = o.MaxBytes, min(o.MaxBytes, textLimits.size)
	}
	if o.MaxDepth > 0 {
		s.most.body.depth, s.most.text.depth = min(o.MaxDepth, MaxBodyDepth), min(o.MaxDepth, MaxDepth)
	}
	ofSecrets, inDoubt := *s, *s
	ofSecrets.secrets, ofSecrets.quotes = true, true
	inDoubt.quotes = true
	s.ofSecrets, s.inDoubt = &ofSecrets, &inDoubt
	return s
}

// redact redacts a string of a record, and looks for values and patterns in it.
func (s *structural) redact(at place, v string) (out, reason string) {
	out, reason = s.shape(at, v)
	if out == MarkWithheld {
		return out, reason
	}
	search := s.x.text
	switch at.kind {
	case placeBody, placeValue:
		return out, reason // It is JSON, of which each string was searched.
	case placeAnnotation:
		if at.key == lastApplied || beginsJSON(v) {
			search = s.x.values
		}
	case placeText, placeURI:
	}
	out, why := search(out)
	return out, cmp.Or(why, reason)
}

// shape redacts what is known by its shape.
func (s *structural) shape(at place, v string) (out, reason string) {
	switch {
	case at.about == nil:
	case isSecrets(at.about):
		s = s.ofSecrets
	case at.about.Resource == "" && at.about.Kind == "":
		s = s.inDoubt
	}
	switch at.kind {
	case placeBody:
		return s.body(v, at.about)
	case placeValue:
		return s.drift(v, at.key, at.about)
	case placeURI:
		if out, reason = s.uri(v); out != v {
			s.x.note(RuleURI, "")
		}
		return out, reason
	case placeAnnotation:
		if namesSecret(at.key) && !isOrdinary(v) && !beginsJSON(v) && !strings.HasPrefix(v, "system:") {
			s.x.note(RuleField, "")
			return MarkRedacted, ""
		}
		if v != "" && (at.key == lastApplied || beginsJSON(v)) {
			return s.document(v, 0)
		}
	case placeText:
	}
	return s.text(v, 0)
}

// beginsJSON reports whether v cannot be meant as anything but a JSON object
// or array.
func beginsJSON(v string) bool {
	v = strings.TrimLeft(v, " \t\r\n")
	return v != "" && (v[0] == '{' || v[0] == '[')
}

// document redacts what has to be JSON. It stands depth levels deep in other
// JSON.
func (s *structural) document(v string, depth int) (out, reason string) {
	if v == MarkWithheld {
		return v, "" // It was said why.
	}
	return s.examine(v, depth, s.most.text, false)
}

// examine redacts JSON within the limits given. It is open if it is known to
// be no Secret nor a patch of one.
func (s *structural) examine(v string, depth int, most limits, open bool) (out, reason string) {
	t := s.borrow()
	defer s.giveBack(t)
	if reason := t.parse(v, depth, most); reason != "" {
		return MarkWithheld, reason
	}
	w, own := walk{s: s, t: t, open: open}, ownerUnknown
	switch {
	case s.secrets:
		own = ownerSecret
	case open:
		own = ownerOther
	}
	w.value(0, own, depth)
	if !w.changed {
		return v, ""
	}
	t.out = t.appendJSON(t.out[:0], 0)
	return string(t.out), w.reason
}

func (s *structural) borrow() *tree {
	t, _ := s.trees.Get().(*tree) // The pool holds nothing else.
	return t
}

func (s *structural) giveBack(t *tree) {
	if cap(t.nodes) <= keptNodes && cap(t.out) <= maxSize {
		t.reset()
		s.trees.Put(t)
	}
}

// nested redacts a string found within JSON. It is JSON itself, each string of
// which was searched, where parsed is set.
func (s *structural) nested(v string, depth int) (out, reason string, parsed bool) {
	if beginsJSON(v) {
		out, reason = s.document(v, depth)
		if reason != ReasonNotJSON && reason != ReasonTrailing {
			return out, reason, true
		}
	}
	out, reason = s.text(v, depth)
	return out, reason, false
}

// body redacts a body of a request for the object given, if any.
func (s *structural) body(v string, about *event.ObjectRef) (out, reason string) {
	if !beginsJSON(v) {
		return MarkWithheld, ReasonNotObject
	}
	return s.examine(v, 0, s.most.body, about != nil && isOpen(about))
}

// isSecrets reports whether a request for o was one for Secrets, or for what
// another API group calls so.
func isSecrets(o *event.ObjectRef) bool {
	return strings.EqualFold(o.Resource, "secrets") || strings.EqualFold(o.Kind, "Secret")
}

// isOpen reports whether a request for o was certainly not one for a Secret,
// although the object has data: patches do not tell their kind.
func isOpen(o *event.ObjectRef) bool {
	if o.Subresource != "" || (o.Kind != "" && !strings.EqualFold(o.Kind, "ConfigMap")) {
		return false
	}
	return o.APIVersion == "v1" && o.Resource == "configmaps"
}
