package redact

import (
	"math/bits"
	"math/rand/v2"
	"weak"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// cleanness says for which searches a string is known to be clean.
type cleanness uint8

const (
	// cleanOfValues is set if no known value occurs in it.
	cleanOfValues cleanness = 1 << iota
	// cleanOfAll is set if no pattern matches it either, wherever it stands.
	cleanOfAll
	// cleanOfShapes is set if nothing in it looks like what has a shape.
	cleanOfShapes
)

const (
	// cleanSlots is how many strings are remembered at most. It must be a power
	// of two.
	cleanSlots = 1 << 12
	// maxClean is the length of the longest, in bytes.
	maxClean = 62
)

// cleanSlot holds a string, and how it is clean. It fills a line of a cache.
type cleanSlot struct {
	is   cleanness
	size uint8
	text [maxClean]byte
}

func (slot *cleanSlot) holds(s string) bool {
	return int(slot.size) == len(s) && string(slot.text[:len(s)]) == s
}

// cleanStrings remembers short strings in which nothing was found. Most strings
// of the objects of a cluster are keys and words that come again and again. What
// something was found in is never kept.
//
// Strings that push each other out cost time, nothing else: they are compared in
// full.
type cleanStrings struct {
	slots *[cleanSlots]cleanSlot
	keys  [2]uint64
	// set is the one of which they are clean. It does not keep values alive that
	// are no longer wanted.
	set weak.Pointer[known.Set]
}

// reset forgets all unless set is the one of which the strings are clean.
func (c *cleanStrings) reset(set *known.Set) {
	if now := weak.Make(set); now != c.set || c.slots == nil {
		c.set = now
		if c.slots == nil {
			c.keys, c.slots = [2]uint64{rand.Uint64(), rand.Uint64()}, new([cleanSlots]cleanSlot)
		} else {
			clear(c.slots[:])
		}
	}
}

// has reports whether s is known to be clean as asked for. The slot is where it
// may be put, nil for nowhere.
func (c *cleanStrings) has(s string, want cleanness) (slot *cleanSlot, ok bool) {
	if len(s) < minSearched || len(s) > maxClean || c.slots == nil {
		return nil, false
	}
	slot = &c.slots[c.hash(s)%cleanSlots]
	return slot, slot.is&want == want && slot.holds(s)
}

// hash hashes a string of minSearched bytes or more by parts of it. In those
// strings differ that often occur.
func (c *cleanStrings) hash(s string) uint64 {
	n := len(s)
	if n < 8 {
		hi, lo := bits.Mul64(uint64(load4(s, 0))^c.keys[0], uint64(load4(s, n-4))^c.keys[1])
		return hi ^ lo
	}
	middle := load8(s, (n-8)/2)
	hi, lo := bits.Mul64(load8(s, 0)^c.keys[0]^bits.RotateLeft64(middle, 29), load8(s, n-8)^c.keys[1]^middle)
	return hi ^ lo
}

// load4 and load8 return bytes of s from i on.
func load4(s string, i int) uint32 {
	s = s[i : i+4]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func load8(s string, i int) uint64 { return uint64(load4(s, i)) | uint64(load4(s, i+4))<<32 }

// put notes that s is clean.
func (slot *cleanSlot) put(s string, is cleanness) {
	switch {
	case slot == nil:
	case slot.holds(s):
		slot.is |= is
	default:
		slot.is, slot.size = is, uint8(len(s))
		copy(slot.text[:], s)
	}
}
