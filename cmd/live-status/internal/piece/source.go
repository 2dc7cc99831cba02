package piece

import (
	"bytes"
	"errors"
	"io"
)

// chunk is how much is read at once.
const chunk = 64 << 10

// source is an input of which as much can be looked at as is needed.
type source struct {
	in  io.Reader
	buf []byte
	// start is where in buf what was not taken begins.
	start int
	err   error
	// line is that of the next byte.
	line int
}

// more reads more, and reports whether there was any.
func (s *source) more() bool {
	if s.err != nil {
		return false
	}
	if s.start > 0 && cap(s.buf)-len(s.buf) < chunk {
		n := copy(s.buf, s.buf[s.start:])
		s.buf, s.start = s.buf[:n], 0
	}
	if cap(s.buf)-len(s.buf) < chunk {
		grown := make([]byte, len(s.buf), 2*cap(s.buf)+2*chunk)
		copy(grown, s.buf)
		s.buf = grown
	}
	for range 100 {
		n, err := s.in.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		s.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// rest is what was read and not taken.
func (s *source) rest() []byte { return s.buf[s.start:] }

// at returns byte i of what is next, and whether there is one.
func (s *source) at(i int) (byte, bool) {
	for s.start+i >= len(s.buf) {
		if !s.more() {
			return 0, false
		}
	}
	return s.buf[s.start+i], true
}

// lineEnd returns where the line ends that has byte i, its end included. Over is
// set where that is not among the first limit bytes; end is what was looked at.
func (s *source) lineEnd(i, limit int) (end int, over bool) {
	for seen := i; ; {
		rest := s.rest()
		if n := bytes.IndexByte(rest[min(seen, len(rest)):], '\n'); n >= 0 {
			return seen + n + 1, seen+n+1 > limit
		}
		if seen = len(rest); seen > limit {
			return seen, true
		}
		if !s.more() {
			return len(s.rest()), false
		}
	}
}

// take takes n bytes.
func (s *source) take(n int) string {
	text := string(s.buf[s.start : s.start+n])
	s.drop(n)
	return text
}

// drop takes n bytes that nobody wants.
func (s *source) drop(n int) {
	s.line += bytes.Count(s.buf[s.start:s.start+n], []byte{'\n'})
	if s.start += n; s.start == len(s.buf) {
		s.buf, s.start = s.buf[:0], 0
	}
}

// dropLine drops the rest of a line, and not its end.
func (s *source) dropLine() {
	for {
		rest := s.rest()
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			s.drop(n)
			return
		}
		s.drop(len(rest))
		if !s.more() {
			return
		}
	}
}

// failed is the error that ended the input, but for its end.
func (s *source) failed() error {
	if s.err == nil || errors.Is(s.err, io.EOF) {
		return nil
	}
	return s.err
}

// isSpace reports whether c is white space in JSON.
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// space returns how many of the next bytes, up to limit, are white space, up to the
// end of the line: what follows may not have come yet.
func (s *source) space(limit int) int {
	for i := 0; ; i++ {
		c, ok := s.at(i)
		if !ok || !isSpace(c) || i >= limit {
			return i
		}
		if c == '\n' {
			return i + 1
		}
	}
}
