package redact

import "strings"

// namesCredential returns the rule by which node i is a pair of name and value,
// such as a header or a variable, of which the name says secret; empty if it is
// none.
func (w *walk) namesCredential(i int32) (rule string) {
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		if kid.kind == '"' && kid.class&keyName != 0 {
			if secret, rule := w.s.variable(kid.text); secret {
				return rule
			}
		}
	}
	return ""
}

// vanish replaces node i, whatever it is.
func (w *walk) vanish(i int32, rule string) {
	n := &w.t.nodes[i]
	if n.isNull() || (n.kind == '"' && (n.text == "" || isWholeMark(n.text))) {
		return
	}
	w.s.x.enter(w.t, i)
	w.s.x.note(rule, "")
	w.s.x.leave()
	w.setText(n, MarkRedacted, "")
}

// data hashes the value of data or stringData: each of its members, or all of
// it where it has none. It is given the key under which it counts.
func (w *walk) data(i int32, key string) {
	encoded := classify(key)&keyData != 0
	switch n := &w.t.nodes[i]; {
	case n.isNull():
	case n.kind == '{':
		w.s.x.enter(w.t, i)
		first, end := w.t.kids(i)
		for k := first; k < end; k = w.t.nodes[k].end {
			if !isDirective(&w.t.nodes[k]) {
				w.secret(k, w.t.nodes[k].key, encoded)
			}
		}
		w.keys(i)
		w.s.x.leave()
	default:
		w.secret(i, key, encoded)
	}
}

// isDirective reports whether a member of data is what a strategic merge patch
// says of it. No key of a Secret begins so.
func isDirective(n *node) bool {
	return n.key == "$patch" && n.kind == '"' && (n.text == "replace" || n.text == "delete" || n.text == "merge")
}

// secret replaces node i by the hash of its value under key. What is null is
// taken away by a patch, and has none.
func (w *walk) secret(i int32, key string, encoded bool) {
	n := &w.t.nodes[i]
	switch {
	case n.isNull() || (n.kind == '"' && isWholeMark(n.text)):
		return
	case strings.EqualFold(key, bootstrapSecret):
		w.vanish(i, RuleField)
		return
	}
	w.s.x.enter(w.t, i)
	w.s.x.note(RuleSecret, "")
	w.s.x.leave()
	w.hash(i, key, encoded)
}

// hash sets node i to the hash of its value under key.
func (w *walk) hash(i int32, key string, encoded bool) {
	n := &w.t.nodes[i]
	if n.kind == '"' {
		w.t.out = append(w.t.out[:0], n.text...)
	} else {
		w.t.out = w.t.appendJSON(w.t.out[:0], i)
	}
	w.setText(n, w.s.hasher.hash(key, w.t.out, encoded && n.kind == '"'), "")
}

// helmRelease is the key under which Helm keeps a release, in a ConfigMap where
// it is told to.
const helmRelease = "release"

// isRelease reports whether text begins as a release does: JSON, mostly
// compressed, in base64, that may be encoded once more.
func isRelease(text string) bool {
	for _, begin := range [...]string{"H4sI", "eyJ", "SDRzS", "ZXlK"} {
		if strings.HasPrefix(text, begin) {
			return true
		}
	}
	return false
}
