package dedup

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Rollout is one state of a deployment, as it was read off an object.
type Rollout struct {
	// Key is the same for all rollouts of an application, Attempt for all states
	// of one rollout.
	Key     event.SeenKey
	Attempt string
	// Version is that of the object.
	Version event.ResourceVersion
	// Order is that of the rollout among those of its Key, where these are
	// objects of their own; zero where there is but one object.
	Order time.Time
	Phase event.DeploymentPhase
	// Time is when the state was reached, zero if nobody says so.
	Time time.Time

	// Turn is how many states of its Key were reported, this one included. Judge
	// sets it.
	Turn int64
}

// RecordID returns the id of the record of a rollout that Judge called news. A
// record that is made again after a crash has the one it had before.
func (r *Rollout) RecordID() event.RecordID {
	h := fnv.New128a()
	// fnv never fails.
	_, _ = fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d", r.Key, r.Attempt, r.Phase, r.Turn)
	return event.RecordID("deployment/" + hex.EncodeToString(h.Sum(nil)))
}

// LedgerOptions say what a Ledger calls news.
type LedgerOptions struct {
	// Retention is the age from which the end of a rollout is no news where
	// nothing is known of the application; zero means no limit.
	Retention time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Ledger tells which states of deployments are news. What it let pass is
// remembered in a Filter's way, and with the same marks: the Filter's Committed
// is told of both. A Ledger belongs to the goroutine of its Filter.
type Ledger struct {
	notes     *Filter
	retention time.Duration
	now       func() time.Time
}

// NewLedger returns a Ledger that shares the memory of notes.
func NewLedger(notes *Filter, options LedgerOptions) *Ledger {
	return &Ledger{notes: notes, retention: options.Retention, now: options.Now}
}

// Judge says whether r is news. If so it has set r.Turn. It changes nothing in
// the Ledger: call Note once the record is in a batch. What has Expired is to be
// noted, too, without a record.
//
// The rules, in their order:
//
//  1. A state without a phase is a repeat: the object tells of no rollout.
//  2. Where nothing is remembered of the application, a rollout that ended
//     longer than Retention ago has expired. All else is news.
//  3. A state that is older than the one remembered is a repeat: a stale copy,
//     or a former rollout whose object was touched. That is one of an earlier
//     Order; or of an earlier version of the object, unless it speaks of a later
//     time, as after an etcd was restored from a backup.
//  4. Of the attempt that is remembered, a beginning is a repeat whatever came of
//     it (tools reconcile the same thing every few minutes), and so is the end
//     that was reported. The other end is news, in both directions: a failed
//     rollout succeeded in the end, or what had succeeded fails now.
//  5. Any state of another attempt is news, however old it is: it happened while
//     nobody looked.
func (l *Ledger) Judge(ctx context.Context, r *Rollout) (Verdict, error) {
	if r.Phase == "" {
		return Repeat, nil
	}
	seen, known, err := l.notes.lookup(ctx, r.Key)
	if err != nil {
		return Repeat, fmt.Errorf("look up deployment %s: %w", r.Key, err)
	}
	turn, phase := phaseOf(seen.Count)
	switch {
	case !known:
		if r.Phase != event.DeploymentBegun && l.retention > 0 && !r.Time.IsZero() && l.now().Sub(r.Time) > l.retention {
			return Expired, nil
		}
	case r.stale(&seen):
		return Repeat, nil
	case seen.Digest == attemptDigest(r.Attempt) && (r.Phase == event.DeploymentBegun || r.Phase == phase):
		return Repeat, nil
	}
	r.Turn = turn + 1
	return News, nil
}

// stale reports whether r is older than what is remembered.
func (r *Rollout) stale(seen *event.Seen) bool {
	older := r.Version != seen.Version && r.Version.NotAfter(seen.Version)
	if r.Order.IsZero() {
		return older && !r.Time.After(seen.Last)
	}
	return r.Order.Before(seen.Last) || older && r.Order.Equal(seen.Last)
}

// Note remembers that r has gone into the batch of mark, or has expired. It
// returns what is to be committed with that batch.
func (l *Ledger) Note(mark Mark, r *Rollout) (event.SeenKey, event.Seen) {
	last := r.Order
	if last.IsZero() {
		last = r.Time
	}
	seen := event.Seen{Version: r.Version, Count: countOf(r.Turn, r.Phase), Last: last, Digest: attemptDigest(r.Attempt)}
	l.notes.ahead[r.Key] = aheadEntry{seen: seen, mark: mark}
	return r.Key, seen
}

// Forget remembers that the application is gone from the server: what comes
// under its key is another one.
func (l *Ledger) Forget(mark Mark, key event.SeenKey) event.SeenKey {
	l.notes.ahead[key] = aheadEntry{gone: true, mark: mark}
	return key
}

// DeploymentExpiry returns when the key of an application may be forgotten that
// is never said to be gone: one that was removed while nobody looked. It is more
// than a year, since an application may not be touched for that long.
func DeploymentExpiry(now time.Time) time.Time {
	const long, day = 400 * 24 * time.Hour, 24 * time.Hour
	return now.Add(long).Truncate(day)
}

// Seen.Count holds both how many states were reported and the phase of the last.
const phaseBits = 2

var phases = [...]event.DeploymentPhase{"", event.DeploymentBegun, event.DeploymentSucceeded, event.DeploymentFailed}

func countOf(turn int64, phase event.DeploymentPhase) int64 {
	for i, p := range phases {
		if p == phase {
			return turn<<phaseBits | int64(i)
		}
	}
	return turn << phaseBits
}

func phaseOf(count int64) (turn int64, phase event.DeploymentPhase) {
	return count >> phaseBits, phases[count&(1<<phaseBits-1)]
}

func attemptDigest(attempt string) uint64 {
	h := fnv.New64a()
	// fnv never fails.
	_, _ = h.Write([]byte(attempt))
	return h.Sum64()
}
