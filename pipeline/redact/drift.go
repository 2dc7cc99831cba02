package redact

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What stands at a field of an object means what it does because of the fields
// around it: a value below data, beside the name of a variable, under the key of
// a token. So the value of a drift is examined within as much of its object as
// its path tells.

// driftLimits are those of a value of a drift. It is nested in the record as
// bodies are.
var driftLimits = limits{size: maxSize, nodes: maxNodes, depth: MaxBodyDepth}

// cutMark stands in a path for what was too long to be told.
const cutMark = "…"

// drift redacts the JSON that stands at a field of the object given. A hash of
// the value of a Secret stays as it is.
func (s *structural) drift(v, field string, about *event.ObjectRef) (out, reason string) {
	if len(field) > maxPath || strings.Contains(field, cutMark) {
		return MarkWithheld, ReasonTooLarge
	}
	t := s.borrow()
	defer s.giveBack(t)
	kind := ""
	if about != nil {
		kind = about.Kind
	}
	b := branch{
		parser: parser{s: v, maxNodes: driftLimits.nodes, maxDepth: driftLimits.depth, tree: t},
		path:   fieldPath{rest: field},
	}
	if reason := b.grow(kind); reason != "" {
		return MarkWithheld, reason
	}
	w, own := walk{s: s, t: t}, ownerUnknown
	if s.secrets {
		own = ownerSecret
	}
	w.value(0, own, 0)
	if !w.changed {
		return v, ""
	}
	t.out = t.appendJSON(t.out[:0], b.end())
	return string(t.out), w.reason
}

// branch is a tree of nothing but the fields that lead to a value, and the value.
type branch struct {
	parser
	path fieldPath
	// way are the nodes from the root to the value.
	way [maxSegments + 2]int32
	n   int
}

// grow builds the tree of an object of the kind given.
func (b *branch) grow(kind string) (reason string) {
	if len(b.s) > driftLimits.size {
		return ReasonTooLarge
	}
	first, ok := b.path.next()
	if !ok {
		// The value is all of the object, which says its kind itself.
		reason = b.value("", 0)
	} else {
		var beside node
		if kind != "" {
			beside = node{key: "kind", class: keyKind, kind: '"', text: kind}
		}
		reason = b.container(node{}, first, beside)
	}
	if reason != "" {
		return reason
	}
	if b.space(); b.i != len(b.s) {
		return ReasonTrailing
	}
	return ""
}

// container adds the object or list at, in which the path goes on at the next
// segment. Of what else is in it only the node beside is known, if any.
func (b *branch) container(at node, next segment, beside node) (reason string) {
	if b.n > maxSegments {
		return ReasonTooLarge
	}
	t := b.tree
	i := len(t.nodes)
	// The keys of data may look like an index. In any other field a list says more.
	list := next.label || (next.index && at.class&(keyData|keyStringData) == 0)
	at.kind = '{'
	if list {
		at.kind = '['
	}
	t.nodes = append(t.nodes, at)
	b.way[b.n] = int32(i)
	b.n++
	has := beside.class
	if beside.key != "" {
		b.leaf(beside)
	}
	kid := node{key: next.key, class: classify(next.key)}
	var within node
	if list {
		// An element has no key; what it is told apart by stands in it.
		if next.label && kid.class&keyName != 0 {
			within = node{key: kid.key, class: kid.class, kind: '"', text: next.value}
		}
		kid = node{}
	}
	has |= kid.class
	if following, ok := b.path.next(); ok {
		if following.label || following.index {
			within = node{} // A list within a list: the label is of no object.
		}
		reason = b.container(kid, following, within)
	} else {
		b.way[b.n] = int32(len(t.nodes))
		b.n++
		reason = b.value(kid.key, kid.class)
	}
	n := &t.nodes[i]
	n.has, n.end = has, int32(len(t.nodes))
	return reason
}

// end returns the node of the value, or the one around it that was replaced as
// a whole.
func (b *branch) end() int32 {
	if b.n == 0 {
		return 0
	}
	for _, i := range b.way[:b.n-1] {
		if b.tree.nodes[i].kind == '"' {
			return i
		}
	}
	return b.way[b.n-1]
}

// fieldPath is a path in the notation of event.FieldPath.
type fieldPath struct{ rest string }

// segment is a step of a path: to the member of an object that has the key; to the
// element of a list, if the key may be an index; or, if it is a label, to the
// element of a list in which the value stands under the key.
type segment struct {
	key, value   string
	index, label bool
}

// next takes the next segment off the path. It is false at the end.
func (p *fieldPath) next() (segment, bool) {
	if p.rest == "" {
		return segment{}, false
	}
	if p.rest[0] != '[' {
		name := strings.TrimPrefix(p.rest, ".")
		end := strings.IndexAny(name, ".[")
		if end < 0 {
			end = len(name)
		}
		p.rest = name[end:]
		return segment{key: name[:end]}, true
	}
	if seg, rest, ok := label(p.rest[1:]); ok {
		p.rest = rest
		return seg, true
	}
	var key string
	key, p.rest, _ = strings.Cut(p.rest[1:], "]")
	return segment{key: key, index: isNumber(key)}, true
}

// label takes what an element of a list is told apart by off the inside of
// brackets: pairs of a key and a name in quotes or a number, such as
// containerPort=80,protocol="TCP". Of several the one counts that names what else
// is in the element.
func label(s string) (seg segment, rest string, ok bool) {
	for {
		key, after, found := strings.Cut(s, "=")
		if !found || strings.ContainsAny(key, `[]",`) {
			return segment{}, "", false
		}
		var value string
		if quoted, ok := strings.CutPrefix(after, `"`); ok {
			if value, s, ok = strings.Cut(quoted, `"`); !ok {
				return segment{}, "", false
			}
		} else {
			end := len(after) - len(strings.TrimLeft(after, "+-.0123456789eE"))
			value, s = after[:end], after[end:]
		}
		if !seg.label || classify(key)&keyName != 0 {
			seg = segment{key: key, value: value, label: true}
		}
		switch {
		case strings.HasPrefix(s, "]"):
			return seg, s[1:], true
		case !strings.HasPrefix(s, ","):
			return segment{}, "", false
		}
		s = s[1:]
	}
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
