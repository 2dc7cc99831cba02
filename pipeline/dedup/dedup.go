// Package dedup decides what is news. An event object comes again for many
// reasons: a list repeats what a watch said, a restart reads again what was not
// yet committed, a controller touches metadata. Only a version that says
// something new passes, with the number of occurrences it adds.
package dedup

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Memory is what has been handed on and committed. Seen is called from one
// goroutine; an error means that the answer is not known now, and the item must
// be asked for again, never dropped.
type Memory interface {
	Seen(ctx context.Context, key event.SeenKey) (event.Seen, bool, error)
}

// Verdict says what is to be done with an occurrence.
type Verdict uint8

// The verdicts.
const (
	// News is to be reported.
	News Verdict = iota
	// Repeat was reported before, or adds nothing to what was.
	Repeat
	// Expired last occurred before the time from which news is wanted.
	Expired
)

// Filter tells news from repeats. It remembers what it let pass until that is
// committed to Memory, where it then asks for it: the pipeline is ahead of the
// cursor by a batch. A Filter belongs to one goroutine.
type Filter struct {
	memory Memory
	// ahead holds what Memory does not know yet, by key.
	ahead map[event.SeenKey]aheadEntry
}

type aheadEntry struct {
	seen event.Seen
	gone bool
	// mark is the last Mark at which the entry was set.
	mark Mark
}

// Mark counts the batches: what was noted under a mark is committed with it.
type Mark uint64

// New returns a Filter upon memory.
func New(memory Memory) *Filter {
	return &Filter{memory: memory, ahead: make(map[event.SeenKey]aheadEntry)}
}

// Key returns the key under which the versions of an event are remembered.
func Key(uid event.UID) event.SeenKey { return event.SeenKey(uid) }

// Judge says whether occ, which came with item, is news. If so it has set
// occ.CountDelta. It changes nothing in the Filter: call Note once the record
// is in a batch.
//
// The rules, in their order:
//
//  1. The same version is never reported twice.
//  2. A listed version that an earlier run of the stream has dealt with (not
//     after item.Known) is a repeat even when its key is forgotten by now.
//  3. On a stream's first list, what last occurred before item.NotBefore has
//     expired; a series counts by its last occurrence, not by its first.
//  4. A known event is news if it happened more often or later than it was
//     reported, or if it says something else now. A change of nothing but
//     metadata is none.
//  5. A version that is not newer than the one reported, with a lower count or
//     an older time, is a stale copy, as an etcd restored from a backup serves
//     them. A newer version counts whatever its count and time: who may write
//     events could otherwise mute one for ever with a count of two billion.
func (f *Filter) Judge(ctx context.Context, item *event.Item, occ *event.Occurrence) (Verdict, error) {
	seen, known, err := f.lookup(ctx, Key(occ.UID))
	if err != nil {
		return Repeat, fmt.Errorf("look up event %s/%s: %w", occ.Namespace, occ.Name, err)
	}
	if known && seen.Version == occ.ResourceVersion {
		return Repeat, nil
	}
	if item.Change == event.Listed && item.Known != "" && occ.ResourceVersion.NotAfter(item.Known) {
		return Repeat, nil
	}
	if !known {
		if item.Change == event.Listed && occ.LastTime.Before(item.NotBefore) {
			return Expired, nil
		}
		occ.CountDelta = occ.Count
		return News, nil
	}
	more, later := occ.Count > seen.Count, occ.LastTime.After(seen.Last)
	less, earlier := occ.Count < seen.Count, occ.LastTime.Before(seen.Last)
	switch {
	case more || later:
	case occ.ResourceVersion.NotAfter(seen.Version) && (less || earlier):
		return Repeat, nil
	case !less && !earlier && Digest(occ) == seen.Digest:
		return Repeat, nil
	}
	occ.CountDelta = max(occ.Count-seen.Count, 0)
	return News, nil
}

// Note remembers that occ has gone into the batch of mark. It returns what is
// to be committed with that batch.
func (f *Filter) Note(mark Mark, occ *event.Occurrence) (event.SeenKey, event.Seen) {
	key := Key(occ.UID)
	seen := event.Seen{Version: occ.ResourceVersion, Count: occ.Count, Last: occ.LastTime, Digest: Digest(occ)}
	f.ahead[key] = aheadEntry{seen: seen, mark: mark}
	return key, seen
}

// Forget remembers that the event is gone from the server: nothing of it can
// come again.
func (f *Filter) Forget(mark Mark, uid event.UID) event.SeenKey {
	key := Key(uid)
	f.ahead[key] = aheadEntry{gone: true, mark: mark}
	return key
}

// Committed says that Memory now holds everything noted under mark and before.
func (f *Filter) Committed(mark Mark) {
	for k, e := range f.ahead {
		if e.mark <= mark {
			delete(f.ahead, k)
		}
	}
}

func (f *Filter) lookup(ctx context.Context, key event.SeenKey) (event.Seen, bool, error) {
	if e, ok := f.ahead[key]; ok {
		return e.seen, !e.gone, nil
	}
	return f.memory.Seen(ctx, key)
}

// Digest hashes what an occurrence says, without its count, times, version and
// metadata. It is stored in the cursor and must stay the same between builds.
func Digest(occ *event.Occurrence) uint64 {
	h := fnv.New64a()
	for _, s := range [...]string{
		occ.Reason, occ.Message, occ.Type, occ.Action, occ.ReportingController, occ.ReportingInstance,
		occ.Regarding.APIVersion, occ.Regarding.Kind, string(occ.Regarding.Namespace), occ.Regarding.Name,
		string(occ.Regarding.UID), occ.Regarding.FieldPath, occ.Related.Kind, string(occ.Related.Namespace), occ.Related.Name,
	} {
		// fnv never fails; the separator keeps "ab","c" and "a","bc" apart.
		_, _ = io.WriteString(h, s)
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// Expiry returns when an event's key may be forgotten: an API server drops an
// event its time to live after the last write, and what a list still brings
// after that is covered by the stream's position. It is a full hour, so that
// the repeats of an event rarely move it in the cursor's index.
func Expiry(now, last time.Time, retention time.Duration) time.Time {
	const timeToLive = 24 * time.Hour
	// A time in the future is somebody's clock, or somebody's mischief.
	if last.Before(now) || last.After(now.Add(timeToLive)) {
		last = now
	}
	return last.Add(retention + timeToLive).Truncate(time.Hour).Add(time.Hour)
}
