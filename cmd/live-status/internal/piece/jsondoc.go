package piece

import (
	"bytes"
	"strconv"
)

// jsonState is where in JSON the reader is.
type jsonState struct {
	// end closes the array whose elements are read one at a time; 0 outside.
	end byte
	// object is set where that array is a member of an object.
	object bool
	// n counts the elements, and pointer leads to them.
	n       int
	pointer string
}

// scan finds the end of a JSON value by its brackets and quotes. Whether it is
// JSON is for others to say.
type scan struct {
	depth       int
	str, escape bool
}

// step reads a byte, and reports whether the value ends with it.
func (s *scan) step(c byte) (ends bool) {
	switch {
	case s.escape:
		s.escape = false
	case s.str:
		if c == '\\' {
			s.escape = true
		}
		s.str = c != '"' || s.escape
		return !s.str && s.depth == 0
	case c == '"':
		s.str = true
	case c == '{' || c == '[':
		s.depth++
	case c == '}' || c == ']':
		s.depth--
		return s.depth <= 0
	}
	return false
}

// length returns how long the value is that begins here. It is over the limit,
// cut off by the end of the input, or no value at all if it is 0.
func (r *Reader) length(limit int) (n int, over, cut bool) {
	var s scan
	first, _ := r.s.at(0)
	bare := first != '{' && first != '[' && first != '"'
	for i := 0; ; i++ {
		c, ok := r.s.at(i)
		switch {
		case !ok:
			return i, false, !bare
		case i >= limit:
			return i, true, false
		case bare && (isSpace(c) || bytes.IndexByte([]byte(`,:{}[]"`), c) >= 0):
			return i, false, false
		case !bare && s.step(c):
			return i + 1, false, false
		}
	}
}

// readJSON reads a document, or an element of a long array.
func (r *Reader) readJSON() {
	if r.broken {
		r.dropAll(Unplaced)
		return
	}
	if n := r.s.space(chunk); n > 0 {
		r.between(n)
		return
	}
	if r.json.end != 0 {
		r.element()
		return
	}
	r.document++
	n, over, cut := r.length(r.o.Max)
	first, _ := r.s.at(0)
	switch {
	case over && (first == '{' || first == '['):
		r.split(first)
	case over || n == 0:
		r.dropAll(Unplaced)
	case cut:
		r.dropAll(Cut)
	case first == '{' || first == '[':
		r.hand(n, Piece{Kind: OfJSON, Instead: quotedMark})
	default:
		r.hand(n, Piece{Kind: OfJSON, Before: "[", After: "]", Strip: "/0", Instead: quotedMark})
	}
}

// dropAll withholds the rest of the input, and closes what is open.
func (r *Reader) dropAll(reason string) {
	line := r.s.line
	for ok := true; ok; ok = r.s.more() {
		r.s.drop(len(r.s.rest()))
	}
	r.add(Piece{Kind: OfJSON, Line: line, Withhold: reason, Instead: quotedMark + r.closing(), Pointer: r.json.pointer})
	r.json = jsonState{}
}

// closing closes the array that is open.
func (r *Reader) closing() string {
	switch {
	case r.json.end == 0:
		return "\n"
	case r.json.object:
		return "]}\n"
	default:
		return "]\n"
	}
}

// split begins to read a document that is too long by the elements of its array,
// which is the document or its member items.
func (r *Reader) split(first byte) {
	at, pointer := 1, ""
	if first == '{' {
		if at = r.items(); at == 0 {
			r.dropLong()
			return
		}
		pointer = "/items"
	}
	r.json = jsonState{end: ']', object: first == '{', pointer: pointer}
	p := Piece{Kind: OfJSON, After: "]", Instead: "["}
	if first == '{' {
		p.After, p.Instead = "]}", `{"items":[`
	}
	r.hand(at, p)
}

// dropLong withholds a document that is too long.
func (r *Reader) dropLong() {
	line := r.s.line
	var s scan
	for i := 0; ; i++ {
		c, ok := r.s.at(i)
		if !ok {
			r.s.drop(i)
			break
		}
		if s.step(c) {
			r.s.drop(i + 1)
			break
		}
		if i == chunk {
			r.s.drop(i + 1)
			i = -1
		}
	}
	r.add(Piece{Kind: OfJSON, Line: line, Withhold: TooLong, Instead: quotedMark})
}

// items returns where in the object that begins here the elements of its member
// items begin; 0 if it has none within the limit.
func (r *Reader) items() int {
	var s scan
	begin, key := 0, ""
	for i := 0; i < r.o.Max; i++ {
		c, ok := r.s.at(i)
		if !ok {
			return 0
		}
		was := s
		s.step(c)
		switch {
		case was.depth != 1:
		case !was.str && s.str:
			begin = i + 1
		case was.str && !s.str:
			key = string(r.s.rest()[begin:i])
		case c == '[' && !was.str && key == "items":
			return i + 1
		case c != ':' && !isSpace(c) && !was.str:
			key = ""
		}
	}
	return 0
}

// element reads what comes next in an array: an element, a comma, the end.
func (r *Reader) element() {
	switch c, ok := r.s.at(0); {
	case !ok:
		r.dropAll(Cut)
	case c == ',':
		r.between(1)
	case c == ']':
		r.tail()
	default:
		pointer := r.json.pointer + "/" + strconv.Itoa(r.json.n)
		r.json.n++
		n, over, cut := r.length(r.o.Max)
		switch {
		case cut:
			r.dropAll(Cut)
		case n == 0:
			r.dropAll(Unplaced)
		case over && (c == '{' || c == '['):
			r.dropLong()
			r.queue[len(r.queue)-1].Pointer = pointer
		case over:
			r.dropAll(Unplaced)
		default:
			p := Piece{Kind: OfJSON, Pointer: pointer, Instead: quotedMark}
			if c != '{' && c != '[' {
				p.Before, p.After, p.Strip = "[", "]", "/0"
			}
			r.hand(n, p)
		}
	}
}

// tail reads what follows the elements.
func (r *Reader) tail() {
	if !r.json.object {
		r.between(1)
		r.json = jsonState{}
		return
	}
	var s scan
	s.depth = 2
	for i := 0; ; i++ {
		c, ok := r.s.at(i)
		if !ok {
			r.dropAll(Cut)
			return
		}
		if i > r.o.Max {
			r.dropAll(TooLong)
			return
		}
		if s.step(c) {
			p := Piece{Kind: OfJSON, Before: `{"items":[`, Instead: "]}"}
			r.hand(i+1, p)
			r.json = jsonState{}
			return
		}
	}
}
