package recorded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// entry is an event in the index.
type entry struct {
	at moment
	// off is where it is: in its file, or in what is kept; size is how long it is
	// and sum a checksum of it.
	off  int64
	size uint32
	sum  uint32
	// rank is that of its file.
	rank uint32
	mark mark
	// skipped is one of skippedReasons, if anything.
	skipped uint8
}

// mark is what else there is to say of an entry.
type mark uint8

const (
	// markTimed is set where the event bears a time.
	markTimed mark = 1 << iota
	// markDeleted is set on the notice that an event is gone.
	markDeleted
	// markKept is set where the event is in what is kept, and not in its file.
	markKept
)

// skippedReasons are the reasons for which something is skipped.
var skippedReasons = [...]event.RejectReason{"", event.RejectNotJSON, event.RejectTooLarge, event.RejectNULBlock}

// index is where all events are, in the order of time.
type index struct {
	s       *Source
	entries []entry
	// pos is the next one to be yielded.
	pos   int
	kept  kept
	files origins
	// broken are the files that could not be read a second time.
	broken map[uint32]bool
}

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// index finds all events. Its error ends the run.
func (s *Source) index(ctx context.Context) (*index, error) {
	x := &index{s: s, kept: kept{most: s.opts.Window.EventBytes}, broken: make(map[uint32]bool)}
	for _, in := range s.of(eventFile) {
		err := x.scan(ctx, in)
		if ctx.Err() != nil {
			err = ctx.Err()
		} else if err != nil && !errors.As(err, new(*keptError)) {
			s.failed(in, err)
			continue
		}
		if err != nil {
			x.close()
			return nil, err
		}
	}
	slices.SortStableFunc(x.entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	return x, nil
}

// scan finds the events of a file.
func (x *index) scan(ctx context.Context, in *input) error {
	c, err := in.open(ctx, x.s.reported(in))
	if err != nil {
		return err
	}
	defer c.close()
	r, fm := newReader(c, eventFile, x.s.opts.MaxItem)
	f := finder{index: x, in: in, keep: in.once || c.zipped || fm == formYAML, last: earliest}
	for {
		p, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f.piece(&p); err != nil {
			return err
		}
	}
}

// finder adds the events of a file to the index.
type finder struct {
	*index
	in *input
	// keep is set where the file cannot be read a second time.
	keep bool
	// last is the moment of the event before, which stands for one that bears none.
	last moment
}

func (f *finder) piece(p *piece) (err error) {
	if p.skipped != "" {
		if err := f.room(); err != nil {
			return err
		}
		f.entries = append(f.entries, entry{
			at: f.last, off: p.offset, size: uint32(min(p.size, math.MaxUint32)), rank: uint32(f.in.rank),
			skipped: uint8(max(slices.Index(skippedReasons[:], p.skipped), 1)),
		})
		return nil
	}
	unpack(p.raw, p.list, func(u unpacked) {
		if err == nil {
			err = f.add(p, &u)
		}
	})
	return err
}

// room returns an error where the index has no room for another event: a small
// compressed file may say that there are billions.
func (f *finder) room() error {
	if most := f.s.opts.Window.Events; len(f.entries) >= most {
		return fmt.Errorf("there are more than %d events: replay a part of them at a time", most)
	}
	return nil
}

func (f *finder) add(p *piece, u *unpacked) error {
	if u.failed {
		f.s.complain(f.in, p.offset+int64(u.at))
		return nil
	}
	if err := f.room(); err != nil {
		return err
	}
	e := entry{
		at: u.moment, off: p.offset + int64(u.at), size: uint32(len(u.raw)), sum: crc32.Checksum(u.raw, castagnoli),
		rank: uint32(f.in.rank),
	}
	if u.timed {
		e.mark |= markTimed
	}
	switch {
	case u.change == event.Deleted:
		// The event tells when it happened, not when it was deleted.
		e.mark = e.mark&^markTimed | markDeleted
		e.at = f.last
		if u.timed {
			e.at = max(u.moment, f.last)
		}
	case u.timed:
		f.last = u.moment
	default:
		e.at = f.last
	}
	if f.keep {
		off, err := f.kept.add(u.raw, e.off)
		if err != nil {
			return err
		}
		e.mark |= markKept
		e.off = off
	}
	f.entries = append(f.entries, e)
	return nil
}

func (x *index) done() bool { return x.pos == len(x.entries) }

// at returns when the next event happened.
func (x *index) at() moment { return x.entries[x.pos].at }

// next returns the next event.
func (x *index) next() held {
	e := &x.entries[x.pos]
	x.pos++
	in := x.s.inputs[e.rank]
	h := held{at: e.at, timed: e.mark&markTimed != 0, item: event.Item{
		Kind: event.KindEvent, Change: event.Updated, Size: int64(e.size),
		Place: event.Place{Source: sourceName, Name: in.name, Offset: e.off},
	}}
	if e.mark&markDeleted != 0 {
		h.item.Change = event.Deleted
	}
	if e.skipped != 0 {
		h.item.Skipped = skippedReasons[e.skipped]
		return h
	}
	raw, offset, err := x.fetch(e, in)
	h.item.Place.Offset = offset
	if err == nil && crc32.Checksum(raw, castagnoli) != e.sum {
		err = errors.New("it was changed while it was read")
	}
	if err != nil {
		h.item.Skipped = event.RejectNotJSON
		if !x.broken[e.rank] {
			x.broken[e.rank] = true
			x.s.failed(in, err)
		}
		return h
	}
	h.item.Raw = raw
	return h
}

// fetch reads an event again, and where in its file it is.
func (x *index) fetch(e *entry, in *input) ([]byte, int64, error) {
	if e.mark&markKept != 0 {
		return x.kept.get(e.off, int(e.size))
	}
	raw, err := x.files.read(in, e.off, int(e.size))
	return raw, e.off, err
}

func (x *index) close() {
	x.kept.close()
	x.files.close()
}
