package recorded

import (
	"io"

	"github.com/fluent-live/live-status/pipeline/event"
)

// feed is a text that is read on as it is looked at. What lies before pos is
// forgotten unless something is being kept.
type feed struct {
	src io.Reader
	// buf is the part of the text that is in memory, at where it begins, and pos
	// the next byte in it to be looked at.
	buf []byte
	at  int64
	pos int
	// mark is where in buf what is kept begins; -1 where nothing is. begun is where
	// that lies in the text.
	mark  int
	begun int64
	// cut is set once what is kept has become too large.
	cut *cut
	// err is why there is nothing more to read.
	err error

	limits limits
	name   [longestName]byte
	word   [longestName]byte
}

// limits say how much is kept.
type limits struct {
	// item is the longest one that is kept whole, in bytes. Of a longer one head
	// and tail bytes are.
	item, head, tail int
}

// How much is kept of an audit event that is too large: as much as of a line of
// the live audit log, for the same record to be made of it.
const (
	mostHead  = 8 << 20
	mostTail  = 1 << 20
	leastKept = 64 << 10
)

// limitsOf returns the limits for a class of files. Of an event that is too large
// nothing can be told.
func limitsOf(c class, item int) limits {
	if c != auditFile {
		return limits{item: item}
	}
	return limits{item: item, head: min(max(item, leastKept), mostHead), tail: min(max(item, leastKept), mostTail)}
}

func newFeed(src io.Reader, l limits) feed {
	return feed{src: src, limits: l, mark: -1, buf: make([]byte, 0, readSize)}
}

// scan returns a feed of a text that is in memory.
func scan(text []byte) feed { return feed{buf: text, mark: -1, err: io.EOF} }

// piece is a JSON text that was found, or something in its place.
type piece struct {
	// raw is valid until the next one is asked for. Of what is too large, raw and
	// tail are what is kept of it.
	raw, tail    []byte
	offset, size int64
	skipped      event.RejectReason
	// list is what a list says its items are; nil where it is none.
	list *typeMeta
}

// cut is what is kept of something too large. Its parts may overlap.
type cut struct {
	head []byte
	tail []byte
	size int64
}

func (c *cut) keep(b []byte, l limits) {
	c.size += int64(len(b))
	c.head = append(c.head, b[:min(len(b), l.head-len(c.head))]...)
	switch {
	case l.tail == 0:
	case len(b) >= l.tail:
		c.tail = append(c.tail[:0], b[len(b)-l.tail:]...)
	default:
		if len(c.tail)+len(b) > 2*l.tail {
			// Less than l.tail bytes are moved for as many that came.
			n := copy(c.tail, c.tail[len(c.tail)-(l.tail-len(b)):])
			c.tail = c.tail[:n]
		}
		c.tail = append(c.tail, b...)
	}
}

// keep begins to keep what comes from pos on.
func (f *feed) keep() { f.mark, f.begun, f.cut = f.pos, f.at+int64(f.pos), nil }

// drop keeps nothing any more.
func (f *feed) drop() { f.mark, f.cut = -1, nil }

// taken returns what was kept up to end, and keeps nothing any more.
func (f *feed) taken(end int) piece {
	raw := f.buf[f.mark:end:end]
	p := piece{raw: raw, offset: f.begun, size: int64(len(raw))}
	if f.cut == nil && len(raw) > f.limits.item {
		f.cut = &cut{}
	}
	if c := f.cut; c != nil {
		c.keep(raw, f.limits)
		p.skipped, p.size = event.RejectTooLarge, c.size
		p.raw, p.tail = c.head, c.tail[max(len(c.tail)-f.limits.tail, 0):]
	}
	f.drop()
	return p
}

// lineSlack is by how much what is kept may be longer than an item: by a carriage
// return at the end of a line.
const lineSlack = 1

// more reads on. It reports false at the end of the text, and pos is then the
// length of buf or less.
func (f *feed) more() bool {
	if f.err != nil {
		return false
	}
	if f.mark >= 0 {
		if f.cut == nil && f.pos-f.mark > f.limits.item+lineSlack {
			f.cut = &cut{}
		}
		if f.cut != nil {
			f.cut.keep(f.buf[f.mark:f.pos], f.limits)
			f.mark = f.pos
		}
	}
	f.room()
	for range 100 {
		n, err := f.src.Read(f.buf[len(f.buf):cap(f.buf)])
		f.buf = f.buf[:len(f.buf)+n]
		f.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	f.err = io.ErrNoProgress
	return false
}

// room sees to it that there is room to read into.
func (f *feed) room() {
	if cap(f.buf)-len(f.buf) >= readSize/2 {
		return
	}
	from := f.pos
	if f.mark >= 0 {
		from = f.mark
	}
	rest := f.buf[from:]
	size := cap(f.buf)
	switch {
	case size-len(rest) < readSize/2:
		size *= 2
	case size > readSize && len(rest) <= readSize/2:
		// A huge item came by.
		size = readSize
	}
	if size != cap(f.buf) {
		f.buf = append(make([]byte, 0, size), rest...)
	} else if from > 0 {
		f.buf = f.buf[:copy(f.buf, rest)]
	}
	f.at += int64(from)
	f.pos -= from
	if f.mark >= 0 {
		f.mark -= from
	}
}
