package fluentbit

import "bytes"

// scanner finds where JSON values begin and end by counting brackets and quotes.
// It does not check what is within them, which the decoders do, does not recurse,
// and looks at each byte a constant number of times.
type scanner struct {
	data []byte
	pos  int
}

// space moves to the next byte that is not white space and returns it, or zero at
// the end.
func (s *scanner) space() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// value moves behind the value that begins here; false if it does not end, or if
// there is none.
func (s *scanner) value(c byte) bool {
	switch c {
	case '{', '[':
		return s.nested()
	case '"':
		return s.quoted()
	}
	begin := s.pos
	for s.pos < len(s.data) && isWord(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > begin
}

// isWord reports whether c can be part of a number, true, false or null.
func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}

// nested moves behind the object or array that begins here.
func (s *scanner) nested() bool {
	for depth := 0; s.pos < len(s.data); {
		switch s.data[s.pos] {
		case '"':
			if !s.quoted() {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.pos++
				return true
			}
		}
		s.pos++
	}
	return false
}

// quoted moves behind the string that begins here.
func (s *scanner) quoted() bool {
	for i := s.pos + 1; ; {
		n := bytes.IndexByte(s.data[i:], '"')
		if n < 0 {
			s.pos = len(s.data)
			return false
		}
		i += n + 1
		// An odd number of backslashes before a quote makes it part of the string.
		// Each run of them stands before one quote only.
		before := i - 2
		for s.data[before] == '\\' {
			before--
		}
		if (i-before)%2 == 0 {
			s.pos = i
			return true
		}
	}
}

// shape reads the object that begins here and moves behind it, or stops as soon as
// nothing that follows could matter. Where the object does not end, the shape is
// what could be read.
func (s *scanner) shape() (sh shape) {
	s.pos++
	for c := s.space(); c != '}' && !sh.decided(); c = s.space() {
		if c == ',' {
			s.pos++
			c = s.space()
		}
		name := s.pos + 1
		if c != '"' || !s.quoted() {
			return sh
		}
		end := s.pos - 1
		if s.space() != ':' {
			return sh
		}
		s.pos++
		c = s.space()
		at := s.pos
		whole := s.value(c)
		is, text := natureOther, []byte(nil)
		switch c {
		case '"':
			is = natureText
			if whole {
				text = s.data[at+1 : s.pos-1]
			}
		case '{':
			is = natureObject
		case '[':
			is = natureArray
		}
		sh.member(s.data[name:end], is, text, span{at, s.pos})
		if !whole {
			return sh
		}
	}
	s.pos = min(s.pos+1, len(s.data))
	return sh
}

// elements calls each with where every element of the array that begins here is,
// until it returns false. It reports whether the array could be read.
func (s *scanner) elements(each func(element span) bool) bool {
	s.pos++
	for c := s.space(); c != ']'; c = s.space() {
		if c == ',' {
			s.pos++
			c = s.space()
		}
		begin := s.pos
		if !s.value(c) {
			return false
		}
		if !each(span{begin, s.pos}) {
			break
		}
	}
	return true
}
