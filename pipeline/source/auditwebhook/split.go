package auditwebhook

import "bytes"

// scanner finds where JSON values begin and end by counting brackets and
// quotes. It does not check what is within an item: whoever can make an item
// that a strict parser gives up could otherwise have the whole list refused. It
// does not recurse, and looks at each byte a constant number of times.
type scanner struct {
	data []byte
	pos  int
}

// flaw is what is wrong with a body, and where. It quotes nothing of it.
type flaw struct {
	at   int
	what string
}

// space moves to the next byte that is not white space and returns it, or
// false at the end.
func (s *scanner) space() (byte, bool) {
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c, true
		}
	}
	return 0, false
}

// value moves behind the next value and returns where it begins.
func (s *scanner) value() (begin int, f *flaw) {
	c, ok := s.space()
	if !ok {
		return s.pos, s.ended()
	}
	begin = s.pos
	switch c {
	case '{', '[':
		return begin, s.nested()
	case '"':
		return begin, s.quoted()
	}
	for s.pos < len(s.data) && isWord(s.data[s.pos]) {
		s.pos++
	}
	if s.pos == begin {
		return begin, &flaw{begin, "a JSON value is missing"}
	}
	return begin, nil
}

// isWord reports whether c can be part of a number, true, false or null.
func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

// nested moves behind the object or array that begins here.
func (s *scanner) nested() *flaw {
	depth := 0
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case '"':
			if f := s.quoted(); f != nil {
				return f
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.pos++
				return nil
			}
		}
		s.pos++
	}
	return s.ended()
}

// quoted moves behind the string that begins here.
func (s *scanner) quoted() *flaw {
	for i := s.pos + 1; ; {
		n := bytes.IndexByte(s.data[i:], '"')
		if n < 0 {
			s.pos = len(s.data)
			return s.ended()
		}
		i += n + 1
		// The quote is escaped if an odd number of backslashes stands before
		// it. Each run of them stands before one quote only.
		before := i - 2
		for s.data[before] == '\\' {
			before--
		}
		if (i-before)%2 == 0 {
			s.pos = i
			return nil
		}
	}
}

func (s *scanner) ended() *flaw { return &flaw{len(s.data), "the JSON ends early"} }

// elements calls each with where every element of the array that begins here
// begins and ends, and moves behind the array. It stops early when each returns
// false.
func (s *scanner) elements(each func(begin, end int) bool) *flaw {
	s.pos++
	for first := true; ; first = false {
		c, ok := s.space()
		switch {
		case !ok:
			return s.ended()
		case c == ']':
			s.pos++
			return nil
		case !first && c != ',':
			return &flaw{s.pos, "a comma or the end of the list is missing"}
		case !first:
			s.pos++
		}
		begin, f := s.value()
		if f != nil {
			return f
		}
		if !each(begin, s.pos) {
			return nil
		}
	}
}

// members calls each with the name of every member of the object that begins
// here and where its value begins and ends, and moves behind the object.
func (s *scanner) members(each func(name []byte, begin, end int) *flaw) *flaw {
	s.pos++
	for first := true; ; first = false {
		c, ok := s.space()
		switch {
		case !ok:
			return s.ended()
		case c == '}':
			s.pos++
			return nil
		case !first && c != ',':
			return &flaw{s.pos, "a comma or the end of the object is missing"}
		case !first:
			s.pos++
			c, _ = s.space()
		}
		if c != '"' {
			return &flaw{s.pos, "the name of a member is missing"}
		}
		name := s.pos
		if f := s.quoted(); f != nil {
			return f
		}
		text := s.data[name:s.pos]
		if c, _ := s.space(); c != ':' {
			return &flaw{s.pos, "a colon is missing"}
		}
		s.pos++
		begin, f := s.value()
		if f != nil {
			return f
		}
		if f := each(text, begin, s.pos); f != nil {
			return f
		}
	}
}
