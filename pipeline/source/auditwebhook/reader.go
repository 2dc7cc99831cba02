package auditwebhook

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	// batchBytes and batchItems bound what is yielded at once, so that a sink
	// that is nearly full need not take a whole body.
	batchBytes = 1 << 20
	batchItems = 512
	// skippedPrefix is how much is yielded of what is skipped. Of an item that is
	// too large it is up to mostHead of its beginning and mostTail of its end,
	// but no more than the largest item and no less than leastKept: what comes
	// before an event's bodies holds 1 MiB of a request's headers, each byte of
	// which may be written as an escape, and what comes behind them annotations.
	skippedPrefix = 1 << 10
	mostHead      = 8 << 20
	mostTail      = 1 << 20
	leastKept     = 64 << 10
	// lookAgain is how long a signal of the spool is waited for.
	lookAgain = 10 * time.Second
)

// reader yields what is in the spool and deletes what has been committed.
type reader struct {
	opts    *Options
	stream  event.Stream
	reports *reports
	// observe tells the source whether reading works.
	observe func(error)
	// yielded is the Seq of the last body that was begun.
	yielded atomic.Int64
}

func newReader(opts *Options, observe func(error)) *reader {
	return &reader{
		opts:    opts,
		stream:  event.Stream(sourceName + "/" + opts.Spool.ID()),
		reports: newReports(opts.Logger, opts.Now),
		observe: observe,
	}
}

// run yields until ctx ends or the sink is broken.
func (r *reader) run(ctx context.Context) {
	var at position
	if !r.persist(ctx, func() (err error) {
		at, err = r.committed(ctx)
		return err
	}) {
		return
	}
	for {
		var body event.Spooled
		var found bool
		if !r.persist(ctx, func() (err error) {
			body, found, err = r.opts.Spool.Next(ctx, at.done())
			if err != nil {
				return fmt.Errorf("read spool: %w", err)
			}
			return nil
		}) {
			return
		}
		if !found {
			if !r.wait(ctx) {
				return
			}
			continue
		}
		r.yielded.Store(body.Seq)
		skip := int64(0)
		if body.Seq == at.seq {
			skip = at.index + 1
		}
		if err := r.yield(ctx, body, skip); err != nil {
			if ctx.Err() == nil {
				r.opts.Logger.Error("audit webhook: the reader ends", "error", err)
			}
			return
		}
		at = position{body.Seq, whole}
	}
}

// reserve keeps the numbers of what has been committed from being given again,
// which would pass new bodies over: a spool that was put back from a copy counts
// on from an older number.
func (r *reader) reserve(ctx context.Context) error {
	at, err := r.committed(ctx)
	if err != nil {
		return err
	}
	if err := r.opts.Spool.StartAbove(ctx, at.seq); err != nil {
		return fmt.Errorf("go on in the spool behind %s: %w", at, err)
	}
	return nil
}

// committed returns the position that an earlier run has reached.
func (r *reader) committed(ctx context.Context) (position, error) {
	text, found, err := r.opts.Positions.Position(ctx, r.stream)
	if err != nil {
		return position{}, fmt.Errorf("read position of %s: %w", r.stream, err)
	}
	if !found || text == "" {
		return position{index: whole}, nil
	}
	at, err := parsePosition(text)
	if err != nil {
		r.reports.warn(ctx, "position", "the stored position cannot be read; yielding all that is in the spool", "stream", r.stream)
		return position{index: whole}, nil
	}
	return at, nil
}

// persist does something until it succeeds, and reports false if ctx ended
// before.
func (r *reader) persist(ctx context.Context, do func() error) bool {
	backoff := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 12, Cap: 10 * time.Second}
	failed := false
	for ctx.Err() == nil {
		err := do()
		if err == nil {
			if failed {
				r.observe(nil)
			}
			return true
		}
		if ctx.Err() != nil {
			break
		}
		failed = true
		r.observe(err)
		delay := backoff.Step()
		r.reports.warn(ctx, "read", "the spool cannot be read; trying again", "error", err, "retry_in", delay.Round(time.Millisecond))
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
	}
	return false
}

// wait waits for more, and reports false if ctx ended.
func (r *reader) wait(ctx context.Context) bool {
	again := time.NewTimer(lookAgain)
	defer again.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-r.opts.Spool.Added():
	case <-again.C:
	}
	return true
}

// yield hands on the items of a body from the index skip on.
func (r *reader) yield(ctx context.Context, body event.Spooled, skip int64) error {
	b := batch{reader: r, body: &body}
	if body.Damaged {
		r.reports.warn(ctx, "damaged", "a body in the spool cannot be decrypted and is passed over",
			"stream", r.stream, "body", body.Seq, "sender", body.Sender, "received", body.Received)
		if err := b.addSkipped(ctx, skip, event.RejectUndecryptable, nil); err != nil {
			return err
		}
		return b.end(ctx)
	}
	var index int64
	var failed error
	f := split(body.Body, func(raw []byte) bool {
		switch {
		case index < skip:
		case raw[0] != '{':
			b.strays.add(index, raw)
		default:
			if failed = b.addStrays(ctx); failed == nil {
				failed = b.add(ctx, index, raw)
			}
		}
		index++
		return failed == nil
	})
	if failed == nil {
		failed = b.addStrays(ctx)
	}
	if failed != nil {
		return failed
	}
	if f != nil && index >= skip {
		// The server takes no such body: this one was damaged on the disk.
		if err := b.addSkipped(ctx, index, event.RejectNotJSON, body.Body); err != nil {
			return err
		}
	}
	return b.end(ctx)
}

// batch collects the items of a body.
type batch struct {
	reader *reader
	body   *event.Spooled
	items  []event.Item
	bytes  int64
	strays strays
}

// strays are consecutive items that are no JSON objects. They become one item:
// a few bytes that are sent compressed would else make any number of records.
type strays struct {
	first, last int64
	// raw is the first one; nil if there is none.
	raw  []byte
	size int64
}

func (s *strays) add(index int64, raw []byte) {
	if s.raw == nil {
		*s = strays{first: index, raw: raw}
	}
	s.last = index
	s.size += int64(len(raw))
}

func (b *batch) addStrays(ctx context.Context) error {
	s := b.strays
	if s.raw == nil {
		return nil
	}
	b.strays = strays{}
	return b.push(ctx, s.first, s.last, event.Item{
		Raw: prefix(s.raw), Size: s.size, Skipped: event.RejectNotAnEvent,
	})
}

func (b *batch) add(ctx context.Context, index int64, raw []byte) error {
	item := event.Item{Raw: raw, Size: int64(len(raw))}
	if largest := b.reader.opts.MaxItem; item.Size > largest {
		kept := max(largest, leastKept)
		item.Skipped = event.RejectTooLarge
		item.Raw = raw[:min(item.Size, kept, mostHead)]
		item.Tail = raw[item.Size-min(item.Size, kept, mostTail):]
	}
	return b.push(ctx, index, index, item)
}

// prefix is what is yielded of something that is skipped. The rest of it need
// not stay in memory.
func prefix(raw []byte) []byte { return bytes.Clone(raw[:min(len(raw), skippedPrefix)]) }

func (b *batch) addSkipped(ctx context.Context, index int64, reason event.RejectReason, raw []byte) error {
	return b.push(ctx, index, index, event.Item{Raw: prefix(raw), Size: int64(len(raw)), Skipped: reason})
}

// push adds an item that stands for those from first to last, and yields those
// before it if there are enough. The last one of a body is thus never yielded by
// it.
func (b *batch) push(ctx context.Context, first, last int64, item event.Item) error {
	size := int64(len(item.Raw) + len(item.Tail))
	if len(b.items) >= batchItems || len(b.items) > 0 && b.bytes+size > batchBytes {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	item.Kind, item.Stream = event.KindAudit, b.reader.stream
	item.Place = event.Place{Source: sourceName, Name: b.body.Sender, Offset: first}
	item.Position = event.Position(position{b.body.Seq, last}.String())
	b.items = append(b.items, item)
	b.bytes += size
	return nil
}

// end yields the rest, and with the last item the whole body is done.
func (b *batch) end(ctx context.Context) error {
	if len(b.items) == 0 {
		return nil
	}
	b.items[len(b.items)-1].Position = event.Position(position{b.body.Seq, whole}.String())
	return b.flush(ctx)
}

func (b *batch) flush(ctx context.Context) error {
	items := b.items
	b.items, b.bytes = nil, 0
	if err := b.reader.opts.Sink.YieldAll(ctx, items); err != nil {
		return fmt.Errorf("yield audit events: %w", err)
	}
	return nil
}

// sweep deletes bodies once they are committed, until ctx ends.
func (r *reader) sweep(ctx context.Context) {
	tick := time.NewTicker(r.opts.Limits.Sweep)
	defer tick.Stop()
	// What an earlier run left may fill the spool, so the first look is not
	// left out.
	deleted := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Nothing new was begun, so nothing new can be done.
		if r.yielded.Load() <= deleted {
			continue
		}
		done, err := r.clear(ctx, deleted)
		if err != nil && ctx.Err() == nil {
			r.reports.warn(ctx, "sweep", "bodies that are done cannot be deleted; trying again", "error", err)
		}
		deleted = done
	}
}

// clear deletes what is done and returns up to which Seq that was.
func (r *reader) clear(ctx context.Context, deleted int64) (int64, error) {
	at, err := r.committed(ctx)
	if err != nil || at.done() <= deleted {
		return deleted, err
	}
	if err := r.opts.Spool.Delete(ctx, at.done()); err != nil {
		return deleted, fmt.Errorf("delete from spool: %w", err)
	}
	return at.done(), nil
}
