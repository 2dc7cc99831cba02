package values

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// former are values that were read from files and are there no more.
type former struct {
	// until is when each is to be forgotten.
	until map[known.Value]time.Time
	bytes int
	// lost is when the last of those is over that found no room.
	lost time.Time
}

// retire notes the old values that are not among the new ones, to be kept for d.
func (f *former) retire(old, now []known.Value, at time.Time, d time.Duration) {
	if d <= 0 {
		return
	}
	stays := make(map[string]bool, len(now))
	for _, v := range now {
		stays[v.Text] = true
	}
	for _, v := range old {
		if v.Text != "" && !stays[v.Text] {
			f.add(v, at.Add(d))
		}
	}
	f.fit()
}

func (f *former) add(v known.Value, until time.Time) {
	if f.until == nil {
		f.until = make(map[known.Value]time.Time)
	}
	if _, ok := f.until[v]; !ok {
		f.bytes += len(v.Text)
	}
	f.until[v] = until
}

// fit drops the oldest while there are too many.
func (f *former) fit() {
	if len(f.until) <= maxValues && f.bytes <= maxBytes {
		return
	}
	byAge := slices.SortedFunc(maps.Keys(f.until), func(a, b known.Value) int { return f.until[a].Compare(f.until[b]) })
	for _, v := range byAge {
		if len(f.until) <= maxValues && f.bytes <= maxBytes {
			return
		}
		if until := f.until[v]; until.After(f.lost) {
			f.lost = until
		}
		f.drop(v)
	}
}

func (f *former) drop(v known.Value) {
	f.bytes -= len(v.Text)
	delete(f.until, v)
}

// present yields those that are still to be found, and until when, in a steady
// order.
func (f *former) present(now time.Time) iter.Seq2[known.Value, time.Time] {
	return func(yield func(known.Value, time.Time) bool) {
		for _, v := range slices.SortedFunc(maps.Keys(f.until), compareValues) {
			if until := f.until[v]; now.Before(until) && !yield(v, until) {
				return
			}
		}
	}
}

// expire forgets those whose time is over and reports whether there were any.
func (f *former) expire(now time.Time) bool {
	before := len(f.until)
	for v, until := range f.until {
		if !now.Before(until) {
			f.drop(v)
		}
	}
	return len(f.until) < before
}

// next returns when the next one is over, zero if there is none.
func (f *former) next() time.Time {
	var next time.Time
	for _, until := range f.until {
		if next.IsZero() || until.Before(next) {
			next = until
		}
	}
	return next
}
