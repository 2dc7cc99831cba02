package known

import "unicode/utf8"

const (
	// minRun is the length from which on base64 is decoded: values of MinLength
	// bytes in base64, twice.
	minRun = 11
	// block is how much of a run is looked at to tell if it holds text.
	block = 8
	// longRun is the length from which on runs that look like base64 must hold
	// longText bytes of text one after the other, which bytes at random do not.
	// Without that, most of each certificate and archive would be decoded.
	longRun  = 48
	longText = 12
	// maxGap is how much of a run between blocks, before the first and behind the
	// last may hold something else.
	maxGap = 64
	// foreignBlock is how much is looked at if the text may be other than ASCII,
	// which is told apart less easily.
	foreignBlock = 32
	// minHex is the length from which on hex is decoded, and minHexText the
	// length of the text in it.
	minHex     = 12
	minHexText = 5
	// longHex is the length from which on hex must hold longText bytes of text.
	longHex = 48
	// foreignHex is how many bytes of hex are looked at if the text in it may be
	// other than ASCII.
	foreignHex = 8
)

// nextRun returns where the next run of base64 begins and ends that is minRun
// long. The byte before i is in none. It returns start < 0 if there is none.
func nextRun(s string, i int) (start, end int) {
	for i+minRun <= len(s) {
		// No run of that length goes by a byte that is in none.
		j := i + minRun - 1
		for j >= i && classes[s[j]]&classBase64 != 0 {
			j--
		}
		if j >= i {
			i = j + 1
			continue
		}
		for j = i + minRun; j < len(s) && classes[s[j]]&classBase64 != 0; {
			j++
		}
		return i, j
	}
	return -1, 0
}

// holdsRuns reports whether runs in s hold text in ASCII.
func holdsRuns(s string) bool {
	for start, end := nextRun(s, 0); start >= 0; start, end = nextRun(s, end) {
		if holdsText(s, start, end) {
			return true
		}
		for a, b := nextHex(s, start, end); a >= 0; a, b = nextHex(s, b, end) {
			if holdsHex(s, a, b, false) || holdsHex(s, a+1, b, false) {
				return true
			}
		}
	}
	return false
}

// holdsForeignRuns reports whether runs in s hold other text.
func holdsForeignRuns(s string) bool {
	for start, end := nextRun(s, 0); start >= 0; start, end = nextRun(s, end) {
		for a, b := nextHex(s, start, end); a >= 0; a, b = nextHex(s, b, end) {
			if holdsHex(s, a, b, true) || holdsHex(s, a+1, b, true) {
				return true
			}
		}
		if !mixesCase(s[start:end]) {
			continue
		}
		for align := range 4 {
			if holdsForeign(s, start+align, end) {
				return true
			}
		}
	}
	return false
}

// decodeRuns makes v what the runs of base64 and hex in its source hold, as
// far as that is text. With inner set, only runs are decoded in which the
// source differs from its own source: the others have been decoded there. With
// foreign set, text may be other than ASCII.
func (v *view) decodeRuns(inner, foreign bool) bool {
	s := v.source.text()
	if inner {
		v.decodeTouched(s, v.source.events, foreign)
		return len(v.buf) > 0
	}
	for start, end := nextRun(s, 0); start >= 0; start, end = nextRun(s, end) {
		v.decodeRun(s, start, end, foreign)
	}
	return len(v.buf) > 0
}

// decodeTouched decodes the runs in s that an event lies in. White space
// within a line ends a run, even if it was left out.
func (v *view) decodeTouched(s string, events []event, foreign bool) {
	low, blank := 0, 0
	for i := range events {
		e := &events[i]
		p := int(e.pos)
		if e.kind == eventBlank {
			low = max(low, p)
			continue
		}
		if p < low || p >= len(s) || !isBase64(s[p]) || (e.size == 0 && (p == 0 || !isBase64(s[p-1]))) {
			continue
		}
		for blank < len(events) && (events[blank].kind != eventBlank || int(events[blank].pos) <= p) {
			blank++
		}
		high := len(s)
		if blank < len(events) {
			high = int(events[blank].pos)
		}
		start, end := p, p+1
		for start > low && isBase64(s[start-1]) {
			start--
		}
		for end < high && isBase64(s[end]) {
			end++
		}
		v.decodeRun(s, start, end, foreign)
		low = end
	}
}

// decodeRun appends what the run from start to end holds, at any alignment.
func (v *view) decodeRun(s string, start, end int, foreign bool) {
	if end-start < minRun {
		return
	}
	var done [4]int
	covered := start // Up to there it is long text, which at other alignments is none.
	strict := isStrict(s[start:end])
	for i := start; i+block <= end; i++ {
		if classes[s[i]]&classes[s[i+4]]&classLetter == 0 || i < done[i%4] || !holdsASCII(s[i:i+block]) {
			continue
		}
		plain := endOfASCII(s, i+block, end)
		switch {
		case plain-i >= longRun/2:
		case i+block <= covered:
			continue // Text at one alignment may be some at another, but seldom for long.
		case strict && !holdsLongText(s, i, start, end):
			continue
		}
		if plain-i >= longRun {
			if i > covered {
				v.decodeForeignGap(s, covered, i, start, end, foreign)
			}
			covered = max(covered, plain)
		}
		// What is before and behind may hold an end of the text.
		to := endOfText(s, i, end)
		from := i
		for n := 0; n < maxGap && from-4 >= max(start, done[i%4]); n += 4 {
			from -= 4
		}
		to = min(end, to+maxGap)
		v.appendBase64(s, from, to)
		done[i%4] = to
	}
	for a, b := nextHex(s, start, end); a >= 0; a, b = nextHex(s, b, end) {
		v.decodeHex(s, a, b, foreign)
		v.decodeHex(s, a+1, b, foreign)
	}
	v.decodeForeignGap(s, covered, end, start, end, foreign)
}

// isStrict reports whether a run is to be decoded only where it holds long text.
func isStrict(run string) bool { return len(run) >= longRun && (mixesCase(run) || isHex(run)) }

func isHex(s string) bool {
	for i := range len(s) {
		if classes[s[i]]&classHex == 0 {
			return false
		}
	}
	return true
}

// holdsText reports whether decodeRun would find text in ASCII in the base64
// from start to end.
func holdsText(s string, start, end int) bool {
	strict := isStrict(s[start:end])
	for i := start; i+block <= end; i++ {
		if classes[s[i]]&classes[s[i+4]]&classLetter != 0 && holdsASCII(s[i:i+block]) &&
			(!strict || holdsLongText(s, i, start, end)) {
			return true
		}
	}
	return false
}

// holdsLongText reports whether the block at i is part of a long text, which
// may be other than ASCII.
func holdsLongText(s string, i, start, end int) bool {
	const reach = 12 // Characters before and behind the block.
	from, to := i, i+block
	for n := 0; n < reach && from-4 >= start; n += 4 {
		from -= 4
	}
	for n := 0; n < reach && to+4 <= end; n += 4 {
		to += 4
	}
	var buf [(2*reach + block) * 3 / 4]byte
	raw := buf[:0]
	for j := from; j < to; j += 4 {
		w := quad(s[j:])
		raw = append(raw, byte(w>>16), byte(w>>8), byte(w))
	}
	length := 0
	for j := 0; j < len(raw); {
		size := textSize(raw[j:])
		if size == 0 && j < 3 && raw[j]&0xc0 == 0x80 {
			size = 1 // The end of a character that is cut.
		}
		if length += size; length >= longText {
			return true
		}
		if size == 0 {
			length, size = 0, 1
		}
		j += size
	}
	return false
}

// textSize returns the length of the character of text that raw begins with, 0
// if there is none.
func textSize(raw []byte) int {
	switch c := raw[0]; {
	case isText(c):
		return 1
	case c >= 0xc2 && len(raw) > 1 && raw[1]&0xc0 == 0x80:
		if r, size := utf8.DecodeRune(raw); r != utf8.RuneError || size > 1 {
			return size
		}
	}
	return 0
}

// endOfASCII returns where the text in ASCII ends that begins at i.
func endOfASCII(s string, i, end int) int {
	for ; i+4 <= end && holdsASCII(s[i:i+4]); i += 4 {
	}
	return i
}

// endOfText returns where the text ends that begins at i, with what else may
// stand in it.
func endOfText(s string, i, end int) int {
	to := i + block
	for j := to; j+block <= end && j <= to+maxGap; j += 4 {
		if holdsASCII(s[j : j+block]) {
			to = j + block
		}
	}
	return to
}

// quad decodes four characters.
func quad(s string) uint32 {
	_ = s[3]
	return uint32(sextets[s[0]])<<18 | uint32(sextets[s[1]])<<12 | uint32(sextets[s[2]])<<6 | uint32(sextets[s[3]])
}

// holdsASCII reports whether the base64 in s holds text in ASCII.
func holdsASCII(s string) bool {
	for ; len(s) >= 4; s = s[4:] {
		if w := quad(s); !isText(byte(w>>16)) || !isText(byte(w>>8)) || !isText(byte(w)) {
			return false
		}
	}
	return true
}

// isText reports whether c stands in what forms of values are written with.
func isText(c byte) bool { return ' ' <= c && c < 0x7f || c == '\n' || c == '\r' || c == '\t' }

func (v *view) appendBase64(s string, from, to int) {
	pos := len(v.buf)
	bits, have := uint32(0), 0
	for i := from; i < to; i++ {
		bits = bits<<6 | uint32(sextets[s[i]])
		if have += 6; have >= 8 {
			have -= 8
			v.buf = append(v.buf, byte(bits>>have))
		}
	}
	v.run(eventBase64, pos, from, to)
}

// run notes a run that was decoded, and ends it.
func (v *view) run(kind eventKind, pos, from, to int) {
	v.emit(kind, pos, from, to)
	v.buf = append(v.buf, 0)
	v.events = append(v.events, event{
		pos: int32(len(v.buf) - 1), from: int32(to), to: int32(to), size: 1, kind: eventEnd,
	})
}
