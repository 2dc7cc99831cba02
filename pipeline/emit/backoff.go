package emit

import (
	"context"
	"time"
)

// Bounds of the wait between attempts.
const (
	minWait = 250 * time.Millisecond
	maxWait = 30 * time.Second
	// maxRetryAfter is how long a downstream may ask not to be asked again: what it
	// says may be a mistake, and nothing else would end the wait.
	maxRetryAfter = 5 * time.Minute
)

// backoff is how long to wait before the next attempt: twice as long each time,
// up to maxWait, less up to a half by chance, so that many who wait for one
// downstream do not come back together.
type backoff struct {
	// random returns a number from 0 to 1, 1 itself never.
	random func() float64
	next   time.Duration
}

func (b *backoff) reset() { b.next = 0 }

// wait returns how long to wait, at least what the downstream asked for.
func (b *backoff) wait(asked time.Duration) time.Duration {
	b.next = min(max(2*b.next, minWait), maxWait)
	d := b.next - time.Duration(b.random()*float64(b.next)/2)
	if asked = min(asked, maxRetryAfter); asked >= d {
		// Later by chance, but not earlier than asked.
		d = asked + time.Duration(b.random()*float64(minWait))
	}
	return d
}

// sleep waits, or returns why ctx ended before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
