package fluentbit

import (
	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	// batchItems and batchBytes bound what is yielded at once. A single item may be
	// larger.
	batchItems = 512
	batchBytes = 256 << 10
	// skippedPrefix is how much is yielded of what is skipped. Of an audit event that
	// is too large it is up to mostHead of its beginning and mostTail of its end, but
	// no more than the largest item and no less than leastKept: what comes before its
	// bodies holds 1 MiB of a request's headers, each byte of which may be written as
	// an escape, and what comes behind them annotations.
	skippedPrefix = 1 << 10
	mostHead      = 8 << 20
	mostTail      = 1 << 20
	leastKept     = 64 << 10
)

// batch collects the items of a chunk and yields them.
type batch struct {
	yield   func([]event.Item) error
	receipt event.Receipt
	place   event.Place

	transcoder
	// items are those to be yielded next, and spans where the Raw and the Tail of
	// each are in the transcoder's buffer, which moves as it grows; zero if they are
	// in the chunk.
	items []event.Item
	spans []ends
	// bytes is the size of the items that are in the chunk.
	bytes int
	// waiting is what may become larger yet.
	waiting stray
}

type ends struct{ raw, tail span }

// stray is what consecutive things that are of no use have in common. They become
// one item: who has the logs of all programs sent here would else get a record for
// each of them.
type stray struct {
	reason event.RejectReason
	place  event.Place
	raw    []byte
	size   int64
}

func newBatch(data []byte, maxItem int, place event.Place, receipt event.Receipt, yield func([]event.Item) error) *batch {
	kept := max(maxItem, leastKept)
	b := &batch{yield: yield, receipt: receipt, place: place}
	b.data = data
	b.keep = keep{whole: maxItem, head: min(kept, mostHead), tail: min(kept, mostTail)}
	return b
}

// addPacked appends the map at a place of the chunk.
func (b *batch) addPacked(kind event.Kind, change event.Change, at span, what lost) error {
	if err := b.endStray(); err != nil {
		return err
	}
	need := min((at.to-at.from)*5/4, b.keep.whole) + 128
	if err := b.room(need); err != nil {
		return err
	}
	if b.buf == nil {
		b.buf = make([]byte, 0, max(need, min(batchBytes, (len(b.data)-at.from)*5/4)))
	}
	from := len(b.buf)
	size, err := b.object(at.from, what)
	if err != nil {
		b.buf = b.buf[:from]
		return b.addStray(event.RejectNotAnEvent, b.data[at.from:at.to])
	}
	e := ends{raw: span{from, len(b.buf)}}
	item := event.Item{Kind: kind, Change: change, Size: size}
	if size > int64(b.keep.whole) {
		item.Skipped = event.RejectTooLarge
		e = b.cut(kind, span{from, len(b.buf)})
	}
	b.push(&item, e)
	return nil
}

// cut returns what is kept of an item that is too large: of an audit event both
// ends, of others so much that it can be told from others.
func (b *batch) cut(kind event.Kind, at span) ends {
	n := at.to - at.from
	if kind != event.KindAudit {
		return ends{raw: span{at.from, at.from + min(n, skippedPrefix)}}
	}
	return ends{
		raw:  span{at.from, at.from + min(n, b.keep.head)},
		tail: span{at.to - min(n, b.keep.tail), at.to},
	}
}

// addText appends a text of the chunk that is JSON already.
func (b *batch) addText(kind event.Kind, change event.Change, raw []byte) error {
	if err := b.endStray(); err != nil {
		return err
	}
	if err := b.room(len(raw)); err != nil {
		return err
	}
	item := event.Item{Kind: kind, Change: change, Size: int64(len(raw)), Raw: raw}
	if len(raw) > b.keep.whole {
		item.Skipped = event.RejectTooLarge
		e := b.cut(kind, span{0, len(raw)})
		item.Raw = raw[:e.raw.to]
		if e.tail.to > 0 {
			item.Tail = raw[e.tail.from:]
		}
	}
	b.bytes += len(item.Raw) + len(item.Tail)
	b.push(&item, ends{})
	return nil
}

// addStray notes what is of no use, and where the log event is that it stands in.
func (b *batch) addStray(reason event.RejectReason, raw []byte) error {
	s := &b.waiting
	if s.reason != reason {
		if err := b.endStray(); err != nil {
			return err
		}
		*s = stray{reason: reason, place: b.place, raw: raw[:min(len(raw), skippedPrefix)]}
	}
	s.size += int64(len(raw))
	return nil
}

func (b *batch) endStray() error {
	s := b.waiting
	if s.reason == "" {
		return nil
	}
	b.waiting = stray{}
	if err := b.room(0); err != nil {
		return err
	}
	b.push(&event.Item{Skipped: s.reason, Raw: s.raw, Size: s.size}, ends{})
	b.items[len(b.items)-1].Place = s.place
	return nil
}

// room yields what there is if there is enough of it, or no room for need bytes
// more.
func (b *batch) room(need int) error {
	if len(b.items) == 0 || len(b.items) < batchItems && len(b.buf)+b.bytes+need <= batchBytes {
		return nil
	}
	return b.flush()
}

func (b *batch) push(item *event.Item, e ends) {
	item.Receipt, item.Place = b.receipt, b.place
	b.items = append(b.items, *item)
	b.spans = append(b.spans, e)
}

// end yields the rest, and that it was the last.
func (b *batch) end() error {
	if err := b.endStray(); err != nil {
		return err
	}
	b.items = append(b.items, event.Item{Change: event.Progress, Receipt: b.receipt})
	b.spans = append(b.spans, ends{})
	return b.flush()
}

func (b *batch) flush() error {
	items, buf := b.items, b.buf
	for i, e := range b.spans {
		if e.raw.to > 0 {
			items[i].Raw = buf[e.raw.from:e.raw.to:e.raw.to]
		}
		if e.tail.to > 0 {
			items[i].Tail = buf[e.tail.from:e.tail.to:e.tail.to]
		}
	}
	b.items, b.spans, b.buf, b.bytes = make([]event.Item, 0, len(items)), b.spans[:0], nil, 0
	return b.yield(items)
}
