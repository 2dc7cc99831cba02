package redact

import (
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
	// secrets is set where all data is a Secret's, whatever else is said.
	secrets bool
	// quotes is set where what texts quote may be a Secret's.
	quotes bool
	// ofSecrets is the same layer with both set, inDoubt with quotes.
	ofSecrets, inDoubt *structural
}

func newStructural(salt []byte) *structural {
	s := &structural{hasher: newHasher(salt), trees: &sync.Pool{New: func() any { return new(tree) }}}
	s.ofSecrets = &structural{hasher: s.hasher, trees: s.trees, secrets: true, quotes: true}
	s.inDoubt = &structural{hasher: s.hasher, trees: s.trees, quotes: true}
	return s
}

func (s *structural) redact(at place, v string) (string, string) {
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
		return s.uri(v)
	case placeAnnotation:
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
	return s.examine(v, depth, textLimits, false)
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

// nested redacts a string found within JSON, which may itself be JSON.
func (s *structural) nested(v string, depth int) (out, reason string) {
	if beginsJSON(v) {
		out, reason = s.document(v, depth)
		if reason != ReasonNotJSON && reason != ReasonTrailing {
			return out, reason
		}
	}
	return s.text(v, depth)
}

// body redacts a body of a request for the object given, if any.
func (s *structural) body(v string, about *event.ObjectRef) (out, reason string) {
	if !beginsJSON(v) {
		return MarkWithheld, ReasonNotObject
	}
	return s.examine(v, 0, bodyLimits, about != nil && isOpen(about))
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
