package change

import (
	"hash/maphash"
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxPaths is the number of paths that are told. The rest is counted.
const maxPaths = 100

// keptSeen is the number of omitted paths up to which the memory is kept that
// tells them apart.
const keptSeen = 1024

// paths collects paths, each once.
type paths struct {
	seed    maphash.Seed
	list    []event.FieldPath
	seen    map[uint64]struct{}
	omitted int64
}

func (c *paths) reset() {
	c.list, c.omitted = nil, 0
	if len(c.seen) > keptSeen || c.seen == nil {
		c.seen = make(map[uint64]struct{})
	}
	clear(c.seen)
}

// add tells the path at which the walk is.
func (c *paths) add(p *path) {
	b := p.text()
	h := maphash.Bytes(c.seed, b)
	if _, ok := c.seen[h]; ok {
		return
	}
	c.seen[h] = struct{}{}
	if len(c.list) == maxPaths {
		c.omitted++
		return
	}
	c.list = append(c.list, event.FieldPath(b))
}

// sorted sorts what was collected.
func (c *paths) sorted() { slices.Sort(c.list) }
