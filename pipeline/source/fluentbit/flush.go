package fluentbit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Result is what the host is told of a chunk.
type Result uint8

// The results.
const (
	// OK: everything that came of the chunk has arrived.
	OK Result = iota
	// Retry: it has not yet. The host keeps the chunk and comes again.
	Retry
	// Refused: part of the chunk can never be delivered. The rest has been.
	Refused
)

// FaultError says which part of a chunk cannot be read, and why.
type FaultError struct{ error }

// Unwrap returns what is wrong with it.
func (e *FaultError) Unwrap() error { return e.error }

// Settled says that everything with a receipt has arrived downstream, but for Dead
// records, which are in the dead letters.
type Settled struct {
	Receipt event.Receipt
	Dead    int
}

// overhead is what a chunk counts in addition to its bytes, so that very many empty
// ones are bounded, too.
const overhead = 1 << 10

// Flush hands over a chunk and waits until it is settled, or ctx ends. The chunk
// goes on after that; flushed again, under the same tag, it joins what is under way.
// While nothing is settled, others that come after a call that waited in vain wait for
// moments only.
// The error says why a chunk was refused; it quotes nothing of it, and of other
// results there is none. data is not used any more once Flush has returned. Flush
// may be called by many threads at once.
func (s *Source) Flush(ctx context.Context, tag string, data []byte) (Result, error) {
	ctx, settled, cancel := s.patience(ctx)
	defer cancel()
	c := s.enter(ctx, tag, data)
	if c == nil {
		return Retry, nil
	}
	select {
	case <-c.done:
	case <-s.ended:
	case <-ctx.Done():
		s.identify(c, data)
		s.stall(settled)
	}
	return s.leave(c)
}

// enter returns the chunk of data, as to one who waits for it: the one under way or
// remembered, or a new one once there is room for it. It returns nil where there is
// none in time.
func (s *Source) enter(ctx context.Context, tag string, data []byte) *chunk {
	k := s.table.key(data)
	var sum *digest
	var fresh *chunk
	for {
		c, unsure := s.join(k, tag, data, sum, fresh)
		if unsure {
			d := digest(sha256.Sum256(data))
			sum = &d
			continue
		}
		if fresh != nil && c != fresh {
			// Another thread has handed it over meanwhile, or the source has ended.
			s.room.give(fresh.cost)
		}
		if c != nil || fresh != nil {
			return c
		}
		cost := int64(len(data)) + overhead
		if !s.room.take(ctx, cost, s.ended) {
			return nil
		}
		fresh = &chunk{tag: tag, key: k, cost: cost, done: make(chan struct{})}
		fresh.data = append(make([]byte, 0, max(len(data), 1)), data...)
	}
}

// join finds the chunk of data, or else begins fresh if that is set, and waits with
// those who wait for it. It needs the digest of data to know if it says so.
func (s *Source) join(k key, tag string, data []byte, sum *digest, fresh *chunk) (c *chunk, unsure bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.forget(s.opts.Now())
	c, unsure = s.table.find(k, tag, data, sum)
	if c == nil && !unsure && fresh != nil && !s.stopped {
		s.begin(fresh)
		c = fresh
	}
	if c != nil {
		c.waiters++
	}
	return c, unsure
}

// begin hands a chunk to Run. The caller holds the lock.
func (s *Source) begin(c *chunk) {
	s.receipts++
	c.receipt = s.receipts
	s.table.add(c)
	s.byReceipt[c.receipt] = c
	s.queue = append(s.queue, c)
	s.status.Behind += int64(len(c.data))
	s.status.LastReceived = s.opts.Now()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// identify makes sure that the chunk is known again once its bytes are gone.
func (s *Source) identify(c *chunk, data []byte) {
	s.mu.Lock()
	digested := c.digested
	s.mu.Unlock()
	if digested {
		return
	}
	d := digest(sha256.Sum256(data))
	s.mu.Lock()
	defer s.mu.Unlock()
	c.digest, c.digested = d, true
}

// leave returns what is known of the chunk now. Who was told that it is finished
// does not come again.
func (s *Source) leave(c *chunk) (Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.waiters--
	select {
	case <-c.done:
	default:
		return Retry, nil
	}
	if c.remembered != nil {
		s.table.remove(c)
	}
	return c.result, c.err
}

// Settled tells that everything with these receipts has arrived. It comes from
// whoever commits what has, in any order and before or after the sink has returned.
func (s *Source) Settled(settled []Settled) {
	var free int64
	s.mu.Lock()
	s.patient.note(len(settled))
	for _, done := range settled {
		if c := s.byReceipt[done.Receipt]; c != nil {
			free += c.cost
			s.finish(c, done.Dead)
		}
	}
	s.mu.Unlock()
	if free > 0 {
		s.room.give(free)
	}
}

// finish sets the result of a chunk. The caller holds the lock.
func (s *Source) finish(c *chunk, dead int) {
	if c.err = errors.Join(c.fault, lettersOf(dead)); c.err != nil {
		c.result = Refused
		s.status.Refused++
	}
	delete(s.byReceipt, c.receipt)
	s.status.Behind -= int64(len(c.data))
	if c.waiters == 0 && c.digested {
		s.table.remember(c, s.opts.Now())
	} else {
		s.table.remove(c)
	}
	c.data = nil
	close(c.done)
}

// lettersOf says that so many records are in the dead letters.
func lettersOf(dead int) error {
	switch {
	case dead <= 0:
		return nil
	case dead == 1:
		return errors.New("1 of its records can never be delivered; it is in the dead letters")
	}
	return fmt.Errorf("%d of its records can never be delivered; they are in the dead letters", dead)
}
