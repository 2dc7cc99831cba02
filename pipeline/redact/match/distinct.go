package match

import (
	"hash/maphash"
	"math/bits"
	"strings"
)

// distinct returns the patterns that are neither empty nor the same as one
// before, and the text in which they stand.
func distinct(patterns []string, fold bool) (entries []entry, text string) {
	seed := maphash.MakeSeed()
	slots := make([]int32, 1<<bits.Len(uint(2*len(patterns)))) // One more than the index in entries.
	mask := uint64(len(slots) - 1)
	entries = make([]entry, 0, len(patterns))
	var low []byte
	total := 0
	for i, p := range patterns {
		if p == "" {
			continue
		}
		low = append(low[:0], p...)
		if fold {
			lowerAll(low)
		}
		slot := maphash.Bytes(seed, low) & mask
		for slots[slot] != 0 {
			other := patterns[entries[slots[slot]-1].pattern]
			if other == p || fold && equalFold(other, string(low)) {
				break
			}
			slot = (slot + 1) & mask
		}
		if slots[slot] != 0 {
			continue
		}
		entries = append(entries, entry{off: total, size: uint32(len(p)), pattern: int32(i)})
		slots[slot] = int32(len(entries))
		total += len(p)
	}
	var b strings.Builder
	b.Grow(total)
	for _, e := range entries {
		low = append(low[:0], patterns[e.pattern]...)
		if fold {
			lowerAll(low)
		}
		b.Write(low)
	}
	return entries, b.String()
}

// lowerAll makes the ASCII letters of b lower-case.
func lowerAll(b []byte) {
	for i, c := range b {
		b[i] = lower(c)
	}
}
