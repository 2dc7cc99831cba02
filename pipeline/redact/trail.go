package redact

import "strconv"

// step is a node of a JSON text on the way to another.
type step struct {
	t *tree
	i int32
}

// path returns where the string in hand stands, as a JSON pointer. It is made
// only where somebody asks for it.
func (x *search) path() string {
	b := append([]byte(x.base), x.name...)
	for n, s := range x.way {
		if n == 0 || x.way[n-1].t != s.t {
			continue // A root has no name.
		}
		b = append(b, '/')
		if parent := x.way[n-1]; parent.t.nodes[parent.i].kind == '[' {
			b = strconv.AppendInt(b, int64(ordinal(parent.t, parent.i, s.i)), 10)
		} else {
			b = append(b, pointerToken(s.t.nodes[s.i].key)...)
		}
	}
	return string(b)
}

// ordinal is the position of node i among the kids of its parent.
func ordinal(t *tree, parent, i int32) int {
	n := 0
	first, end := t.kids(parent)
	for k := first; k < end && k != i; k = t.nodes[k].end {
		n++
	}
	return n
}

// enter notes that node i is on the way, and leave that it no longer is.
func (x *search) enter(t *tree, i int32) { x.way = append(x.way, step{t: t, i: i}) }

func (x *search) leave() { x.way = x.way[:len(x.way)-1] }
