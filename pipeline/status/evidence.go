package status

import (
	"cmp"
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// How many findings a record has.
const (
	maxObjects = 3
	maxEvents  = 5
)

// evidence returns what a person would look at first, now.
func (t *Tracker) evidence(e *entry, now int64) event.Evidence {
	var ev event.Evidence
	if s := e.cur.status(); s < statusProgressing || e.is(broken) {
		return ev
	}
	if d := e.detail; d != nil && e.is(live) {
		ev.Condition = cloneCondition(d.condition)
		ev.Containers = slices.Clone(d.containers)
	}
	var below [maxObjects]*entry
	events := newestWarnings(nil, e, now)
	t.walk(e, func(c *entry) {
		events = newestWarnings(events, c, now)
		if s := c.cur.status(); s < statusProgressing {
			return
		}
		for i := range below {
			if below[i] == nil || isWorse(c, below[i]) {
				copy(below[i+1:], below[i:])
				below[i] = c
				break
			}
		}
	})
	for _, c := range below {
		if c != nil {
			ev.Objects = append(ev.Objects, c.finding())
		}
	}
	for _, w := range events {
		ev.Events = append(ev.Events, event.WarningFinding{
			Object: w.e.plainRef(), Reason: w.reason, Message: w.message, Count: w.count, Time: timeOf(w.at),
		})
	}
	return ev
}

func cloneCondition(c *event.Condition) *event.Condition {
	if c == nil {
		return nil
	}
	copied := *c
	return &copied
}

// newestWarnings adds those of an object and keeps the newest.
func newestWarnings(events []*warning, e *entry, now int64) []*warning {
	for w := e.warnings; w != nil; w = w.next {
		if now-w.at > warningsFor {
			break
		}
		at, _ := slices.BinarySearchFunc(events, w, func(a, b *warning) int { return cmp.Compare(b.at, a.at) })
		if at == maxEvents {
			break
		}
		if len(events) == maxEvents {
			events = events[:maxEvents-1]
		}
		events = slices.Insert(events, at, w)
	}
	return events
}

// evidenceRanks say of which status an object explains most, by word.
var evidenceRanks = [...]uint8{statusProgressing: 1, statusMissing: 3, statusDegraded: 4, statusUnknown: 2}

// isWorse reports whether an object explains more than another that was met
// before: the worse, and of the same status the one that has a reason and is
// further down.
func isWorse(a, b *entry) bool {
	ra, rb := evidenceRanks[a.cur.status()], evidenceRanks[b.cur.status()]
	if ra != rb {
		return ra > rb
	}
	if ga, gb := a.hasReason(), b.hasReason(); ga != gb {
		return ga
	}
	// Levels come one after the other, so that another kind is further down.
	if a.kind != b.kind {
		return true
	}
	return compareEntries(a, b) < 0
}

func (e *entry) hasReason() bool { return e.detail != nil && e.detail.reason != "" }

// plainRef names the object without its version.
func (e *entry) plainRef() event.ObjectRef {
	ref := e.ref()
	ref.ResourceVersion = ""
	return ref
}

// finding is the object as evidence for another.
func (e *entry) finding() event.ObjectFinding {
	f := event.ObjectFinding{Object: e.plainRef(), Status: statuses[e.cur.status()]}
	f.Reason, f.Message = e.words()
	return f
}

// reasonBroken is the reason of objects whose watch fails.
const reasonBroken = "WatchBroken"

// words returns the reason and the message of an object's status.
func (e *entry) words() (reason, message string) {
	if e.is(broken) {
		if w := e.kind.watch(e.namespace); w != nil {
			message = w.told.Error
		}
		return reasonBroken, message
	}
	if d := e.detail; d != nil && e.is(live) {
		return d.reason, d.message
	}
	return "", ""
}
