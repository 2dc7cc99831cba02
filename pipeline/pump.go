package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// itemQueue is how many items may wait for the stages. One may hold an object
// of up to 1.5 MB, the most that etcd stores.
const itemQueue = 16

// pump runs the stages: one item after the other, in one goroutine, so that
// records keep the order of what they report.
type pump struct {
	items    chan event.Item
	filter   *dedup.Filter
	redactor *redact.Redactor
	format   func([]byte, redact.Redacted) ([]byte, error)
	outbox   *outbox
	count    *counters
	logger   *slog.Logger

	cluster   event.ClusterName
	retention time.Duration
	// selective is set where a selector leaves events out.
	selective bool
	// status makes the record that monitor_status carries.
	status func(event.Phase) event.Record
	every  time.Duration

	// scratch is the buffer that records are encoded into.
	scratch []byte
	// forgotten is the mark up to which filter was told of commits.
	forgotten dedup.Mark
}

// Yield takes an item from a source. It blocks while the queue is full.
func (p *pump) Yield(ctx context.Context, item event.Item) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case p.items <- item:
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
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			p.monitor(ctx, event.PhaseRunning)
		case item := <-p.items:
			p.untilDone(ctx, &item)
		}
	}
}

// untilDone processes an item, again and again while the cursor cannot be
// read: without it nobody knows whether the item is news.
func (p *pump) untilDone(ctx context.Context, item *event.Item) {
	said := false
	for {
		err := p.process(ctx, item)
		if err == nil || ctx.Err() != nil {
			return
		}
		if !said {
			said = true
			p.logger.Error("cursor: cannot be read; waiting until it can be", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(commitRetry):
		}
	}
}

// process drives one item through the stages. Its error means that the item
// was not dealt with.
func (p *pump) process(ctx context.Context, item *event.Item) error {
	if mark := dedup.Mark(p.count.committed.Load()); mark != p.forgotten {
		p.filter.Committed(mark)
		p.forgotten = mark
	}
	if item.Change == event.Progress {
		return p.advance(ctx, item)
	}
	var occ event.Occurrence
	err := guard(func() (err error) {
		if item.Truncated {
			return &decode.Error{Reason: decode.TooLarge, Detail: fmt.Sprintf("it is larger than %d bytes", len(item.Raw))}
		}
		occ, err = decode.KubeEvent(item.Raw)
		return err
	})
	if err != nil {
		p.count.received.Add(1)
		p.reject(err)
		return p.advance(ctx, item)
	}
	if item.Change == event.Deleted {
		p.count.received.Add(1)
		p.count.deleted.Add(1)
		if p.selective {
			// It may only have ceased to match, and will match again.
			return p.advance(ctx, item)
		}
		return p.add(ctx, item, nil, func(mark dedup.Mark) cursor.SeenChange {
			return cursor.SeenChange{Key: p.filter.Forget(mark, occ.UID), Forget: true}
		})
	}
	verdict, err := p.filter.Judge(ctx, item, &occ)
	if err != nil {
		return err
	}
	p.count.received.Add(1)
	switch verdict {
	case dedup.Repeat:
		p.count.deduplicated.Add(1)
		return p.advance(ctx, item)
	case dedup.Expired:
		p.count.expired.Add(1)
		return p.advance(ctx, item)
	case dedup.News:
	}
	p.count.events.Add(1)
	now := time.Now()
	if item.Change == event.Updated {
		p.count.lag.Store(int64(max(now.Sub(occ.LastTime), 0)))
	}
	return p.emit(ctx, item, p.record(&occ), func(mark dedup.Mark) cursor.SeenChange {
		key, seen := p.filter.Note(mark, &occ)
		return cursor.SeenChange{Key: key, Seen: seen, Expires: dedup.Expiry(now, occ.LastTime, p.retention)}
	})
}

func (p *pump) record(occ *event.Occurrence) event.Record {
	return event.Record{
		Type:    event.TypeEvent,
		ID:      event.RecordID(fmt.Sprintf("event/%s/%s", occ.UID, occ.ResourceVersion)),
		Time:    occ.LastTime,
		Cluster: p.cluster,
		Object:  &occ.Regarding,
		Event:   occ,
	}
}

// emit redacts and encodes a record and adds it to the batch.
func (p *pump) emit(ctx context.Context, item *event.Item, rec event.Record, note func(dedup.Mark) cursor.SeenChange) error {
	var data []byte
	err := guard(func() (err error) {
		clean := p.redactor.Redact(rec)
		p.count.withheld.Add(int64(len(clean.Fields().Withheld)))
		data, err = p.format(p.scratch[:0], clean)
		return err
	})
	if err != nil {
		p.reject(fmt.Errorf("encode record %s: %w", rec.ID, err))
		return p.advance(ctx, item)
	}
	p.scratch = data
	p.count.emitted.Add(1)
	return p.add(ctx, item, data, note)
}

// panicError says that a stage panicked over an item.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v; please report this", e.value) }

// guard turns a panic of a pure stage into an error. The item is then rejected
// as one that cannot be read: it would otherwise end the host, and again at each
// start, since its position would never be passed.
func guard(stage func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{value: r}
		}
	}()
	return stage()
}

// advance notes the item's position and nothing else.
func (p *pump) advance(ctx context.Context, item *event.Item) error {
	if item.Position == "" {
		return nil
	}
	return p.add(ctx, item, nil, nil)
}

func (p *pump) add(ctx context.Context, item *event.Item, record []byte, note func(dedup.Mark) cursor.SeenChange) error {
	return p.outbox.add(ctx, entry{record: record, stream: item.Stream, position: item.Position, note: note})
}

// monitor emits a monitor_status record.
func (p *pump) monitor(ctx context.Context, phase event.Phase) {
	// It belongs to no stream; an error can only be the context's end.
	_ = p.emit(ctx, &event.Item{}, p.status(phase), nil)
}

// reject counts an item that nothing can be made of and says so, the first
// time and at every tenth multiple: a broken client can send thousands.
func (p *pump) reject(err error) {
	reason := "unencodable"
	if bad, ok := errors.AsType[*decode.Error](err); ok {
		reason = string(bad.Reason)
	} else if _, ok := errors.AsType[*panicError](err); ok {
		reason = "panic"
	}
	n := p.count.reject(reason) + 1
	for n%10 == 0 {
		n /= 10
	}
	if n == 1 {
		p.logger.Warn("rejected an item that cannot be read", "error", err, "reason", reason)
	}
}
