package piece

import "bytes"

// textState is what is known of the text before.
type textState struct {
	// unsafe is set where what comes next may be part of what was withheld.
	unsafe bool
	// weak is set where the last cut is one that was only looked at from nearby.
	weak bool
}

// Cuts are looked at with so much of the text on either side, in bytes.
const context = 32 << 10

// maxCuts is how many places are tried in one window, of each kind.
const maxCuts = 6

// readText reads a window of text.
func (r *Reader) readText() {
	r.document++
	p := Piece{Kind: OfText, Line: r.s.line, Instead: Mark + "\n"}
	n, ok := r.window()
	switch {
	case r.text.unsafe:
		p.Withhold = NoCut
		r.s.drop(n)
		r.text.unsafe = !ok
	case !ok:
		p.Withhold = NoCut
		r.s.drop(n)
		r.text.unsafe = true
	default:
		p.Text = r.s.take(n)
	}
	r.add(p)
}

// window returns where the window ends that begins here, and whether it may.
func (r *Reader) window() (n int, ok bool) {
	from := 0
	for size := r.o.Window; ; size *= 2 {
		size = min(size, r.o.MaxText)
		if _, more := r.s.at(size); !more {
			return len(r.s.rest()), !r.text.unsafe || len(r.s.rest()) == 0
		}
		from = max(from, size/2)
		if r.text.unsafe {
			from = min(size/2, context)
		}
		around := min(context, size/8)
		if n := r.cut(from, size-around, around); n > 0 {
			return n, true
		}
		if size == r.o.MaxText {
			return size - around, false
		}
	}
}

// cut returns a place from one offset to the other at which the text may be cut, 0
// if there is none. Lines that are indented, or close a bracket, belong to those
// before them; between paragraphs is best.
func (r *Reader) cut(from, to, around int) int {
	text := r.s.rest()
	var paragraphs, lines, others []int
	for i := to; i > from; {
		i = bytes.LastIndexByte(text[:i], '\n')
		if i < from {
			break
		}
		switch c := text[i+1]; {
		case c == ' ' || c == '\t' || c == '}' || c == ']' || c == ')' || c == '\n' || c == '\r':
			others = append(others, i+1)
		case i > 0 && text[i-1] == '\n':
			paragraphs = append(paragraphs, i+1)
		default:
			lines = append(lines, i+1)
		}
	}
	for rank, places := range [][]int{paragraphs, lines, others} {
		weak := rank == 2
		if weak && r.text.unsafe {
			break
		}
		step := max(1, len(places)/maxCuts)
		for i := 0; i < len(places); i += step {
			n := places[i]
			if r.o.Safe(string(text[max(0, n-around):n]), string(text[n:n+around])) {
				r.text.weak = weak
				return n
			}
		}
	}
	return 0
}
