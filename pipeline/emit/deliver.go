package emit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// DelivererOptions are what a Deliverer needs.
type DelivererOptions struct {
	Client Client
	// To is the downstream as it may be told to anybody: Destination.
	To string
	// DeadLetters is where records go that the downstream will never take; where it
	// is nil they are sent for ever, and what comes after them waits.
	DeadLetters *DeadLetters
	Logger      *slog.Logger
	// Now is the clock, time.Now if nil, and Random returns numbers from 0 to below
	// 1, math/rand if nil.
	Now    func() time.Time
	Random func() float64
}

// Deliverer delivers batches to one downstream, whatever it takes. It is used by
// one goroutine, but for Status.
type Deliverer struct {
	client Client
	to     string
	// letters is nil where there are none.
	letters letterWriter
	now     func() time.Time
	backoff backoff
	log     outageLog

	// inARow is how many records were refused since the last acknowledgement, and
	// acknowledged whether there ever was one.
	inARow       int
	acknowledged bool
	// maxBytes is the size of what is sent at once, as the downstream has taught; 0
	// for no limit.
	maxBytes int

	mu     sync.Mutex
	status event.ForwardStatus
}

// Bounds of what a downstream may refuse in a row before it is believed to refuse
// everything: an address that expects something else, a rule that was changed. The
// first is for one that has never taken anything.
const (
	fewRefusals  = 8
	manyRefusals = 100
)

// patience is after how many attempts without an answer, in a row, less is sent at
// once: a slow connection may not carry as much in time, and some servers hang up
// where a request is too large for them.
const patience = 5

// minBytes is how little a downstream must take at once, in bytes, but for a single
// record.
const minBytes = 64 << 10

// NewDeliverer returns a Deliverer.
func NewDeliverer(o DelivererOptions) *Deliverer {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Deliverer{
		client: o.Client, to: o.To, now: o.Now, backoff: backoff{random: o.Random},
		log:    outageLog{logger: o.Logger.With("to", o.To), now: o.Now},
		status: event.ForwardStatus{To: o.To, State: event.ForwardIdle},
	}
	if o.DeadLetters != nil {
		d.letters = o.DeadLetters
	}
	return d
}

// Deliver returns once each record of b was acknowledged or is among the dead
// letters, whose indexes it returns in order. It fails only where ctx has ended
// before, with an *EndedError; dead is what had become of the batch until then.
//
// Records are sent in order, and none is sent again that was acknowledged. A batch
// that is refused is halved again and again until the records are found that are
// meant: a few bad ones in a large batch cost about as many attempts as the
// logarithm of its size, each.
//
// Where many records are refused in a row without any that is taken, it is rather
// the configuration that is wrong, here or there, and a person would want to mend
// it instead of finding everything among the dead letters. From then on each record
// is sent once more after a wait, of up to half a minute, before it is given up. So
// nearly all of them are still there when it is mended, and a run of bad records
// cannot stop what comes after it for good.
func (d *Deliverer) Deliver(ctx context.Context, b Batch) (dead []int, err error) {
	// parts are what is still to be sent, the next one last.
	parts := []span{{0, b.Len()}}
	defer func() {
		if err != nil {
			err = &EndedError{Done: parts[len(parts)-1].from, Err: err}
		}
	}()
	// waited is the record that was refused and waited for.
	waited := -1
	// failures is how often in a row it is not known what became of a part.
	failures := 0
	for len(parts) > 0 {
		p := parts[len(parts)-1]
		if p.from == p.to {
			parts = parts[:len(parts)-1]
			continue
		}
		p.to = d.fit(b, p)
		err := d.send(ctx, b.Slice(p.from, p.to))
		if partial, ok := errors.AsType[*PartialError](err); ok {
			// What was acknowledged shows that no less need be sent at once.
			p.from, failures = p.from+partial.Delivered, 0
			parts[len(parts)-1].from = p.from
		}
		var refused *RefusedError
		switch {
		case err == nil:
			failures = 0
			parts[len(parts)-1].from = p.to
		case ctx.Err() != nil:
			return dead, d.ended(ctx)
		case !errors.As(err, &refused):
			d.log.failed(err)
			if failures++; failures >= patience && p.to-p.from > 1 {
				parts[len(parts)-1].from = p.to
				parts = halve(parts, p)
			}
			if err := d.wait(ctx, err); err != nil {
				return dead, err
			}
		case p.to-p.from > 1:
			parts[len(parts)-1].from = p.to
			parts = d.divide(b, parts, p, refused)
		case d.letters == nil:
			d.log.stuck(b.IDs[p.from], refused)
			if err := d.wait(ctx, refused); err != nil {
				return dead, err
			}
		case d.suspicious() && waited != p.from:
			waited = p.from
			d.log.suspicious(d.inARow+1, refused)
			if err := d.wait(ctx, refused); err != nil {
				return dead, err
			}
		default:
			if err := d.bury(ctx, b, p.from, refused); err != nil {
				return dead, err
			}
			dead = append(dead, p.from)
			parts[len(parts)-1].from = p.to
		}
	}
	return dead, nil
}

// span are the records from to to-1 of a batch.
type span struct{ from, to int }

// halve puts the halves of p before the parts.
func halve(parts []span, p span) []span {
	middle := p.from + (p.to-p.from)/2
	return append(parts, span{middle, p.to}, span{p.from, middle})
}

// divide puts before the parts what is to be sent of a part that was refused: its
// halves, or each of the records that the downstream named.
func (d *Deliverer) divide(b Batch, parts []span, p span, refused *RefusedError) []span {
	if refused.TooLarge {
		d.learn(len(b.Slice(p.from, p.to).Bytes()))
	}
	if refused.Records == nil {
		return halve(parts, p)
	}
	for _, i := range slices.Backward(refused.Records) {
		parts = append(parts, span{p.from + i, p.from + i + 1})
	}
	d.taken(p.to - p.from - len(refused.Records))
	return parts
}

// Status returns how it stands with the downstream. It may be called by any
// goroutine.
func (d *Deliverer) Status() event.ForwardStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status
}

// send sends once and counts it.
func (d *Deliverer) send(ctx context.Context, b Batch) error {
	d.mu.Lock()
	d.status.Attempts++
	d.mu.Unlock()
	err := d.client.Send(ctx, b)
	if err == nil {
		d.taken(b.Len())
		return nil
	}
	d.mu.Lock()
	d.status.Failures++
	if partial, ok := errors.AsType[*PartialError](err); ok {
		// It is still in trouble, but a wait for it begins anew.
		d.status.Acknowledged += int64(partial.Delivered)
		d.inARow, d.acknowledged = 0, true
		d.backoff.reset()
	}
	d.mu.Unlock()
	if ctx.Err() == nil {
		d.troubled(err)
	}
	return err
}

// taken counts records that the downstream has.
func (d *Deliverer) taken(n int) {
	if n <= 0 {
		return
	}
	d.mu.Lock()
	d.status.Acknowledged += int64(n)
	d.mu.Unlock()
	d.inARow, d.acknowledged = 0, true
	d.backoff.reset()
	d.recovered()
}

// troubled says that the downstream did not take what it was sent.
func (d *Deliverer) troubled(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.status.Since.IsZero() {
		d.status.Since = d.now()
	}
	d.status.State, d.status.Error = event.ForwardRetrying, err.Error()
}

// recovered says that it goes on.
func (d *Deliverer) recovered() {
	d.mu.Lock()
	d.status.State, d.status.Error, d.status.Since = event.ForwardDelivering, "", time.Time{}
	d.mu.Unlock()
	d.log.recovered()
}

// wait waits until the next attempt.
func (d *Deliverer) wait(ctx context.Context, why error) error {
	var asked time.Duration
	if retry, ok := errors.AsType[*RetryError](why); ok {
		asked = retry.After
	}
	if sleep(ctx, d.backoff.wait(asked)) != nil {
		return d.ended(ctx)
	}
	return nil
}

func (d *Deliverer) ended(ctx context.Context) error {
	return fmt.Errorf("deliver to %s: %w", d.to, context.Cause(ctx))
}

// suspicious reports whether so much was refused that the records are hardly why.
func (d *Deliverer) suspicious() bool {
	if d.acknowledged {
		return d.inARow >= manyRefusals
	}
	return d.inARow >= fewRefusals
}

// bury writes a record to the dead letters, however often that takes: it is nowhere
// else.
func (d *Deliverer) bury(ctx context.Context, b Batch, record int, refused *RefusedError) error {
	letter := DeadLetter{
		Time: d.now(), To: d.to, Reason: refused.Reason,
		ID: b.IDs[record], Format: d.client.Format(), Record: b.Record(record),
	}
	writing := backoff{random: d.backoff.random}
	for {
		err := d.letters.Write(letter)
		if err == nil {
			break
		}
		err = fmt.Errorf("write dead letters: %w", err)
		d.troubled(err)
		d.log.failed(err)
		if sleep(ctx, writing.wait(0)) != nil {
			return d.ended(ctx)
		}
	}
	d.mu.Lock()
	d.status.DeadLetters++
	d.mu.Unlock()
	d.log.buried(letter.ID, refused)
	if d.inARow++; !d.suspicious() {
		d.recovered()
	}
	return nil
}

// fit returns where a part has to end for the downstream to take it at once: where
// it does, or earlier.
func (d *Deliverer) fit(b Batch, p span) int {
	if d.maxBytes == 0 {
		return p.to
	}
	size := 0
	for i := p.from; i < p.to; i++ {
		if size += len(b.Record(i)); size > d.maxBytes && i > p.from {
			return i
		}
	}
	return p.to
}

// learn remembers that the downstream does not take so many bytes at once.
func (d *Deliverer) learn(bytes int) {
	limit := max(bytes/2, minBytes)
	if d.maxBytes == 0 || limit < d.maxBytes {
		d.maxBytes = limit
		d.log.logger.Info("the downstream takes less at once: smaller requests from now on", "max_bytes", limit)
	}
}
