package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status"
)

// commitRetry is how long a failed commit waits. A full disk needs a person,
// who does not come within the second.
const commitRetry = time.Second

// expireEvery is how often forgotten keys are cleared away, expireLimit how
// many at a time: a commit must not wait long for it.
const (
	expireEvery = time.Minute
	expireLimit = 5_000
)

// Store is the cursor. Commit is all or nothing and may be repeated after an
// error.
type Store interface {
	dedup.Memory
	Commit(ctx context.Context, changes cursor.Changes) error
	Expire(ctx context.Context, now time.Time, limit int) (int64, error)
	ForgetPassed(ctx context.Context, before time.Time, limit int) (int64, error)
}

// committer writes batches to the store once the host has them. It is the only
// writer.
type committer struct {
	store  Store
	outbox *outbox
	count  *counters
	logger *slog.Logger
	// settled is told of each batch that was committed; nil tells nobody.
	settled func(*batch)
	// doubtful are the statuses of which the host may have been told by the run before,
	// without that it was committed.
	doubtful map[event.StatusKey]bool
	// failing is set while commits fail, so that it is said once.
	failing bool
}

// working notes that the store works.
func (c *committer) working() {
	if c.failing {
		c.failing = false
		c.logger.Info("cursor: commits work again")
	}
}

func (c *committer) run(ctx context.Context) {
	expire := time.NewTicker(expireEvery)
	defer expire.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.outbox.work:
			c.commitUntilDone(ctx)
		case <-expire.C:
			if err := c.expire(ctx, time.Now()); err != nil && ctx.Err() == nil {
				c.logger.Warn("cursor: cannot clear away old keys", "error", err)
			}
		}
	}
}

func (c *committer) expire(ctx context.Context, now time.Time) error {
	if _, err := c.store.Expire(ctx, now, expireLimit); err != nil {
		return err
	}
	_, err := c.store.ForgetPassed(ctx, now.Add(-auditSpan), expireLimit)
	return err
}

func (c *committer) commitUntilDone(ctx context.Context) {
	for ctx.Err() == nil && !c.commit(ctx) {
		select {
		case <-ctx.Done():
		case <-time.After(commitRetry):
		}
	}
}

// commit writes what is due and reports whether there is nothing left to do.
func (c *committer) commit(ctx context.Context) bool {
	b, announce := c.outbox.due()
	if b == nil {
		return true
	}
	changes := b.changes
	if announce {
		changes = cursor.Changes{Statuses: []event.StatusRow{status.Announce(b.changes.Statuses, c.doubtful)}}
	} else if len(changes.Statuses) > 0 {
		for _, row := range changes.Statuses {
			delete(c.doubtful, row.Key)
		}
		changes.Statuses = append(changes.Statuses, status.Announce(nil, c.doubtful))
	}
	if err := c.store.Commit(ctx, changes); err != nil {
		c.count.commitErrors.Add(1)
		if !c.failing && ctx.Err() == nil {
			c.failing = true
			c.logger.Error("cursor: cannot commit; nothing is handed over until it can be", "error", err, "retry_every", commitRetry)
		}
		return false
	}
	if announce {
		c.working()
		c.outbox.told()
		return true
	}
	c.count.commits.Add(1)
	c.working()
	c.count.committed.Store(uint64(b.mark))
	if c.settled != nil {
		c.settled(b)
	}
	c.outbox.committed()
	return true
}
