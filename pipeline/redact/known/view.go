package known

import (
	"sort"
	"unsafe"
)

// eventKind says what a view did to its source.
type eventKind uint8

const (
	// eventEscape replaced an escape by what it stands for.
	eventEscape eventKind = iota
	// eventBlank left out white space within a line.
	eventBlank
	// eventBreak left out white space with a line break in it.
	eventBreak
	// eventBase64 and eventHex decoded a run.
	eventBase64
	eventHex
	// eventEnd put a byte in that stands for nothing, to keep runs apart.
	eventEnd
)

// event is one place where a view differs from its source. Between events
// they are the same.
type event struct {
	// pos is where its output begins in the view.
	pos int32
	// from and to are what it replaced in the source.
	from, to int32
	// size is the length of its output, if that is no run.
	size uint8
	kind eventKind
}

// length returns that of the output.
func (e *event) length() int {
	switch e.kind {
	case eventBase64:
		return int(e.to-e.from) * 6 / 8
	case eventHex:
		return int(e.to-e.from) / 2
	default:
		return int(e.size)
	}
}

// source returns what the output byte i was made from.
func (e *event) source(i int) (from, to int) {
	switch e.kind {
	case eventBase64:
		return int(e.from) + i*8/6, min(int(e.from)+(i*8+13)/6, int(e.to))
	case eventHex:
		return int(e.from) + 2*i, int(e.from) + 2*i + 2
	default:
		return int(e.from), int(e.to)
	}
}

// view is a text made from another one, its source.
type view struct {
	source *view
	buf    []byte
	// root is the text of a view that has no source.
	root   string
	events []event
}

// text returns what the view shows. It is valid until the view is built anew.
func (v *view) text() string {
	if v.source == nil {
		return v.root
	}
	// A copy for each view would cost more than the search of it.
	return unsafe.String(unsafe.SliceData(v.buf), len(v.buf))
}

func (v *view) reset(source *view) {
	v.source, v.buf, v.events = source, v.buf[:0], v.events[:0]
}

// emit notes that the source from from to to becomes the bytes that were
// appended to the view since pos.
func (v *view) emit(kind eventKind, pos, from, to int) {
	v.events = append(v.events, event{
		pos: int32(pos), from: int32(from), to: int32(to), kind: kind, size: uint8(len(v.buf) - pos),
	})
}

// back returns what the bytes from start to before end were made from, in the
// source. It reports whether white space without a line break was left out
// between them.
func (v *view) back(start, end int) (from, to int, blank bool) {
	first := v.before(start)
	from, _ = v.origin(first, start)
	last := v.before(end - 1)
	_, to = v.origin(last, end-1)
	for i := max(first, 0); i <= last; i++ {
		if e := &v.events[i]; e.kind == eventBlank && int(e.pos) > start {
			return from, to, true
		}
	}
	return from, to, false
}

// before returns the index of the last event that begins at pos or before, or
// -1.
func (v *view) before(pos int) int {
	return sort.Search(len(v.events), func(i int) bool { return int(v.events[i].pos) > pos }) - 1
}

// origin returns what the byte at pos was made from; i is the event before it.
func (v *view) origin(i, pos int) (from, to int) {
	if i < 0 {
		return pos, pos + 1
	}
	e := &v.events[i]
	n := e.length()
	if off := pos - int(e.pos); off < n {
		return e.source(off)
	}
	from = int(e.to) + pos - int(e.pos) - n
	return from, from + 1
}

// whole widens a range of text so that it neither begins nor ends within an
// escape or a character. Work is what was looked at.
func whole(text string, start, end int) (from, to, work int) {
	from, to = start, end
	// No escape is longer; a run of backslashes before one is looked at to
	// tell which of them is its first.
	low := max(0, from-maxEscape)
	for low > 0 && text[low-1] == '\\' {
		low--
	}
	work = from - low
	for i := low; i < from; {
		n := escapeLength(text, i)
		if i+n > from {
			from = i
			break
		}
		i += n
	}
	low = max(from, to-maxEscape)
	for low > from && text[low-1] == '\\' {
		low--
	}
	work += to - low
	for i := low; i < to; {
		n := escapeLength(text, i)
		if i+n > to {
			to = i + n
			break
		}
		i += n
	}
	for i := 0; i < 3 && from > 0 && isContinuation(text, from); i++ {
		from--
	}
	for i := 0; i < 3 && to < len(text) && isContinuation(text, to); i++ {
		to++
	}
	return from, to, work
}

// isContinuation reports whether the byte at i continues a character, as far
// as one byte tells.
func isContinuation(text string, i int) bool {
	return text[i]&0xc0 == 0x80 && text[i-1] >= 0x80
}

// escapeLength returns the length of the escape at i, or 1.
func escapeLength(text string, i int) int {
	if classes[text[i]]&classSpecial == 0 {
		return 1
	}
	var e escape
	e.read(text, i, modeAll)
	return max(1, e.length)
}
