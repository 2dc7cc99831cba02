package change

import (
	"bytes"
	"cmp"
	"slices"
)

// comparer tells how a prepared tree differs from an earlier one.
type comparer struct {
	was, is *tree
	path    *path
	paths   *paths
	schema  *schema
	// kids and pairs are stacks: the children of the nodes that are being
	// compared.
	kids  []int32
	pairs []pair
}

// pair are two nodes that have the same key, or -1 in place of one that there
// is not.
type pair struct{ was, is int32 }

// compare compares the nodes was and is, which are the field f.
func (c *comparer) compare(was, is int, f field) {
	w, i := &c.was.nodes[was], &c.is.nodes[is]
	switch {
	case w.kind == object && i.kind == object:
		c.members(was, is, f)
	case w.kind == keyed && i.kind == keyed:
		c.keyed(was, is, f)
	case w.kind == array && i.kind == array:
		c.list(was, is, f)
	case w.kind != i.kind || w.hash != i.hash || w.kind == keyed:
		c.paths.add(c.path)
	}
}

func (c *comparer) members(was, is int, f field) {
	brackets := c.schema.hasKeys(f)
	mark := len(c.pairs)
	for _, p := range c.match(was, is) {
		if c.equal(p) {
			continue
		}
		t, at := c.either(p)
		name := t.bytes(t.nodes[at].key)
		back := c.path.member(name, brackets)
		if p.was < 0 || p.is < 0 {
			c.whole(t, at, field{name: name})
		} else {
			c.compare(int(p.was), int(p.is), field{name: name})
		}
		c.path.cut(back)
	}
	c.pairs = c.pairs[:mark]
}

// equal reports whether the two are values, and the same.
func (c *comparer) equal(p pair) bool {
	if p.was < 0 || p.is < 0 {
		return false
	}
	w, i := &c.was.nodes[p.was], &c.is.nodes[p.is]
	return w.kind == i.kind && w.kind != object && w.kind != array && w.kind != keyed && w.hash == i.hash
}

// either returns a node of the pair.
func (c *comparer) either(p pair) (*tree, int) {
	if p.is < 0 {
		return c.was, int(p.was)
	}
	return c.is, int(p.is)
}

// whole tells a member that is on one side only: its fields, if it is an object
// that has some.
func (c *comparer) whole(t *tree, at int, f field) {
	n := &t.nodes[at]
	if n.kind != object {
		c.paths.add(c.path)
		return
	}
	empty := true
	brackets := c.schema.hasKeys(f)
	for i := range t.children(at) {
		empty = false
		name := t.bytes(t.nodes[i].key)
		back := c.path.member(name, brackets)
		c.whole(t, i, field{name: name})
		c.path.cut(back)
	}
	if empty {
		c.paths.add(c.path)
	}
}

// keyed compares lists whose elements have labels. If those that are in both
// come in another order, the list as a whole has changed.
func (c *comparer) keyed(was, is int, f field) {
	mark := len(c.pairs)
	defer func() { c.pairs = c.pairs[:mark] }()
	found := c.match(was, is)
	slices.SortFunc(found, func(a, b pair) int { return cmp.Compare(a.was, b.was) })
	last := int32(-1)
	for _, p := range found {
		if p.was < 0 || p.is < 0 {
			continue
		}
		if p.is < last {
			c.paths.add(c.path)
			return
		}
		last = p.is
	}
	for _, p := range found {
		t, at := c.either(p)
		back := c.path.element(0, t.bytes(t.nodes[at].key))
		if p.was < 0 || p.is < 0 {
			c.paths.add(c.path)
		} else {
			c.compare(int(p.was), int(p.is), field{name: f.name, element: true})
		}
		c.path.cut(back)
	}
}

// list compares lists whose elements have no labels by their indexes.
func (c *comparer) list(was, is int, f field) {
	w, i := was+1, is+1
	for n := 0; ; n++ {
		more, still := w < int(c.was.nodes[was].end), i < int(c.is.nodes[is].end)
		if !more && !still {
			return
		}
		back := c.path.element(n, nil)
		if more && still {
			c.compare(w, i, field{name: f.name, element: true})
		} else {
			c.paths.add(c.path)
		}
		c.path.cut(back)
		if more {
			w = int(c.was.nodes[w].end)
		}
		if still {
			i = int(c.is.nodes[i].end)
		}
	}
}

// match pairs the children of two nodes. The pairs stand on top of c.pairs.
func (c *comparer) match(was, is int) []pair {
	bottom, top := len(c.kids), len(c.pairs)
	for w := range c.was.children(was) {
		c.kids = append(c.kids, int32(w))
	}
	middle := len(c.kids)
	for i := range c.is.children(is) {
		c.kids = append(c.kids, int32(i))
	}
	old, now := c.kids[bottom:middle], c.kids[middle:]
	if !c.sameKeys(old, now) {
		c.sortByKey(c.was, old)
		c.sortByKey(c.is, now)
	}
	for len(old) > 0 || len(now) > 0 {
		p := pair{-1, -1}
		var order int
		switch {
		case len(old) == 0:
			order = 1
		case len(now) == 0:
			order = -1
		default:
			order = bytes.Compare(c.was.bytes(c.was.nodes[old[0]].key), c.is.bytes(c.is.nodes[now[0]].key))
		}
		if order <= 0 {
			p.was, old = old[0], old[1:]
		}
		if order >= 0 {
			p.is, now = now[0], now[1:]
		}
		c.pairs = append(c.pairs, p)
	}
	c.kids = c.kids[:bottom]
	return c.pairs[top:]
}

func (c *comparer) sameKeys(old, now []int32) bool {
	if len(old) != len(now) {
		return false
	}
	for n := range old {
		if !bytes.Equal(c.was.bytes(c.was.nodes[old[n]].key), c.is.bytes(c.is.nodes[now[n]].key)) {
			return false
		}
	}
	return true
}

func (c *comparer) sortByKey(t *tree, kids []int32) {
	slices.SortFunc(kids, func(a, b int32) int {
		return bytes.Compare(t.bytes(t.nodes[a].key), t.bytes(t.nodes[b].key))
	})
}
