package redact

// Limits of the JSON that is examined. What exceeds them is withheld.
const (
	// MaxDepth counts objects and arrays within each other, and JSON texts
	// within JSON strings.
	MaxDepth = 64
	// MaxBodyDepth is how many objects and arrays a body in an audit event may
	// have within each other. Unlike texts, bodies are nested in the record as
	// they are, and what reads records has limits of its own: one that is too
	// deep for it can cost those that follow, too.
	MaxBodyDepth = 48
	// maxSize is in bytes.
	maxSize = 1 << 20
	// maxNodes bounds the memory that a text of many small values takes.
	maxNodes = 1 << 16
	// maxBodySize is in bytes, of a body in an audit event: more than an API
	// server takes for one object.
	maxBodySize = 4 << 20
	// maxBodyNodes bounds the memory that a body takes.
	maxBodyNodes = 1 << 18
	// keptNodes is the size beyond which a tree's memory is not kept for the
	// next document.
	keptNodes = 1 << 14
)

// limits are those of one document.
type limits struct{ size, nodes, depth int }

var (
	textLimits = limits{size: maxSize, nodes: maxNodes, depth: MaxDepth}
	bodyLimits = limits{size: maxBodySize, nodes: maxBodyNodes, depth: MaxBodyDepth}
)

// node is one JSON value. Unlike a map it keeps repeated keys, their order and
// numbers as they were written, so nothing of the input escapes examination.
type node struct {
	// key is the decoded key of a member of an object.
	key string
	// text is the decoded string, or the literal.
	text string
	// end is the index behind the node and all that is in it.
	end int32
	// class is what the key can mean, and has what those of the members can.
	class, has keyClass
	// kind is '{', '[' or '"', or 0 for numbers, true, false and null.
	kind byte
	// bytes tells which bytes of note a string was written with.
	bytes byteClass
}

func (n *node) isNull() bool { return n.kind == 0 && n.text == "null" }

// tree is a JSON text, its values in the order of the text: the first is the
// root, and what is in a container stands between it and its end.
type tree struct {
	nodes []node
	// out is where the text is written anew.
	out []byte
}

// kids returns the indices between which the kids of node i lie. The kid that
// follows kid k is at nodes[k].end.
func (t *tree) kids(i int32) (first, end int32) { return i + 1, t.nodes[i].end }

// reset forgets the text, so that no memory of it is held on to.
func (t *tree) reset() {
	clear(t.nodes)
	t.nodes, t.out = t.nodes[:0], t.out[:0]
}

// appendJSON writes node i in compact form.
func (t *tree) appendJSON(b []byte, i int32) []byte {
	switch n := &t.nodes[i]; n.kind {
	case '{':
		b = append(b, '{')
		first, end := t.kids(i)
		for k := first; k < end; k = t.nodes[k].end {
			if k > first {
				b = append(b, ',')
			}
			b = appendQuoted(b, t.nodes[k].key)
			b = append(b, ':')
			b = t.appendJSON(b, k)
		}
		return append(b, '}')
	case '[':
		b = append(b, '[')
		first, end := t.kids(i)
		for k := first; k < end; k = t.nodes[k].end {
			if k > first {
				b = append(b, ',')
			}
			b = t.appendJSON(b, k)
		}
		return append(b, ']')
	case '"':
		return appendQuoted(b, n.text)
	default:
		return append(b, n.text...)
	}
}

// appendQuoted writes s, valid UTF-8, as a JSON string.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if byteClasses[c]&byteStop == 0 {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
