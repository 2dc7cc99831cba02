package redact

import "strings"

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
	s *structural
	t *tree
	// open is set where the outermost value is known to be no Secret's nor a
	// patch of one.
	open bool
	// keepHashes is set where the values of a Secret may be hashes already.
	keepHashes bool
	changed    bool
	// reason is set when a part was withheld.
	reason string
}

func (w *walk) value(i int32, own owner, depth int) {
	switch n := &w.t.nodes[i]; n.kind {
	case '{':
		w.object(i, own, depth+1)
	case '[':
		first, end := w.t.kids(i)
		for k := first; k < end; k = w.t.nodes[k].end {
			w.value(k, own, depth+1)
		}
	case '"':
		if depth < MaxDepth && len(n.text) <= maxSize && isHarmless(n.text, n.bytes) {
			return
		}
		out, reason := w.s.nested(n.text, depth+1)
		w.setText(n, out, reason)
	}
}

func (w *walk) setText(n *node, text, reason string) {
	if reason != "" {
		w.reason = reason
	}
	if n.kind != '"' || text != n.text {
		n.kind, n.text = '"', text
		w.changed = true
	}
}

func (w *walk) object(i int32, outer owner, depth int) {
	n := &w.t.nodes[i]
	own, children := outer, outer
	if n.has&keyKind != 0 && !w.s.secrets {
		own, children = w.ownerOf(i)
	}
	var target patch
	named := false
	if n.has&keyValue != 0 {
		if n.has&keyPath != 0 {
			target = w.patchTarget(i, w.open && own == ownerOther && depth <= 2)
		}
		named = n.has&keyName != 0 && w.namesCredential(i)
	}
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		if kid.class == 0 {
			if kid.kind != 0 {
				w.value(k, children, depth)
			}
			continue
		}
		w.member(k, own, children, target, named, depth)
	}
}

// member redacts a member of an object whose key may mean something.
func (w *walk) member(k int32, own, children owner, target patch, named bool, depth int) {
	kid := &w.t.nodes[k]
	if children == ownerOther && kid.class&keyEmbedded != 0 {
		children = ownerUnknown
	}
	switch class := kid.class; {
	case class&keyStringData != 0 || (class&keyData != 0 && own != ownerOther):
		w.data(k, kid.key)
	case class.vanishes(kid.kind, kid.text):
		w.vanish(kid)
	case named && class&keyValue != 0 && isVanishable(kid.kind, kid.text):
		w.vanish(kid)
	case target.meaning != patchNone && class&keyValue != 0:
		w.patchValue(k, target, depth)
	case kid.kind == '"' && kid.text != "" && class&keyApplied != 0:
		out, reason := w.s.document(kid.text, depth+1)
		w.setText(kid, out, reason)
	case w.s.quotes && kid.kind == '"' && class&keyMessage != 0:
		out, reason := w.s.text(kid.text, depth+1)
		w.setText(kid, out, reason)
	default:
		w.value(k, children, depth)
	}
}

// ownerOf says whose the members of node i, which names a kind, are, and whose
// those of the objects in it that name none. Kinds are compared as lenient
// decoders would, and if the key occurs repeatedly the worst kind counts.
func (w *walk) ownerOf(i int32) (own, children owner) {
	unsure := false
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		if kid.class&keyKind == 0 {
			continue
		}
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
	if unsure {
		return ownerUnknown, ownerUnknown
	}
	return ownerOther, ownerOther
}

// namesCredential reports whether node i is a pair of name and value, such as
// a header or a variable, of which the name is that of a credential.
func (w *walk) namesCredential(i int32) bool {
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		if kid.kind == '"' && kid.class&keyName != 0 && namesSecret(kid.text) {
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
// it where it has none. It is given the key under which it counts.
func (w *walk) data(i int32, key string) {
	encoded := classify(key)&keyData != 0
	switch n := &w.t.nodes[i]; {
	case n.isNull():
	case n.kind == '{':
		first, end := w.t.kids(i)
		for k := first; k < end; k = w.t.nodes[k].end {
			w.secret(k, w.t.nodes[k].key, encoded)
		}
	default:
		w.secret(i, key, encoded)
	}
}

// secret replaces node i by the hash of its value under key.
func (w *walk) secret(i int32, key string, encoded bool) {
	n := &w.t.nodes[i]
	if strings.EqualFold(key, bootstrapSecret) {
		w.vanish(n)
		return
	}
	if w.keepHashes && n.kind == '"' && len(n.text) == len(MarkHash)+32 && isHash(n.text) {
		return
	}
	if n.kind == '"' {
		w.t.out = append(w.t.out[:0], n.text...)
	} else {
		w.t.out = w.t.appendJSON(w.t.out[:0], i)
	}
	w.setText(n, w.s.hasher.hash(key, w.t.out, encoded && n.kind == '"'), "")
}
