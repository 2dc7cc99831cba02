package custom

import (
	lua "github.com/yuin/gopher-lua"
)

// Limits of a search.
const (
	maxPattern  = 4 << 10
	maxCaptures = 32
	// comparisonsPerStep is how many comparisons take as long as an instruction.
	comparisonsPerStep = 8
)

// The length of a capture that is not closed yet, or that is just a position.
const (
	captureOpen     = -1
	capturePosition = -2
)

// search looks for a pattern of Lua 5.1 in a text. The machine's own search takes
// time exponential in the pattern and cannot be stopped; this one draws on the
// budget.
type search struct {
	l           *lua.LState
	b           *budget
	text        string
	pattern     string
	comparisons int
	captures    []capture
	room        [4]capture
}

type capture struct{ start, length int }

func newSearch(l *lua.LState, text, pattern string) *search {
	if len(pattern) > maxPattern {
		l.RaiseError("a pattern is longer than %d characters", maxPattern)
	}
	s := &search{l: l, b: budgetOf(l), text: text, pattern: pattern}
	s.captures = s.room[:0]
	return s
}

// next returns the first match that begins at from or after it.
func (s *search) next(from int) (start, end int, ok bool) {
	if s.anchored() {
		end = s.at(from)
		return from, end, end >= 0
	}
	for ; from <= len(s.text); from++ {
		if end := s.at(from); end >= 0 {
			return from, end, true
		}
	}
	return 0, 0, false
}

func (s *search) anchored() bool { return s.pattern != "" && s.pattern[0] == '^' }

// at returns the end of the match that begins at a position; -1 for none.
func (s *search) at(position int) int {
	s.captures = s.captures[:0]
	p := 0
	if s.anchored() {
		p = 1
	}
	return s.match(position, p)
}

// step counts a comparison.
func (s *search) step() {
	if s.comparisons++; s.comparisons == comparisonsPerStep {
		s.comparisons = 0
		s.b.work(s.l, 1)
	}
}

// match matches the pattern from p on with the text from t on. It calls itself for
// what follows a repetition or capture, so at most once for each character of the
// pattern.
func (s *search) match(t, p int) int {
	for p < len(s.pattern) {
		s.step()
		switch c := s.pattern[p]; {
		case c == '(':
			return s.openCapture(t, p+1)
		case c == ')':
			return s.closeCapture(t, p+1)
		case c == '$' && p+1 == len(s.pattern):
			if t == len(s.text) {
				return t
			}
			return -1
		case c == '%' && p+1 < len(s.pattern) && s.pattern[p+1] == 'b':
			if t = s.balanced(t, p+2); t < 0 {
				return -1
			}
			p += 4
			continue
		case c == '%' && p+1 < len(s.pattern) && '0' <= s.pattern[p+1] && s.pattern[p+1] <= '9':
			if t = s.backReference(t, int(s.pattern[p+1]-'1')); t < 0 {
				return -1
			}
			p += 2
			continue
		}
		after := s.classEnd(p)
		repeat := byte(0)
		if after < len(s.pattern) {
			repeat = s.pattern[after]
		}
		switch repeat {
		case '?':
			if s.one(t, p, after) {
				if end := s.match(t+1, after+1); end >= 0 {
					return end
				}
			}
			p = after + 1
		case '*':
			return s.most(t, p, after, 0)
		case '+':
			return s.most(t, p, after, 1)
		case '-':
			return s.least(t, p, after)
		default:
			if !s.one(t, p, after) {
				return -1
			}
			t, p = t+1, after
		}
	}
	return t
}

// most matches as many as it can, and at least so many.
func (s *search) most(t, p, after, least int) int {
	n := 0
	for s.one(t+n, p, after) {
		s.step()
		n++
	}
	for ; n >= least; n-- {
		if end := s.match(t+n, after+1); end >= 0 {
			return end
		}
		s.step()
	}
	return -1
}

// least matches as few as it can.
func (s *search) least(t, p, after int) int {
	for {
		if end := s.match(t, after+1); end >= 0 {
			return end
		}
		s.step()
		if !s.one(t, p, after) {
			return -1
		}
		t++
	}
}

func (s *search) openCapture(t, p int) int {
	if len(s.captures) == maxCaptures {
		s.l.RaiseError("a pattern has more than %d captures", maxCaptures)
	}
	n := len(s.captures)
	if p < len(s.pattern) && s.pattern[p] == ')' {
		s.captures = append(s.captures, capture{t, capturePosition})
		p++
	} else {
		s.captures = append(s.captures, capture{t, captureOpen})
	}
	end := s.match(t, p)
	if end < 0 {
		s.captures = s.captures[:n]
	}
	return end
}

func (s *search) closeCapture(t, p int) int {
	n := len(s.captures) - 1
	for n >= 0 && s.captures[n].length != captureOpen {
		n--
	}
	if n < 0 {
		s.l.RaiseError("a pattern has a ) without a (")
	}
	s.captures[n].length = t - s.captures[n].start
	end := s.match(t, p)
	if end < 0 {
		s.captures[n].length = captureOpen
	}
	return end
}

// balanced matches %bxy, whose two characters are at p.
func (s *search) balanced(t, p int) int {
	if p+1 >= len(s.pattern) {
		s.l.RaiseError("a pattern has %%b without two characters")
	}
	if t >= len(s.text) || s.text[t] != s.pattern[p] {
		return -1
	}
	depth := 1
	for t++; t < len(s.text); t++ {
		s.step()
		switch s.text[t] {
		case s.pattern[p+1]:
			if depth--; depth == 0 {
				return t + 1
			}
		case s.pattern[p]:
			depth++
		}
	}
	return -1
}

func (s *search) backReference(t, n int) int {
	if n < 0 || n >= len(s.captures) || s.captures[n].length < 0 {
		s.l.RaiseError("a pattern refers to a capture that it does not have")
	}
	c := s.captures[n]
	s.b.work(s.l, c.length/64)
	if len(s.text)-t < c.length || s.text[c.start:c.start+c.length] != s.text[t:t+c.length] {
		return -1
	}
	return t + c.length
}

// classEnd returns where the class that begins at p ends.
func (s *search) classEnd(p int) int {
	c := s.pattern[p]
	p++
	switch c {
	case '%':
		if p >= len(s.pattern) {
			s.l.RaiseError("a pattern ends with %%")
		}
		return p + 1
	case '[':
		if p < len(s.pattern) && s.pattern[p] == '^' {
			p++
		}
		// A ] right at the beginning is part of the set.
		for first := true; ; first = false {
			if p >= len(s.pattern) {
				s.l.RaiseError("a pattern has a [ without a ]")
			}
			switch {
			case s.pattern[p] == ']' && !first:
				return p + 1
			case s.pattern[p] == '%':
				p++
			}
			p++
		}
	}
	return p
}

// one reports whether the character at t is in the class from p to end.
func (s *search) one(t, p, end int) bool {
	if t >= len(s.text) {
		return false
	}
	c := s.text[t]
	switch s.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, s.pattern[p+1])
	case '[':
		return s.inSet(c, p+1, end-1)
	}
	return s.pattern[p] == c
}

// inSet reports whether a character is in the set between the brackets.
func (s *search) inSet(c byte, p, end int) bool {
	s.comparisons += (end - p) / 4
	if s.comparisons >= comparisonsPerStep {
		s.b.work(s.l, s.comparisons/comparisonsPerStep)
		s.comparisons = 0
	}
	in := true
	if s.pattern[p] == '^' {
		in = false
		p++
	}
	for p < end {
		switch {
		case s.pattern[p] == '%' && p+1 < end:
			if inClass(c, s.pattern[p+1]) {
				return in
			}
			p += 2
		case p+2 < end && s.pattern[p+1] == '-':
			if s.pattern[p] <= c && c <= s.pattern[p+2] {
				return in
			}
			p += 3
		default:
			if s.pattern[p] == c {
				return in
			}
			p++
		}
	}
	return !in
}

// inClass reports whether a character is in the class of a letter; an upper-case
// letter is for all others. What is no letter of a class stands for itself.
func inClass(c, class byte) bool {
	var in bool
	switch class | 0x20 {
	case 'a':
		in = letter(c)
	case 'c':
		in = c < 0x20 || c == 0x7f
	case 'd':
		in = digit(c)
	case 'l':
		in = 'a' <= c && c <= 'z'
	case 'p':
		in = 0x20 < c && c < 0x7f && !letter(c) && !digit(c)
	case 's':
		in = c == ' ' || '\t' <= c && c <= '\r'
	case 'u':
		in = 'A' <= c && c <= 'Z'
	case 'w':
		in = letter(c) || digit(c)
	case 'x':
		in = digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return c == class
	}
	if !letter(class) {
		return c == class
	}
	return in == (class >= 'a')
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func digit(c byte) bool { return '0' <= c && c <= '9' }

// results returns what a match yields: its captures, or all of it where the
// pattern has none and whole is set.
func (s *search) results(start, end int, whole bool) []lua.LValue {
	if len(s.captures) == 0 {
		if !whole {
			return nil
		}
		return []lua.LValue{lua.LString(s.text[start:end])}
	}
	out := make([]lua.LValue, 0, len(s.captures))
	for n := range s.captures {
		out = append(out, s.result(n))
	}
	return out
}

func (s *search) result(n int) lua.LValue {
	switch c := s.captures[n]; c.length {
	case captureOpen:
		s.l.RaiseError("a pattern has a ( without a )")
		return lua.LNil
	case capturePosition:
		return lua.LNumber(c.start + 1)
	default:
		return lua.LString(s.text[c.start : c.start+c.length])
	}
}
