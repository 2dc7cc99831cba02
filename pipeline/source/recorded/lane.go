package recorded

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/fluent-live/live-status/pipeline/event"
)

// lane is an audit log on its way into the order of all.
type lane struct {
	in *input
	// first is when the earliest of its first lines was; earliest where that is not
	// known.
	first moment

	content *content
	reader  reader
	window  window
	// last is the moment of the item read last, which stands for one that bears none.
	last  moment
	order int64
	// begun is set once an item of it was yielded, ended once there is nothing more to
	// be read.
	begun, ended bool
}

const (
	// peekSize is how much is looked at of a file to find out when it begins, and
	// peekMost how much more where the first lines bear no time.
	peekSize = 64 << 10
	peekMost = 32 << 20
)

// peek finds out when a file begins, and closes it.
func (l *lane) peek(ctx context.Context, item int) error {
	l.first = earliest
	c, err := l.in.open(ctx, nil)
	if err != nil {
		return err
	}
	defer c.close()
	r, _ := newReader(c, auditFile, item)
	first, known := latest, false
	for n := int64(0); n < peekSize || !known && n < peekMost; n = r.consumed() {
		p, err := r.next()
		if err != nil {
			// What is wrong with it shows again when it is read.
			break
		}
		expand(&p, func(f found) {
			if f.timed {
				first, known = min(first, f.moment), true
			}
		})
	}
	if known {
		l.first = first
	}
	return ctx.Err()
}

// expand calls each with the audit events of a piece.
func expand(p *piece, each func(found)) {
	switch p.skipped {
	case "":
		auditsIn(p.raw, each)
	case event.RejectTooLarge:
		each(auditOf(p.tail, 0))
	default:
		each(found{})
	}
}

// open opens the file for good.
func (l *lane) open(ctx context.Context, item int, report func(int64)) error {
	c, err := l.in.open(ctx, report)
	if err != nil {
		l.ended = true
		return err
	}
	l.content, l.last = c, l.first
	l.reader, _ = newReader(c, auditFile, item)
	return nil
}

// read reads on until there is another item in the window, or to the end.
func (l *lane) read() error {
	before := l.window.len()
	for !l.ended && l.window.len() == before {
		p, err := l.reader.next()
		if err != nil {
			l.close()
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		expand(&p, func(f found) { l.add(&p, &f) })
	}
	return nil
}

func (l *lane) add(p *piece, f *found) {
	if f.timed {
		l.last = f.moment
	}
	l.order++
	h := &held{at: l.last, order: l.order, timed: f.timed, item: event.Item{
		Kind: event.KindAudit, Skipped: p.skipped,
		Place: event.Place{Source: sourceName, Name: l.in.name, Offset: p.offset + int64(f.at)},
	}}
	switch {
	case p.skipped != "":
		h.item.Raw, h.item.Tail, h.item.Size = p.raw, p.tail, p.size
	default:
		h.item.Raw, h.item.Size = bytes.Clone(f.raw), int64(len(f.raw))
	}
	l.window.push(h)
}

func (l *lane) close() {
	l.ended = true
	if l.content != nil {
		l.content.close()
		l.content, l.reader = nil, nil
	}
}
