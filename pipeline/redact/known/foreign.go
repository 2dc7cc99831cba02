package known

// decodeForeignGap decodes text beyond ASCII in a part of the run from start to
// end that holds no long text in ASCII.
func (v *view) decodeForeignGap(s string, from, to, start, end int, foreign bool) {
	if !foreign || to-from < block {
		return
	}
	from, to = max(start, from-2*block), min(end, to+2*block)
	if !mixesCase(s[from:to]) {
		return
	}
	for align := range 4 {
		v.decodeForeign(s, from+align, to)
	}
}

// mixesCase reports whether upper and lower case are as frequent in s as they
// are in base64, unlike in names and words.
func mixesCase(s string) bool {
	if len(s) < 2*block {
		return false
	}
	upper := 0
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			upper++
		}
	}
	return 6*upper >= len(s) && 6*upper <= 5*len(s)
}

// foreignSize returns the length of the blocks that the base64 from start to end
// is looked at in, 0 if it is too short.
func foreignSize(start, end int) int {
	size := min(foreignBlock, (end-start)/4*4)
	if size < 2*block-4 {
		return 0
	}
	return size
}

// holdsForeign reports whether decodeForeign would find anything.
func holdsForeign(s string, start, end int) bool {
	size := foreignSize(start, end)
	for i := start; size > 0 && i+size <= end; i += size {
		if holdsUTF8(s[i : i+size]) {
			return true
		}
	}
	return false
}

// decodeForeign appends what the base64 from start to end holds in those blocks
// that are text beyond ASCII, and in the block before and behind.
func (v *view) decodeForeign(s string, start, end int) {
	size := foreignSize(start, end)
	if size == 0 {
		return
	}
	from, to := -1, -1
	for i := start; i+size <= end; i += size {
		if !holdsUTF8(s[i : i+size]) {
			continue
		}
		if from >= 0 && i > to+size {
			v.appendBase64(s, from, to)
			from = -1
		}
		if from < 0 {
			from = max(start, i-size, to)
		}
		to = min(end, i+2*size)
	}
	if from >= 0 {
		v.appendBase64(s, from, to)
	}
}

// holdsUTF8 reports whether the base64 in s holds text that is not all ASCII.
// Its first and last characters may be cut.
func holdsUTF8(s string) bool {
	var raw [foreignBlock * 3 / 4]byte
	n, high := 0, uint32(0)
	for ; len(s) >= 4; s = s[4:] {
		w := quad(s)
		raw[n], raw[n+1], raw[n+2] = byte(w>>16), byte(w>>8), byte(w)
		high |= w
		n += 3
	}
	const most = 4
	return high&0x808080 != 0 && wrongText(raw[:n], most) <= most
}

// wrongText counts the bytes of raw that are no part of text, up to the first
// beyond most.
func wrongText(raw []byte, most int) (wrong int) {
	for i := 0; i < len(raw) && wrong <= most; {
		if size := textSize(raw[i:]); size > 0 {
			i += size
			continue
		}
		wrong++
		i++
	}
	return wrong
}
