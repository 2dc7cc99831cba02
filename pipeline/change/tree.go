package change

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"slices"

	"github.com/go-faster/jx"
)

// Limits of the bodies that are read.
const (
	// maxBody is in bytes: what an API server accepts at most.
	maxBody = 3 << 20
	// maxNodes bounds the memory that a body of many small values takes.
	maxNodes = 1 << 17
	// maxDepth counts objects and arrays within each other. What lies deeper
	// counts as one value.
	maxDepth = 64
	// keptNodes and keptBytes are up to which size memory is kept for the next
	// body.
	keptNodes = 1 << 13
	keptBytes = 1 << 18
)

var (
	errTooLarge = errors.New("too large")
	errTrailing = errors.New("trailing data")
)

// kind is what a node is.
type kind byte

// The kinds of nodes. All but the first three have no children.
const (
	object kind = '{'
	array  kind = '['
	// keyed is a list whose elements are told apart by their labels.
	keyed kind = 'k'
	text  kind = '"'
	// scalar is a number, true or false.
	scalar kind = '0'
	null   kind = 'n'
	// opaque is an object or array below maxDepth.
	opaque kind = '?'
)

// node is one JSON value. Nodes stand in the order of the text, an object's or
// list's children after it.
type node struct {
	kind kind
	// dead nodes do not count, nor what is within them: an earlier value of a
	// repeated key, or a field that is ignored.
	dead bool
	// end is the index after the last node within this one.
	end int32
	// key is the key of a member of an object, or the label of an element of a
	// keyed list.
	key span
	// text is the decoded string, or the value as it was written.
	text span
	// hash is that of the value, once the tree has been digested.
	hash uint64
}

// span is a part of a tree's src, or of its side if inSide is set.
type span struct {
	at     uint32
	len    uint32
	inSide bool
}

// tree is a JSON text taken apart. The memory is used again by the next one.
type tree struct {
	nodes []node
	src   []byte
	// side holds texts that do not stand in src as they are.
	side []byte
	dec  jx.Decoder
	// seed keys all hashes, so that nobody can choose a key or a value that
	// passes for another one.
	seed maphash.Seed
	// last has the last child of each key that was found, by its hash.
	last map[uint64]int
}

// parse takes body apart.
func (t *tree) parse(body string) error {
	t.reset()
	if len(body) > maxBody {
		return errTooLarge
	}
	t.src = append(t.src, body...)
	t.dec.ResetBytes(t.src)
	if err := t.value(span{}, 0); err != nil {
		return err
	}
	if err := t.dec.Skip(); err != io.EOF { //nolint:errorlint // A wrapped one is the end of a value that had begun.
		return errTrailing
	}
	return nil
}

func (t *tree) reset() {
	if cap(t.nodes) > keptNodes {
		t.nodes = nil
	}
	if cap(t.src) > keptBytes || cap(t.side) > keptBytes {
		t.src, t.side = nil, nil
	}
	t.nodes, t.src, t.side = t.nodes[:0], t.src[:0], t.side[:0]
}

// bytes returns what s stands for. It must not be kept.
func (t *tree) bytes(s span) []byte {
	from := t.src
	if s.inSide {
		from = t.side
	}
	return from[s.at : s.at+s.len]
}

// span returns where b stands, which the decoder returned: in src, or in a copy
// of its own if it had to be unescaped.
func (t *tree) span(b []byte) span {
	if len(b) == 0 {
		return span{}
	}
	// A slice of src has the capacity that src has from there on.
	if at := cap(t.src) - cap(b); at >= 0 && at < len(t.src) && &t.src[at] == &b[0] {
		return span{at: uint32(at), len: uint32(len(b))}
	}
	return t.keep(b)
}

// keep puts a copy of b aside.
func (t *tree) keep(b []byte) span {
	at := len(t.side)
	t.side = append(t.side, b...)
	return span{at: uint32(at), len: uint32(len(b)), inSide: true}
}

func (t *tree) value(key span, depth int) error {
	if len(t.nodes) == maxNodes {
		return errTooLarge
	}
	at := len(t.nodes)
	t.nodes = append(t.nodes, node{key: key})
	n := node{key: key}
	next := t.dec.Next()
	var err error
	switch {
	case next == jx.Object && depth < maxDepth:
		n.kind = object
		err = t.members(at, depth)
	case next == jx.Array && depth < maxDepth:
		n.kind = array
		err = t.elements(depth)
	case next == jx.String:
		n.kind = text
		var b []byte
		b, err = t.dec.StrBytes()
		n.text = t.span(b)
	default:
		n.kind = scalar
		switch next {
		case jx.Object, jx.Array:
			n.kind = opaque
		case jx.Null:
			n.kind = null
		default:
		}
		var b []byte
		b, err = t.dec.Raw()
		n.text = t.span(b)
	}
	n.end = int32(len(t.nodes))
	t.nodes[at] = n
	return err
}

func (t *tree) members(at, depth int) error {
	it, err := t.dec.ObjIter()
	if err != nil {
		return err
	}
	for it.Next() {
		if err := t.value(t.span(it.Key()), depth+1); err != nil {
			return err
		}
	}
	// The last of the same key is the one that counts.
	t.repeats(at, len(t.nodes), func(earlier int) { t.nodes[earlier].dead = true })
	return it.Err()
}

func (t *tree) elements(depth int) error {
	it, err := t.dec.ArrIter()
	if err != nil {
		return err
	}
	for it.Next() {
		if err := t.value(span{}, depth+1); err != nil {
			return err
		}
	}
	return it.Err()
}

// repeats calls found for each child of the node at, which ends at end, whose key
// comes again after it.
func (t *tree) repeats(at, end int, found func(earlier int)) {
	const few = 16
	var before [few]int
	seen := before[:0]
	i := at + 1
	for ; i < end && len(seen) < few; i = int(t.nodes[i].end) {
		key := t.bytes(t.nodes[i].key)
		for n, j := range seen {
			if t.nodes[j].key.len == uint32(len(key)) && bytes.Equal(key, t.bytes(t.nodes[j].key)) {
				found(j)
				seen = slices.Delete(seen, n, n+1)
				break
			}
		}
		seen = append(seen, i)
	}
	if i >= end {
		return
	}
	if t.last == nil || len(t.last) > keptNodes {
		t.last = make(map[uint64]int)
	}
	clear(t.last)
	for _, j := range seen {
		t.last[maphash.Bytes(t.seed, t.bytes(t.nodes[j].key))] = j
	}
	for ; i < end; i = int(t.nodes[i].end) {
		hash := maphash.Bytes(t.seed, t.bytes(t.nodes[i].key))
		if j, again := t.last[hash]; again {
			found(j)
		}
		t.last[hash] = i
	}
}

// children calls yield for each child of the node at, from the first to the
// last, until it returns false.
func (t *tree) children(at int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := at + 1; i < int(t.nodes[at].end); i = int(t.nodes[i].end) {
			if !t.nodes[i].dead && !yield(i) {
				return
			}
		}
	}
}

// member returns the index of an object's member, 0 if there is none.
func (t *tree) member(at int, key string) int {
	if t.nodes[at].kind != object {
		return 0
	}
	for i := range t.children(at) {
		if string(t.bytes(t.nodes[i].key)) == key {
			return i
		}
	}
	return 0
}

// str returns the text of a string, empty if the node at is none or 0.
func (t *tree) str(at int) string { return string(t.textOf(at)) }

// textOf is str without a copy.
func (t *tree) textOf(at int) []byte {
	if at == 0 || t.nodes[at].kind != text {
		return nil
	}
	return t.bytes(t.nodes[at].text)
}
