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
	// Key is the object's that tells of the rollout, and Attempt the same for all
	// states of one rollout.
	Key     event.SeenKey
	Attempt string
	// Version is that of the object.
	Version event.ResourceVersion
	// Series is what the rollouts of an application have in common where each is an
	// object of its own, as Helm's revisions are, and Order that of the rollout in
	// it. Empty and zero where there is but one object.
	Series event.SeenKey
	Order  time.Time
	Phase  event.DeploymentPhase
	// Time is when the state was reached, zero if nobody says so.
	Time time.Time

	// Turn is how many ends of the attempt were reported before. Judge sets it.
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
	// Before is until when an earlier run has dealt with everything: a rollout that
	// ended later is news however old it is. Zero where there was none.
	Before time.Time
	// Now is the clock.
	Now func() time.Time
}

// Ledger tells which states of deployments are news. What it let pass is
// remembered in a Filter's way, and with the same marks: the Filter's Committed
// is told of both. A Ledger belongs to the goroutine of its Filter.
type Ledger struct {
	notes     *Filter
	retention time.Duration
	before    time.Time
	now       func() time.Time
	// starts holds how far each series was when it was first asked for.
	starts map[event.SeenKey]start
}

type start struct {
	order time.Time
	known bool
}

// maxStarts bounds how many series are known by how far they were.
const maxStarts = 100_000

// NewLedger returns a Ledger that shares the memory of notes.
func NewLedger(notes *Filter, options LedgerOptions) *Ledger {
	return &Ledger{notes: notes, retention: options.Retention, before: options.Before, now: options.Now, starts: map[event.SeenKey]start{}}
}

// Judge says whether r is news. If so it has set r.Turn. It changes nothing that
// is reported: call Note once the record is in a batch. What has Expired is to be
// noted, too, without a record.
//
// The rules, in their order:
//
//  1. A state without a phase is a repeat: the object tells of no rollout.
//  2. Where nothing is remembered of the object, a rollout of a series that is
//     not after the last one of the run before is a repeat: it was dealt with, or
//     was old then. A later one is news, however old it is: it happened while
//     nobody looked.
//  3. Where nothing is remembered of the application either, a rollout that ended
//     longer than Retention ago has expired, unless it was after Before. All else
//     is news.
//  4. A state of an earlier version of the object than the one remembered is a
//     repeat, unless it speaks of a later time, as after an etcd was restored from
//     a backup.
//  5. Of the attempt that is remembered, a beginning is a repeat whatever came of
//     it (tools reconcile the same thing every few minutes), and so is the end
//     that was reported. The other end is news, in both directions: a failed
//     rollout succeeded in the end, or what had succeeded fails now.
//  6. Any state of another attempt is news, however old it is.
func (l *Ledger) Judge(ctx context.Context, r *Rollout) (Verdict, error) {
	if r.Phase == "" {
		return Repeat, nil
	}
	r.Turn = 0
	seen, known, err := l.notes.lookup(ctx, r.Key)
	if err != nil {
		return Repeat, fmt.Errorf("look up deployment %s: %w", r.Key, err)
	}
	if !known {
		return l.first(ctx, r)
	}
	turn, phase := phaseOf(seen.Count)
	same := seen.Digest == attemptDigest(r.Attempt)
	switch {
	case r.Version != seen.Version && r.Version.NotAfter(seen.Version) && !r.Time.After(seen.Last):
		return Repeat, nil
	case same && (r.Phase == event.DeploymentBegun || r.Phase == phase):
		return Repeat, nil
	case same && phase != event.DeploymentBegun:
		r.Turn = turn + 1
	}
	return News, nil
}

// first judges a rollout of an object of which nothing is remembered.
func (l *Ledger) first(ctx context.Context, r *Rollout) (Verdict, error) {
	if r.Series != "" {
		s, err := l.start(ctx, r.Series)
		switch {
		case err != nil:
			return Repeat, fmt.Errorf("look up deployments of %s: %w", r.Series, err)
		case s.known && r.Order.After(s.order):
			return News, nil
		case s.known:
			return Repeat, nil
		}
	}
	old := l.retention > 0 && !r.Time.IsZero() && l.now().Sub(r.Time) > l.retention
	missed := !l.before.IsZero() && r.Time.After(l.before)
	if r.Phase != event.DeploymentBegun && old && !missed {
		return Expired, nil
	}
	return News, nil
}

// start returns how far a series was when it was first asked for. What was noted
// since does not count: revisions are read side by side, and a newer one that is
// noted first says nothing about an older.
func (l *Ledger) start(ctx context.Context, series event.SeenKey) (start, error) {
	if s, ok := l.starts[series]; ok {
		return s, nil
	}
	seen, known, err := l.notes.lookup(ctx, series)
	if err != nil {
		return start{}, err
	}
	s := start{order: seen.Last, known: known}
	if len(l.starts) < maxStarts {
		l.starts[series] = s
	}
	return s, nil
}

// Note remembers that r has gone into the batch of mark, or has expired. It
// returns what is to be committed with that batch.
func (l *Ledger) Note(mark Mark, r *Rollout) (event.SeenKey, event.Seen) {
	seen := event.Seen{Version: r.Version, Count: countOf(r.Turn, r.Phase), Last: r.Time, Digest: attemptDigest(r.Attempt)}
	l.notes.ahead[r.Key] = aheadEntry{seen: seen, mark: mark}
	return r.Key, seen
}

// NoteSeries remembers how far the series of r is. It is to be committed with the
// batch of what Note returned or a later one, never an earlier. It is false where
// there is nothing to remember.
func (l *Ledger) NoteSeries(ctx context.Context, r *Rollout) (note func(Mark) (event.SeenKey, event.Seen), ok bool, err error) {
	if r.Series == "" {
		return nil, false, nil
	}
	last, known, err := l.notes.lookup(ctx, r.Series)
	if err != nil || known && !r.Order.After(last.Last) {
		return nil, false, err
	}
	return func(mark Mark) (event.SeenKey, event.Seen) {
		seen := event.Seen{Last: r.Order}
		l.notes.ahead[r.Series] = aheadEntry{seen: seen, mark: mark}
		return r.Series, seen
	}, true, nil
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

// Seen.Count holds both Rollout.Turn and the phase.
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
