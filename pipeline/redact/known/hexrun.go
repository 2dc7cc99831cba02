package known

import "unicode/utf8"

// nextHex returns where the next hex digits from i on begin and end that are
// minHex long, or a < 0.
func nextHex(s string, i, end int) (a, b int) {
	for p := i + minHex - 1; p < end; p += minHex {
		if classes[s[p]]&classHex == 0 {
			continue
		}
		for a = p; a > i && classes[s[a-1]]&classHex != 0; {
			a--
		}
		for b = p + 1; b < end && classes[s[b]]&classHex != 0; {
			b++
		}
		if b-a >= minHex {
			return a, b
		}
	}
	return -1, 0
}

// hexText finds text in hex, from i on and in steps of a byte.
type hexText struct {
	s      string
	i, end int
	// need is how much of it there has to be, window how much of other text.
	need, window int
	foreign      bool
	// text is how much of it was read last, read how much of anything, and high
	// where the last byte beyond ASCII ended; raw has what was read last.
	text, read, high int
	raw              [2 * foreignHex]byte
}

func newHexText(s string, from, to int, foreign bool) hexText {
	h := hexText{s: s, i: from, end: to, need: minHexText, window: foreignHex, foreign: foreign && to-from >= 2*minHex-1}
	if to-from >= longHex {
		h.need, h.window = longText, 2*foreignHex
	}
	return h
}

// next returns the index behind the next byte that is part of text, or -1.
func (h *hexText) next() int {
	for h.i+2 <= h.end {
		c := nibbles[h.s[h.i]]<<4 | nibbles[h.s[h.i+1]]
		h.i += 2
		h.read++
		if isText(c) {
			h.text++
		} else {
			h.text = 0
		}
		if h.text >= h.need {
			return h.i
		}
		if !h.foreign {
			continue
		}
		h.raw[h.read%len(h.raw)] = c
		if c >= utf8.RuneSelf {
			h.high = h.read
		}
		if h.high > h.read-h.window && h.read >= h.window && h.holdsForeign() {
			return h.i
		}
	}
	return -1
}

// holdsForeign reports whether the last window is text.
func (h *hexText) holdsForeign() bool {
	var raw [2 * foreignHex]byte
	for j := range h.window {
		raw[j] = h.raw[(h.read-h.window+1+j)%len(h.raw)]
	}
	// A window that begins within a character has one that does not behind it.
	return raw[0]&0xc0 != 0x80 && wrongText(raw[:h.window], 1) <= 1
}

// holdsHex reports whether there is text in the hex from from to to, which may
// be other than ASCII if foreign is set.
func holdsHex(s string, from, to int, foreign bool) bool {
	h := newHexText(s, from, to, foreign)
	return h.next() >= 0
}

// decodeHex appends the text in the hex from from to to, with what else stands
// close to it.
func (v *view) decodeHex(s string, from, to int, foreign bool) {
	h := newHexText(s, from, to, foreign)
	to -= (to - from) % 2
	begin, end := -1, -1
	for i := h.next(); i >= 0; i = h.next() {
		low := max(from, i-2*(h.window+maxGap))
		if begin >= 0 && low > end {
			v.appendHex(s, begin, end)
			begin = -1
		}
		if begin < 0 {
			begin = low
		}
		end = min(to, i+2*maxGap)
	}
	if begin >= 0 {
		v.appendHex(s, begin, end)
	}
}

func (v *view) appendHex(s string, from, to int) {
	pos := len(v.buf)
	for i := from; i < to; i += 2 {
		v.buf = append(v.buf, nibbles[s[i]]<<4|nibbles[s[i+1]])
	}
	v.run(eventHex, pos, from, to)
}
