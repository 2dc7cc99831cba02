package match

import "math/bits"

// keys make a hash one that nobody else can compute.
type keys [2]uint64

// hash mixes x and y so that all bits depend on all of them.
func (k keys) hash(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x^k[0], y^k[1])
	return hi ^ lo
}

// foldMask makes letters that differ in case only alike. It makes a few other
// bytes alike, too, which is right for a hash.
const foldMask = 0x2020202020202020

// load8 returns the eight bytes of s at i.
func load8(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// load4 returns the four bytes of s at i.
func load4(s string, i int) uint64 {
	s = s[i : i+4]
	return uint64(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24)
}

// load returns the n bytes of s at i, as load8 does with zeros behind them; n
// is at most 8. Two loads that overlap read nothing else, whatever n is.
func load(s string, i, n int) uint64 {
	if n >= 4 {
		return load4(s, i) | load4(s, i+n-4)<<(8*(n-4)&63)
	}
	var x uint64
	for j := range n {
		x |= uint64(s[i+j]) << (8 * j)
	}
	return x
}

// lower returns the lower-case letter of an ASCII letter.
func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b | 0x20
	}
	return b
}

// equalFold reports whether text is the pattern, whatever the case of their
// ASCII letters.
func equalFold(text, pattern string) bool {
	if len(text) != len(pattern) {
		return false
	}
	for i := range len(text) {
		if lower(text[i]) != lower(pattern[i]) {
			return false
		}
	}
	return true
}
