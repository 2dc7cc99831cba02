package change

import (
	"encoding/binary"
	"hash/maphash"
)

// prepare makes a tree of an object comparable: what is ignored is dead, lists
// whose elements have names are labelled, and values are hashed.
func (t *tree) prepare(s *schema) {
	for i := range t.nodes {
		if n := &t.nodes[i]; n.kind != object && n.kind != array {
			n.hash = maphash.Bytes(t.seed, t.bytes(n.text)) + uint64(n.kind)
		}
	}
	t.prepareObject(0, field{}, 0, s)
}

func (t *tree) prepareObject(at int, f field, depth int, s *schema) {
	for i := range t.children(at) {
		n := &t.nodes[i]
		name := t.bytes(n.key)
		switch {
		case (depth == 0 || depth == 1 && inMetadata(f)) && identity(depth, name):
			n.dead = true
		case n.kind == null:
			// Whether a field that is not set is null or absent depends on who
			// wrote the JSON.
			n.dead = true
		case n.kind == object:
			t.prepareObject(i, field{name: name}, depth+1, s)
		case n.kind == array:
			t.prepareList(i, f, depth+1, s)
		}
	}
}

func (t *tree) prepareList(at int, parent field, depth int, s *schema) {
	name := t.bytes(t.nodes[at].key)
	if key := s.mergeKey(parent, name); key != "" && t.label(at, key) {
		t.nodes[at].kind = keyed
	}
	for i := range t.children(at) {
		switch t.nodes[i].kind {
		case object:
			t.prepareObject(i, field{name: name, element: true}, depth+1, s)
		case array:
			t.prepareList(i, field{element: true}, depth+1, s)
		default:
		}
	}
}

// Limits of the names that are kept once for all snapshots.
const (
	maxNames   = 4096
	maxNameLen = 64
)

// names are the keys of objects that are kept once for all snapshots: as good as
// all fields of the types that a cluster has. It never forgets one, so that it
// takes no more once it is full.
type names struct {
	ids   map[string]uint32
	text  []byte
	spans []span
}

// id returns the number of a name, from 1, and 0 if it is none of those kept.
func (n *names) id(name []byte) uint64 {
	if id, ok := n.ids[string(name)]; ok {
		return uint64(id)
	}
	if len(name) > maxNameLen || len(n.spans) == maxNames {
		return 0
	}
	n.spans = append(n.spans, span{at: uint32(len(n.text)), len: uint32(len(name)), inSide: true})
	n.text = append(n.text, name...)
	n.ids[string(name)] = uint32(len(n.spans))
	return uint64(len(n.spans))
}

// A snapshot is a prepared tree written down without its values. Of each living
// node, in order: its kind; its key, for members of objects the number of a name
// or 0 and, as for elements of keyed lists, the key itself; and the hash of a
// value or the number of an object's or list's children. A field takes about 11
// bytes.

// snapshot appends the snapshot of the node at, the child of a node of kind in.
func (t *tree) snapshot(to []byte, at int, in kind, n *names) []byte {
	node := &t.nodes[at]
	to = append(to, byte(node.kind))
	if in == object || in == keyed {
		key := t.bytes(node.key)
		var id uint64
		if in == object {
			id = n.id(key)
			to = binary.AppendUvarint(to, id)
		}
		if id == 0 {
			to = binary.AppendUvarint(to, uint64(len(key)))
			to = append(to, key...)
		}
	}
	switch node.kind {
	case object, array, keyed:
		count := uint64(0)
		for range t.children(at) {
			count++
		}
		to = binary.AppendUvarint(to, count)
		for i := range t.children(at) {
			to = t.snapshot(to, i, node.kind, n)
		}
		return to
	default:
		return binary.LittleEndian.AppendUint64(to, node.hash)
	}
}

// load makes t the tree of which data is the snapshot. It refers to data and to
// the names; neither must change while it is used.
func (t *tree) load(data []byte, n *names) {
	t.src, t.side = data, n.text
	if cap(t.nodes) > keptNodes {
		t.nodes = nil
	}
	t.nodes = t.nodes[:0]
	t.loadNode(0, array, n)
}

// loadNode loads the node at the offset from and returns the offset after it.
func (t *tree) loadNode(from int, in kind, n *names) int {
	at := len(t.nodes)
	t.nodes = append(t.nodes, node{})
	loaded := node{kind: kind(t.src[from])}
	from++
	number := func() uint64 {
		v, size := binary.Uvarint(t.src[from:])
		from += size
		return v
	}
	if in == object || in == keyed {
		var id uint64
		if in == object {
			id = number()
		}
		if id != 0 {
			loaded.key = n.spans[id-1]
		} else {
			length := number()
			loaded.key = span{at: uint32(from), len: uint32(length)}
			from += int(length)
		}
	}
	switch loaded.kind {
	case object, array, keyed:
		for range number() {
			from = t.loadNode(from, loaded.kind, n)
		}
	default:
		loaded.hash = binary.LittleEndian.Uint64(t.src[from:])
		from += 8
	}
	loaded.end = int32(len(t.nodes))
	t.nodes[at] = loaded
	return from
}
