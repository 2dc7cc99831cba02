package auditfile

import (
	"bytes"

	"github.com/fluent-live/live-status/pipeline/event"
)

// line is a line of a chunk, or something in its place.
type line struct {
	// start and end delimit it within the chunk, without its line end.
	start, end int
	// next is where in the chunk the next one begins.
	next int
	// offset and size are those in the file. The size is without the line end.
	offset, size int64
	// skipped is set where the line cannot be used; start equals end then.
	skipped event.RejectReason
	// ends are what is kept of a line that is too large.
	ends *ends
}

// ends are the beginning and the end of a line. They may overlap.
type ends struct{ head, tail []byte }

// splitter splits a file into lines, chunk by chunk. What it keeps between two
// chunks does not grow with the lines.
type splitter struct {
	// max is the longest line to be yielded, in bytes. Of a longer one head
	// bytes are kept of its beginning, and tail of its end.
	max, head, tail int
	// within says what the end of the last chunk lies in, empty if it is
	// nothing that is skipped; it began at offset from.
	within event.RejectReason
	from   int64
	// began and ending are what was kept so far of a line that is too large.
	began  []byte
	ending ending
}

// How much is kept of a line that is too large, as far as the longest line is no
// shorter; but leastKept in any case. What the head must have is everything
// before the bodies: an API server takes 1 MiB of headers, which fill up to
// 6 MiB there where each byte is written as an escape. Behind the bodies are
// annotations, to which a mutating webhook's patch belongs.
const (
	mostHead  = 8 << 20
	mostTail  = 1 << 20
	leastKept = 64 << 10
)

func newSplitter(maxLine int) splitter {
	return splitter{
		max:  maxLine,
		head: min(max(maxLine, leastKept), mostHead),
		tail: min(max(maxLine, leastKept), mostTail),
	}
}

// ending keeps the end of what is added to it, in no more than twice the memory.
type ending struct{ buf []byte }

func (e *ending) add(b []byte, size int) {
	if len(b) >= size {
		e.buf = append(e.buf[:0], b[len(b)-size:]...)
		return
	}
	if len(e.buf)+len(b) > 2*size {
		// Less than size bytes are moved for as many that came.
		n := copy(e.buf, e.buf[len(e.buf)-(size-len(b)):])
		e.buf = e.buf[:n]
	}
	e.buf = append(e.buf, b...)
}

// keep adds to what is kept of a line that is too large.
func (s *splitter) keep(b []byte) {
	s.began = append(s.began, b[:min(len(b), s.head-len(s.began))]...)
	s.ending.add(b, s.tail)
}

// kept returns what was kept of a line that ends now.
func (s *splitter) kept() *ends {
	tail := s.ending.buf
	e := &ends{head: s.began, tail: tail[max(len(tail)-s.tail, 0):]}
	s.began, s.ending = nil, ending{}
	return e
}

// byteOrderMark is what some editors put before UTF-8.
var byteOrderMark = []byte("\xef\xbb\xbf")

// cuts finds the ends of lines in a chunk. It looks at each byte twice at
// most, whatever lies between them.
type cuts struct {
	chunk []byte
	// feed and nul are the next line feed and the next NUL; len(chunk) if
	// there is none.
	feed, nul int
}

func index(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

// end returns the end of the line that i lies in: a line feed or, since JSON
// has none, a NUL.
func (c *cuts) end(i int) int {
	if c.feed < i {
		c.feed = index(c.chunk, i, '\n')
	}
	if c.nul < i {
		c.nul = index(c.chunk, i, 0)
	}
	return min(c.feed, c.nul)
}

// split appends the lines of a chunk, which lies at offset at of the file, to
// into until that is full, and returns how much of the chunk is dealt with. The
// rest is to be seen again, with more behind it. When final is set nothing will
// come behind the chunk: what is left is a line.
func (s *splitter) split(chunk []byte, at int64, final bool, into []line) (lines []line, used int) {
	c := cuts{chunk: chunk, feed: -1, nul: -1}
	i := 0
	if at == 0 && bytes.HasPrefix(chunk, byteOrderMark) {
		i = len(byteOrderMark)
	}
	for i < len(chunk) && len(into) < cap(into) {
		if s.within == "" && chunk[i] == 0 {
			s.within, s.from = event.RejectNULBlock, at+int64(i)
		}
		var end, next int
		switch s.within {
		case event.RejectNULBlock:
			end = i + runOfNUL(chunk[i:])
			next = end
		default:
			end = c.end(i)
			next = end
			if end < len(chunk) && chunk[end] == '\n' {
				next++
			}
		}
		if next == len(chunk) && next == end && !final {
			if s.within == "" && end-i > s.max+1 {
				// A carriage return may be the last byte of these.
				s.within, s.from = event.RejectTooLarge, at+int64(i)
			}
			if s.within == "" {
				return into, i
			}
			if s.within == event.RejectTooLarge {
				s.keep(chunk[i:end])
			}
			return into, len(chunk)
		}
		into = s.cut(chunk, at, i, end, next, into)
		i = next
	}
	if final && i == len(chunk) && s.within != "" && len(into) < cap(into) {
		into = s.cut(chunk, at, i, i, i, into)
	}
	return into, i
}

// cut appends the line from i to end, if it is one.
func (s *splitter) cut(chunk []byte, at int64, i, end, next int, into []line) []line {
	if s.within != "" {
		l := line{start: end, end: end, next: next, offset: s.from, size: at + int64(end) - s.from, skipped: s.within}
		if s.within == event.RejectTooLarge {
			s.keep(chunk[i:end])
			l.ends = s.kept()
		}
		s.within = ""
		return append(into, l)
	}
	l := line{start: i, end: end, next: next, offset: at + int64(i)}
	// What is longer than this is too large even without a carriage return,
	// and may have been counted rather than kept: it is not looked into.
	if end-i <= s.max+1 {
		for l.end > i && isBlank(chunk[l.end-1]) {
			l.end--
		}
	}
	l.size = int64(l.end - i)
	switch {
	case l.size == 0:
		return into
	case l.size > int64(s.max):
		raw := chunk[l.start:l.end]
		l.ends = &ends{head: raw[:min(len(raw), s.head)], tail: raw[max(len(raw)-s.tail, 0):]}
		l.start, l.skipped = l.end, event.RejectTooLarge
	}
	return append(into, l)
}

func isBlank(c byte) bool { return c == '\r' || c == ' ' || c == '\t' }

// runOfNUL returns how many bytes of b are NUL before the first other one.
func runOfNUL(b []byte) int {
	var zeros [512]byte
	n := 0
	for len(b)-n >= len(zeros) && bytes.Equal(b[n:n+len(zeros)], zeros[:]) {
		n += len(zeros)
	}
	for n < len(b) && b[n] == 0 {
		n++
	}
	return n
}
