package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// lastApplied is the annotation in which kubectl keeps the whole manifest it
// applied, Secrets included.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// structural is the layer that knows the shapes of Kubernetes' secrets.
type structural struct {
	salt []byte
}

func newStructural(salt []byte) *structural {
	if len(salt) < MinSalt {
		return &structural{}
	}
	return &structural{salt: append([]byte(nil), salt...)}
}

func (s *structural) redact(at place, v string) (string, string) {
	if at.annotation && v != "" && (at.key == lastApplied || beginsJSON(v)) {
		return s.document(v, 0)
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
	n, reason := parseJSON(v, depth)
	if reason != "" {
		return MarkWithheld, reason
	}
	w := walk{s: s}
	w.value(&n, ownerUnknown, depth)
	if !w.changed {
		return v, ""
	}
	return string(appendJSON(nil, &n)), w.reason
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

// owner says whose fields an object's members are.
type owner uint8

const (
	// ownerUnknown is an object without a kind in nothing that has one, such
	// as a merge patch: its target may be a Secret.
	ownerUnknown owner = iota
	ownerSecret
	ownerOther
)

// walk redacts a tree of JSON in place.
type walk struct {
	s       *structural
	changed bool
	// reason is set when a part was withheld.
	reason string
}

func (w *walk) value(n *node, own owner, depth int) {
	switch n.kind {
	case '{':
		w.object(n, own, depth+1)
	case '[':
		for i := range n.kids {
			w.value(&n.kids[i], own, depth+1)
		}
	case '"':
		out, reason := w.s.nested(n.text, depth+1)
		w.setText(n, out, reason)
	}
}

func (w *walk) setText(n *node, text, reason string) {
	if reason != "" {
		w.reason = reason
	}
	if n.kind != '"' || text != n.text {
		*n = stringNode(n.key, text)
		w.changed = true
	}
}

func (w *walk) object(n *node, outer owner, depth int) {
	own, children := ownerOf(n, outer)
	target := patchTarget(n)
	named := namesCredential(n)
	for i := range n.kids {
		kid := &n.kids[i]
		inner := children
		if inner == ownerOther && isEmbedded(kid.key) {
			inner = ownerUnknown
		}
		switch {
		case isDataKey(kid.key) && (own != ownerOther || !strings.EqualFold(kid.key, "data")):
			w.data(kid)
		case vanishes(kid.key, kid.kind, kid.text):
			w.vanish(kid)
		case named && strings.EqualFold(kid.key, "value") && isVanishable(kid.kind, kid.text):
			w.vanish(kid)
		case target.meaning != patchNone && strings.EqualFold(kid.key, "value"):
			w.patchValue(kid, target, depth)
		case kid.kind == '"' && kid.text != "" && strings.EqualFold(kid.key, lastApplied):
			out, reason := w.s.document(kid.text, depth+1)
			w.setText(kid, out, reason)
		default:
			w.value(kid, inner, depth)
		}
	}
}

// ownerOf says whose the members of n are, and whose those of the objects in n
// that name no kind. Kinds are compared as lenient decoders would, and if the
// key occurs repeatedly the worst kind counts.
func ownerOf(n *node, outer owner) (own, children owner) {
	own, children = ownerUnknown, ownerUnknown
	found, unsure := false, false
	for i := range n.kids {
		kid := &n.kids[i]
		if !strings.EqualFold(kid.key, "kind") {
			continue
		}
		found = true
		kind := strings.TrimSpace(kid.text)
		switch {
		case kid.kind != '"' || kind == "":
			unsure = true
		case strings.EqualFold(kind, "Secret") || strings.EqualFold(kind, "SecretList"):
			return ownerSecret, ownerSecret
		case strings.EqualFold(kind, "List"):
			unsure = true
		}
	}
	switch {
	case !found:
		return outer, outer
	case unsure:
		return own, children
	default:
		return ownerOther, ownerOther
	}
}

// isDataKey reports whether a Secret keeps its values under key. stringData
// is a field of Secrets alone.
func isDataKey(key string) bool {
	return strings.EqualFold(key, "data") || strings.EqualFold(key, "stringData")
}

// isEmbedded reports whether what stands under key is an object of its own, or
// a patch of one, whatever kind it stands in: audit events and admission
// reviews quote what was asked for, at times without its kind.
func isEmbedded(key string) bool {
	for _, k := range [...]string{"requestObject", "responseObject", "object", "oldObject", "patch"} {
		if strings.EqualFold(key, k) {
			return true
		}
	}
	return false
}

func (w *walk) vanish(n *node) {
	if n.isNull() || (n.kind == '"' && n.text == "") {
		return
	}
	w.setText(n, MarkRedacted, "")
}

// data hashes the value of data or stringData: each of its members, or all of
// it where it has none.
func (w *walk) data(n *node) {
	encoded := strings.EqualFold(n.key, "data")
	switch {
	case n.isNull():
	case n.kind == '{':
		for i := range n.kids {
			w.secret(&n.kids[i], n.kids[i].key, encoded)
		}
	default:
		w.secret(n, n.key, encoded)
	}
}

// secret replaces n by the hash of its value under key.
func (w *walk) secret(n *node, key string, encoded bool) {
	if strings.EqualFold(key, bootstrapSecret) {
		w.vanish(n)
		return
	}
	var value []byte
	if n.kind == '"' {
		value = []byte(n.text)
	} else {
		value = appendJSON(nil, n)
	}
	if encoded && n.kind == '"' {
		// Decoded, a value hashes alike in data and in stringData.
		if raw, err := base64.StdEncoding.DecodeString(n.text); err == nil {
			value = raw
		}
	}
	w.setText(n, w.s.hash(key, value), "")
}

func (s *structural) hash(key string, value []byte) string {
	if s.salt == nil {
		return MarkRedacted
	}
	m := hmac.New(sha256.New, s.salt)
	m.Write([]byte(key))
	m.Write([]byte{0})
	m.Write(value)
	return MarkHash + hex.EncodeToString(m.Sum(nil)[:16])
}
