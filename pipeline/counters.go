package pipeline

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// counters are kept by the goroutine that runs the stages and by the
// committer, and read by whoever asks.
type counters struct {
	received, events, audits, deployments, emitted, deduplicated, filtered, expired, deleted, withheld atomic.Int64
	objectStatuses, applicationStatuses                                                                atomic.Int64
	commits, commitErrors                                                                              atomic.Int64
	// committed is the mark of the last batch in the cursor.
	committed atomic.Uint64

	mu sync.Mutex
	// lag is the age of the newest item of each source when it came.
	lag      map[string]time.Duration
	rejected map[string]int64
	ties     map[event.Correlation]int64
}

// correlated counts how the search for a record's application ended; of an
// object without a name there was none.
func (c *counters) correlated(how event.Correlation) {
	if how == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ties == nil {
		c.ties = map[event.Correlation]int64{}
	}
	c.ties[how]++
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

// arrived notes the age of an item that a source brought.
func (c *counters) arrived(source string, age time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lag == nil {
		c.lag = map[string]time.Duration{}
	}
	c.lag[source] = max(age, 0)
}

// lagOf returns the age of the last item of a source when it came.
func (c *counters) lagOf(source string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lag[source]
}

func (c *counters) snapshot() event.Counters {
	c.mu.Lock()
	rejected := maps.Clone(c.rejected)
	var ties map[string]int64
	for how, n := range c.ties {
		if ties == nil {
			ties = map[string]int64{}
		}
		ties[string(how)] = n
	}
	c.mu.Unlock()
	return event.Counters{
		Received:            c.received.Load(),
		Events:              c.events.Load(),
		Audits:              c.audits.Load(),
		Deployments:         c.deployments.Load(),
		ObjectStatuses:      c.objectStatuses.Load(),
		ApplicationStatuses: c.applicationStatuses.Load(),
		Emitted:             c.emitted.Load(),
		Deduplicated:        c.deduplicated.Load(),
		Filtered:            c.filtered.Load(),
		Expired:             c.expired.Load(),
		Deleted:             c.deleted.Load(),
		Withheld:            c.withheld.Load(),
		Rejected:            rejected,
		Correlated:          ties,
		Commits:             c.commits.Load(),
		CommitErrors:        c.commitErrors.Load(),
	}
}
