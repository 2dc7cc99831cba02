package pipeline

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/fluent-live/live-status/pipeline/event"
)

// counters are kept by the goroutine that runs the stages and by the
// committer, and read by whoever asks.
type counters struct {
	received, events, emitted, deduplicated, expired, deleted, withheld atomic.Int64
	commits, commitErrors                                               atomic.Int64
	// committed is the mark of the last batch in the cursor.
	committed atomic.Uint64
	// lag is the age, in nanoseconds, of the newest event when it came.
	lag atomic.Int64

	mu       sync.Mutex
	rejected map[string]int64
}

// reject counts a rejected item and returns how many there were of its reason
// before.
func (c *counters) reject(reason string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rejected == nil {
		c.rejected = map[string]int64{}
	}
	n := c.rejected[reason]
	c.rejected[reason] = n + 1
	return n
}

func (c *counters) snapshot() event.Counters {
	c.mu.Lock()
	rejected := maps.Clone(c.rejected)
	c.mu.Unlock()
	return event.Counters{
		Received:     c.received.Load(),
		Events:       c.events.Load(),
		Emitted:      c.emitted.Load(),
		Deduplicated: c.deduplicated.Load(),
		Expired:      c.expired.Load(),
		Deleted:      c.deleted.Load(),
		Withheld:     c.withheld.Load(),
		Rejected:     rejected,
		Commits:      c.commits.Load(),
		CommitErrors: c.commitErrors.Load(),
	}
}
