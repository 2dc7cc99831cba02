package pipeline

import (
	"context"
	"time"

	"github.com/fluent-live/live-status/pipeline/deployment"
	"github.com/fluent-live/live-status/pipeline/event"
)

// What may wait for its objects at once. When that is reached nothing more is
// taken, and the sources wait.
const (
	holdItems = 4096
	holdBytes = 16 << 20
)

// overdue is the age from which an event or audit event does not wait: its
// object would long have been seen. It is more than correlate_wait because
// clocks differ.
const overdue = time.Minute

// startWait bounds how long nothing is handed on at the start, until the live
// objects have been listed.
const startWait = 2 * time.Minute

// decoded is an item that went through the decoder.
type decoded struct {
	item  event.Item
	occ   *event.Occurrence
	audit *event.Audit
	// report is what a whole object tells of a deployment.
	report *deployment.Report
	// err is why it could not be decoded.
	err error
}

// about returns the object that the item is about and when it was made; false
// if it is about none.
func (d *decoded) about() (ref *event.ObjectRef, at time.Time, ok bool) {
	switch {
	case d.err != nil:
	case d.occ != nil:
		return &d.occ.Regarding, d.occ.LastTime, d.occ.Regarding.Name != ""
	case d.audit != nil:
		return &d.audit.Object, d.audit.StageTime, d.audit.Object.Name != ""
	}
	return nil, time.Time{}, false
}

// hold is where items wait for the objects that they are about: in a line, so
// that records keep the order of what they report and no position passes over
// an item that waits.
type hold struct {
	wait  time.Duration
	line  []waiting
	bytes int
	// closed is set until the live objects have been listed once.
	closed bool
}

type waiting struct {
	decoded
	until time.Time
}

func (h *hold) empty() bool { return len(h.line) == 0 }

func (h *hold) full() bool { return len(h.line) >= holdItems || h.bytes >= holdBytes }

func (h *hold) push(d decoded, now time.Time) {
	h.line = append(h.line, waiting{decoded: d, until: now.Add(h.wait)})
	h.bytes += len(d.item.Raw)
}

func (h *hold) pop() decoded {
	d := h.line[0].decoded
	h.line[0] = waiting{}
	h.line = h.line[1:]
	h.bytes -= len(d.item.Raw)
	if len(h.line) == 0 {
		// What the line has grown to would otherwise never be given back.
		h.line = nil
	}
	return d
}

// due is signalled when the first in line has waited long enough; it is nil if
// there is none.
func (h *hold) due() <-chan time.Time {
	if h.closed || len(h.line) == 0 {
		return nil
	}
	return time.After(time.Until(h.line[0].until))
}

// admit takes an item: it goes through the stages at once if nothing waits and
// it need not either. It reports false if ctx ended before it was dealt with.
func (p *pump) admit(ctx context.Context, item event.Item) bool {
	d := p.decode(item)
	now := time.Now()
	if !p.hold.closed && p.hold.empty() && !p.mustWait(&d, now) {
		return p.untilDone(ctx, &d)
	}
	p.hold.push(d, now)
	return true
}

// mustWait reports whether an item's object, or one of its owners, may yet
// become known.
func (p *pump) mustWait(d *decoded, now time.Time) bool {
	if p.index == nil || p.hold.wait == 0 {
		return false
	}
	ref, at, ok := d.about()
	if !ok || now.Sub(at) > overdue || d.item.Change == event.Deleted {
		return false
	}
	if d.audit != nil && (d.audit.Code >= 400 || isDryRun(d.audit) || !p.audits.filter.Pass(d.audit)) {
		// What was refused or tried out made no object, and what is filtered makes
		// no record.
		return false
	}
	pending := false
	err := guard(func() error {
		pending = p.index.Pending(*ref, madeSince(d.audit))
		return nil
	})
	return err == nil && pending
}

// release lets those at the head of the line go on that have what they waited
// for, or have waited long enough. It reports false if ctx ended.
func (p *pump) release(ctx context.Context, now time.Time) bool {
	for !p.hold.closed && !p.hold.empty() {
		head := &p.hold.line[0]
		if p.mustWait(&head.decoded, now) {
			if now.Before(head.until) {
				return true
			}
			// A request that is not answered yet may be refused: nobody need come.
			answered := head.audit == nil || head.audit.Code != 0
			if ref, _, ok := head.about(); ok && answered {
				p.index.Missed(*ref, madeSince(head.audit))
			}
		}
		d := p.hold.pop()
		if !p.untilDone(ctx, &d) {
			return false
		}
	}
	return true
}

// changed is signalled when the index has learnt of what was waited for; nil
// where there is none.
func (p *pump) changed() <-chan struct{} {
	if p.index == nil {
		return nil
	}
	return p.index.Changed()
}
