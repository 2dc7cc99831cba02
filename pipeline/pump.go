package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/correlate"
	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/status"
)

// batchQueue is how many batches of items may wait for the stages. A source of
// events yields one item at a time, of up to 1.5 MB, the most that etcd stores;
// one of the audit trail some hundred KB, or one line or body.
const batchQueue = 8

// pump runs the stages: one item after the other, in one goroutine, so that
// records keep the order of what they report.
type pump struct {
	items chan []event.Item
	// objects are whole live objects, apart from items: these may wait for them.
	objects chan decoded
	// states are what the statuses have to tell; nil where they are not told.
	states chan status.Emission
	hold   hold
	events *dedup.Filter
	audits audits
	// index is nil where live objects are not watched, and so is listed.
	index *correlate.Index
	// unwatched is set where all that is known of objects is what records tell.
	unwatched bool
	// listed is closed once the live objects have been listed.
	listed <-chan struct{}
	// known is closed once the values of the cluster's Secrets are looked for; nil
	// where they are not.
	known <-chan struct{}
	// heard is closed once what the objects listed tell of others was dealt with.
	heard    chan struct{}
	statuses *statuses
	// audited reads objects in the bodies of audit events.
	audited  decode.ObjectDecoder
	rollouts rollouts
	redactor *redact.Redactor
	format   func([]byte, redact.Redacted) ([]byte, error)
	outbox   *outbox
	count    *counters
	logger   *slog.Logger

	cluster   event.ClusterName
	retention time.Duration
	// selective is set where a selector leaves events out.
	selective bool
	// salt keys the hashes that identify rejected items.
	salt []byte
	// seen is told when something happened; nil where nobody asks.
	seen func(time.Time)
	// status makes the record that monitor_status carries.
	status func(event.Phase) event.Record
	every  time.Duration

	// scratch is the buffer that records are encoded into.
	scratch []byte
	// forgotten is the mark up to which events was told of commits.
	forgotten dedup.Mark
}

// Yield takes an item from a source. It blocks while the queue is full.
func (p *pump) Yield(ctx context.Context, item event.Item) error {
	return p.YieldAll(ctx, []event.Item{item})
}

// YieldAll takes items, which are dealt with in their order, and the slice.
func (p *pump) YieldAll(ctx context.Context, items []event.Item) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case p.items <- items:
		return nil
	}
}

func (p *pump) run(ctx context.Context) {
	var tick <-chan time.Time
	if p.every > 0 {
		t := time.NewTicker(p.every)
		defer t.Stop()
		tick = t.C
		p.monitor(ctx, event.PhaseStart)
	}
	start := time.NewTimer(startWait)
	defer start.Stop()
	if !p.awaitValues(ctx, tick, start) {
		return
	}
	listed, changed := p.listed, p.changed()
	p.hold.closed = listed != nil
	for {
		if !p.release(ctx, time.Now()) {
			return
		}
		var more <-chan []event.Item
		if !p.hold.full() {
			more = p.items
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
			p.monitor(ctx, event.PhaseRunning)
			if p.dealt(ctx, time.Now()) != nil {
				return
			}
		case d := <-p.objects:
			if !p.untilDone(ctx, &d) {
				return
			}
		case <-listed:
			// What the objects listed tell of others is there by now.
			for range len(p.objects) {
				d := <-p.objects
				if !p.untilDone(ctx, &d) {
					return
				}
			}
			listed, p.hold.closed, p.rollouts.listing = nil, false, false
			if p.heard != nil {
				close(p.heard)
			}
			if err := p.settle(ctx); err != nil {
				// The next rollout tries again.
				p.logger.Warn("cursor: cannot be read", "error", err)
			} else if p.dealt(ctx, time.Now()) != nil {
				return
			}
		case <-start.C:
			if p.hold.closed {
				p.logger.Warn("the live objects are not all listed yet: records may lack their application", "waited", startWait)
			}
			p.hold.closed = false
		case e := <-p.states:
			if p.state(ctx, e) != nil {
				return
			}
		case <-changed:
		case <-p.hold.due():
		case items := <-more:
			for i := range items {
				if !p.admit(ctx, items[i]) {
					// An item that comes later may find room where this one
					// did not, and its position would pass this one over.
					return
				}
			}
		}
	}
}

// awaitValues waits until the cluster's Secrets have been read: what is redacted
// before that is withheld for good. It reports false if ctx ended.
func (p *pump) awaitValues(ctx context.Context, tick <-chan time.Time, start *time.Timer) bool {
	for p.known != nil {
		select {
		case <-ctx.Done():
			return false
		case <-p.known:
			return true
		case <-tick:
			p.monitor(ctx, event.PhaseRunning)
		case <-start.C:
			start.Reset(0) // It is for the live objects, too.
			p.logger.Warn("the secrets of the cluster cannot be read yet: payloads are withheld until they can", "waited", startWait)
			return true
		}
	}
	return true
}

// untilDone processes an item, again and again while the cursor cannot be
// read: without it nobody knows whether the item is news. It reports false if
// ctx ended before the item was dealt with.
func (p *pump) untilDone(ctx context.Context, d *decoded) bool {
	said := false
	for {
		err := p.process(ctx, d)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if !said {
			said = true
			p.logger.Error("cursor: cannot be read; waiting until it can be", "error", err)
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(commitRetry):
		}
	}
}

// process drives one item through the stages that come after the decoder. Its
// error means that the item was not dealt with.
func (p *pump) process(ctx context.Context, d *decoded) error {
	if mark := dedup.Mark(p.count.committed.Load()); mark != p.forgotten {
		p.events.Committed(mark)
		p.forgotten = mark
	}
	item := &d.item
	switch {
	case item.Kind == event.KindObject:
		return p.object(ctx, d)
	case item.Change == event.Progress:
		return p.advance(ctx, item)
	case item.Skipped == event.RejectTooLarge && item.Kind == event.KindAudit:
		return p.oversize(ctx, item)
	case item.Skipped != "":
		p.count.received.Add(1)
		return p.reject(ctx, item, skipped(item))
	case d.err != nil:
		p.count.received.Add(1)
		return p.reject(ctx, item, d.err)
	case d.audit != nil:
		return p.audit(ctx, item, d.audit)
	default:
		return p.event(ctx, item, d.occ)
	}
}

// decode drives an item through the decoder, if there is something in it to
// decode.
func (p *pump) decode(item event.Item) decoded {
	d := decoded{item: item}
	if item.Change == event.Progress || item.Skipped != "" {
		return d
	}
	d.err = guard(func() error {
		if item.Kind == event.KindAudit {
			a, err := p.audits.decoder.Decode(item.Raw)
			d.audit = &a
			return err
		}
		occ, err := decode.KubeEvent(item.Raw)
		d.occ = &occ
		return err
	})
	if d.err == nil && p.seen != nil {
		_, at, _ := d.about()
		p.seen(at)
	}
	if d.occ != nil && d.err == nil && p.statuses != nil {
		p.statuses.warned(&item, d.occ)
	}
	return d
}

// emit redacts and encodes a record and adds it to the batch, together with
// what is to be remembered of it.
func (p *pump) emit(ctx context.Context, item *event.Item, rec event.Record, what remembered) error {
	data, err := p.encode(rec)
	if err != nil {
		if rec.Type == event.TypeRejected {
			p.say(err)
			return p.advance(ctx, item)
		}
		return p.reject(ctx, item, fmt.Errorf("encode a record of type %s: %w", rec.Type, err))
	}
	return p.add(ctx, item, data, what)
}

// YieldState takes what there is to tell of a status.
func (p *pump) YieldState(ctx context.Context, e status.Emission) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case p.states <- e:
		return nil
	}
}

// state emits the record of a status.
func (p *pump) state(ctx context.Context, e status.Emission) error {
	data, err := p.encode(e.Record)
	if err != nil {
		// Rejected items count as received.
		p.count.received.Add(1)
		return p.reject(ctx, &event.Item{}, fmt.Errorf("encode a record of type %s: %w", e.Record.Type, err))
	}
	if e.Record.Type == event.TypeObjectStatus {
		p.count.objectStatuses.Add(1)
	} else {
		p.count.applicationStatuses.Add(1)
	}
	return p.add(ctx, &event.Item{}, data, remembered{statuses: e.Rows})
}

// encoded is a record as it goes out. It has no bytes where the format leaves the record out.
type encoded struct {
	data []byte
	id   event.RecordID
}

// encode redacts and encodes a record. The bytes may be used until the next
// call.
func (p *pump) encode(rec event.Record) (encoded, error) {
	var data []byte
	var id event.RecordID
	err := guard(func() (err error) {
		clean := p.redactor.Redact(rec)
		fields := clean.Fields()
		// It goes to dead letters and logs by itself.
		id = fields.ID
		p.count.withheld.Add(int64(len(fields.Withheld)))
		data, err = p.format(p.scratch[:0], clean)
		return err
	})
	if err != nil {
		return encoded{}, err
	}
	p.scratch = data
	return encoded{data: data, id: id}, nil
}

// panicError says that a stage panicked over an item. It tells where, not the
// value, which may quote the item.
type panicError struct{ callers string }

func (e *panicError) Error() string { return "panic, please report this: " + e.callers }

// guard turns a panic of a pure stage into an error. The item is then rejected
// as one that cannot be read: it would otherwise end the host, and again at each
// start, since its position would never be passed.
func guard(stage func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = &panicError{callers: crash.Callers()}
		}
	}()
	return stage()
}

// advance notes the item's position, or that it is the last of what the host handed
// over, and nothing else.
func (p *pump) advance(ctx context.Context, item *event.Item) error {
	if item.Position == "" && !isLast(item) {
		return nil
	}
	return p.add(ctx, item, encoded{}, remembered{})
}

// isLast reports whether nothing more comes of what the host handed over at once.
func isLast(item *event.Item) bool { return item.Receipt != 0 && item.Change == event.Progress }

func (p *pump) add(ctx context.Context, item *event.Item, rec encoded, what remembered) error {
	if len(rec.data) > 0 {
		p.count.emitted.Add(1)
	}
	return p.outbox.add(ctx, entry{
		record: rec.data, id: rec.id, stream: item.Stream, position: item.Position,
		receipt: item.Receipt, last: isLast(item), remembered: what,
	})
}

// monitor emits a monitor_status record.
func (p *pump) monitor(ctx context.Context, phase event.Phase) {
	// It belongs to no stream; an error can only be the context's end.
	_ = p.emit(ctx, &event.Item{}, p.status(phase), remembered{})
}
