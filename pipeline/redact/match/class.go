package match

import "math/bits"

// filterBits is how many bits, at least, the filter has for each window. Up to
// twice as many make the number of its words a power of two.
const filterBits = 16

// An entry is a pattern.
type entry struct {
	// off and size say where the pattern stands in Set.text.
	off  int
	size uint32
	// anchor is where in the pattern its anchor begins.
	anchor uint32
	// tag is a part of the anchor's hash.
	tag uint32
	// pattern is its index.
	pattern int32
}

// A class holds patterns that are looked for in the same way.
type class struct {
	shape
	stride int
	// filter knows the windows of all anchors: of each, two bits of one word
	// are set. A window is eight bytes of a text, made alike by fold and cut
	// by keep, and hashed by key, which is odd: of a product the upper bits
	// depend on all others. Its uppermost bits, which shift leaves, are the
	// index of the word.
	filter          []uint64
	fold, keep, key uint64
	shift           int
	// entries are ordered by a part of the hash of their anchors. heads says
	// where those of one number begin; the number behind it is where they end.
	keys    keys
	heads   []uint32
	entries []entry
}

// newClass makes a class of entries, whose patterns stand in text.
func newClass(sh shape, entries []entry, text string, o Options, random func() uint64) class {
	c := class{
		shape: sh, stride: sh.stride(),
		keep: ^uint64(0) >> (64 - 8*sh.window), key: random() | 1,
		keys: keys{random(), random()},
	}
	if o.Fold {
		c.fold = foldMask
	}
	buckets := 2 << bits.Len(uint(len(entries)-1))
	c.heads = make([]uint32, buckets+1)
	chosen := make([]uint32, len(entries)) // The bucket of each.
	c.anchors(entries, text, func(i int, h uint64) {
		entries[i].tag = uint32(h >> 32)
		chosen[i] = uint32(h) & uint32(buckets-1)
		c.heads[chosen[i]]++
	})
	// The counts become the ends, and while entries are put in from the end
	// of their bucket on, the beginnings.
	end := uint32(0)
	for i := range c.heads {
		end += c.heads[i]
		c.heads[i] = end
	}
	c.entries = make([]entry, len(entries))
	for i := range entries {
		head := &c.heads[chosen[i]]
		*head--
		c.entries[*head] = entries[i]
	}
	c.fill(text)
	return c
}

// anchorHash returns the hash of the anchor that text has at i.
func (c *class) anchorHash(text string, i int) uint64 {
	if c.length >= 8 {
		return c.keys.hash(load8(text, i)|c.fold, load8(text, i+c.length-8)|c.fold)
	}
	return c.keys.hash(load(text, i, c.length)|c.fold, 0)
}

// fill puts all windows of all anchors into the filter.
func (c *class) fill(text string) {
	windows := len(c.entries) * c.stride
	log := max(bits.Len(uint(windows*filterBits-1)/64), 1)
	c.filter = make([]uint64, 1<<log)
	c.shift = 64 - log
	for i := range c.entries {
		e := &c.entries[i]
		for j := range c.stride {
			c.mark(load(text, e.off+int(e.anchor)+j, c.window))
		}
	}
}
