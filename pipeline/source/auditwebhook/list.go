package auditwebhook

import (
	"bytes"
	"fmt"
)

// split calls each with the items of a body in their order, until it returns
// false. A body is an EventList, an Event, an array of Events, or any number of
// these one after the other, with or without line breaks. It returns what keeps
// the body from being split, or from being one of audit events at all.
func split(body []byte, each func(raw []byte) bool) *flaw {
	l := list{scanner: scanner{data: body}, each: each}
	l.pos = len(body) - len(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if _, ok := l.space(); !ok {
		return &flaw{l.pos, "the body is empty"}
	}
	for !l.stopped {
		c, ok := l.space()
		if !ok {
			break
		}
		if f := l.top(c); f != nil {
			return f
		}
	}
	if l.known || l.stopped {
		return nil
	}
	return l.complaint
}

// list is a body while it is split.
type list struct {
	scanner
	each func(raw []byte) bool

	// known is set once something was found that is of audit.k8s.io/v1, and
	// complaint is why the first thing was not.
	known     bool
	complaint *flaw
	stopped   bool
}

// top takes one of the values that a body consists of.
func (l *list) top(c byte) *flaw {
	begin := l.pos
	switch c {
	case '[':
		found := 0
		f := l.elements(func(begin, end int) bool {
			found++
			return l.item(begin, end)
		})
		if found == 0 {
			l.known = l.known || f == nil
		}
		return f
	case '{':
		h, f := readHead(&l.scanner)
		if f == nil && h.isList(l.data) {
			l.known = true
			return l.list(&h, l.pos)
		}
		if f == nil {
			break
		}
		l.complain(f)
		l.pos = begin
		if f := l.nested(); f != nil {
			return f
		}
	default:
		if _, f := l.value(); f != nil {
			return f
		}
	}
	l.item(begin, l.pos)
	return nil
}

// list takes the items of an EventList that ends at end.
func (l *list) list(h *head, end int) *flaw {
	if h.array(l.data) {
		l.pos = h.itemsAt
		if f := l.elements(l.pass); f != nil {
			return f
		}
	}
	l.pos = end
	return nil
}

// item takes an item that has to say itself what it is, as long as nothing else
// has.
func (l *list) item(begin, end int) bool {
	if !l.known {
		l.judge(begin, end)
	}
	return l.pass(begin, end)
}

func (l *list) judge(begin, end int) {
	if l.data[begin] != '{' {
		l.complain(&flaw{begin, "a JSON object is needed"})
		return
	}
	h, f := readHead(&scanner{data: l.data[:end], pos: begin})
	switch {
	case f != nil:
		l.complain(f)
	case h.isEvent():
		l.known = true
	default:
		l.complain(h.complain())
	}
}

func (l *list) pass(begin, end int) bool {
	if !l.each(l.data[begin:end:end]) {
		l.stopped = true
	}
	return !l.stopped
}

func (l *list) complain(f *flaw) {
	if l.complaint == nil {
		l.complaint = f
	}
}

// explain says what is wrong with a body and where.
func (f *flaw) explain(body []byte) string {
	before := body[:f.at]
	line := bytes.Count(before, []byte("\n")) + 1
	column := f.at - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("%s at byte %d (line %d, column %d)", f.what, f.at, line, column)
}
