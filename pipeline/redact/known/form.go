package known

import "math/bits"

// encoding is how a form writes the bytes of a text down.
type encoding uint8

const (
	encRaw encoding = iota
	encHexLower
	encHexUpper
	encBase64
	encBase64URL
	// encList is a list of bytes that has been written down, encListed is a text
	// in any of the listings.
	encList
	encListed
)

const (
	hexLower  = "0123456789abcdef"
	hexUpper  = "0123456789ABCDEF"
	alphabet  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	base64Std = alphabet + "+/"
	base64URL = alphabet + "-_"
)

const (
	// maxWhole is the length up to which the whole of a form is a pattern. Of
	// longer ones it is an anchor, and the rest is compared where that was
	// found: patterns of ten forms of a certificate would take ten times its
	// room.
	maxWhole = 64
	// anchorLength is long enough to be met by chance nowhere.
	anchorLength = 32
	// minEncoded is the least length of a form other than the raw one: what is
	// shorter is met by chance.
	minEncoded = 6
)

// form is a way to write a value down. Its bytes are computed, not stored.
type form struct {
	text  string
	value int32
	// anchor is where the pattern of the form begins in it.
	anchor int32
	enc    encoding
	// align is how many bytes stand before the text, modulo 3, in base64.
	align uint8
	// blanks is set if the value has white space that is left out in text. In
	// such a form the text searched may have white space anywhere.
	blanks bool
}

// size returns the number of bytes of f. Of base64 only those count that the
// text alone determines.
func (f *form) size() int {
	n := len(f.text)
	switch f.enc {
	case encHexLower, encHexUpper:
		return 2 * n
	case encBase64, encBase64URL:
		return max(0, (8*(int(f.align)+n))/6-f.first())
	default:
		return n
	}
}

// first returns the index of the first character of base64 that the text
// alone determines, counted from the beginning of a group of four.
func (f *form) first() int { return (8*int(f.align) + 5) / 6 }

// margins returns how many characters before and behind those of f carry bits
// of the value as well.
func (f *form) margins() (before, behind int) {
	if f.enc != encBase64 && f.enc != encBase64URL {
		return 0, 0
	}
	if f.align != 0 {
		before = 1
	}
	if (int(f.align)+len(f.text))%3 != 0 {
		behind = 1
	}
	return before, behind
}

// at returns the byte of f with the index i.
func (f *form) at(i int) byte {
	switch f.enc {
	case encHexLower:
		return hexAt(f.text, i, hexLower)
	case encHexUpper:
		return hexAt(f.text, i, hexUpper)
	case encBase64:
		return base64Std[f.sextet(i)]
	case encBase64URL:
		return base64URL[f.sextet(i)]
	default:
		return f.text[i]
	}
}

func hexAt(text string, i int, digits string) byte {
	c := text[i/2]
	if i%2 == 0 {
		return digits[c>>4]
	}
	return digits[c&15]
}

func (f *form) sextet(i int) byte {
	bit := 6*(f.first()+i) - 8*int(f.align)
	two := uint(f.text[bit/8]) << 8
	if bit/8+1 < len(f.text) {
		two |= uint(f.text[bit/8+1])
	}
	return byte(two >> (10 - bit%8) & 63)
}

// pattern chooses the anchor of f and returns it: all of f if that is short.
func (f *form) pattern(dst []byte) []byte {
	n := f.size()
	length, from := f.anchorSize(), 0
	if length < n {
		best := -1
		// The ends of keys and documents are alike. What has the most different
		// bytes is met by chance the least.
		for _, at := range [...]int{n / 2, n / 4, 3 * n / 4, n / 3, n / 8, 0} {
			at = min(at, n-length)
			if d := f.distinct(at, length); d > best+4 || best < 0 {
				best, from = d, at
			}
		}
	}
	f.anchor = int32(from)
	for i := from; i < from+length; i++ {
		dst = append(dst, f.at(i))
	}
	return dst
}

// anchorSize returns the length of the pattern of f.
func (f *form) anchorSize() int {
	n := f.size()
	switch {
	case f.enc == encList:
		return min(n, listAnchor)
	case n > maxWhole:
		return anchorLength
	default:
		return n
	}
}

func (f *form) distinct(from, length int) int {
	var seen [4]uint64
	for i := from; i < from+length; i++ {
		c := f.at(i)
		seen[c/64] |= 1 << (c % 64)
	}
	n := 0
	for _, w := range seen {
		n += bits.OnesCount64(w)
	}
	return n
}

// extend returns where all of f stands in text, given that its anchor has been
// found from start to end, several times over if that is longer. It reports
// false if the rest of f does not stand around it. Work is what was compared.
func (f *form) extend(text string, start, end int) (from, to, work int, ok bool) {
	if f.enc == encListed {
		return f.extendListed(text, start, end)
	}
	n, length := f.size(), f.anchorSize()
	from, to = start, end
	i, j := int(f.anchor), int(f.anchor)+length
	for i > 0 && from > 0 && text[from-1] == f.at(i-1) {
		i--
		from--
	}
	for j < n && to < len(text) && text[to] == f.at(j) {
		j++
		to++
	}
	// Where anchors overlap each other, it is not told where each begins.
	whole := (i == 0 && j == n) || end-start > length
	before, behind := f.margins()
	if before > 0 && from > 0 && isBase64(text[from-1]) {
		from--
	}
	if behind > 0 && to < len(text) && isBase64(text[to]) {
		to++
	}
	return from, to, to - from, whole
}

func isBase64(c byte) bool { return classes[c]&classBase64 != 0 }
