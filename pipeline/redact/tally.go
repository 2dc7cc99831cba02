package redact

import (
	"maps"
	"sync"

	"github.com/fluent-live/live-status/pipeline/event"
)

// tally counts what was done to all records.
type tally struct {
	mu              sync.Mutex
	found, withheld map[string]int64
}

// Counts are how often something was taken out of records, by rule, and
// withheld, by reason.
type Counts struct{ Found, Withheld map[string]int64 }

// Counts returns what was counted so far.
func (r *Redactor) Counts() Counts {
	r.tally.mu.Lock()
	defer r.tally.mu.Unlock()
	return Counts{Found: maps.Clone(r.tally.found), Withheld: maps.Clone(r.tally.withheld)}
}

// add counts what was found in one record and withheld of it.
func (t *tally) add(in []found, withheld []event.Withheld) {
	if len(in) == 0 && len(withheld) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.found == nil {
		t.found, t.withheld = map[string]int64{}, map[string]int64{}
	}
	for _, f := range in {
		t.found[f.rule] += f.n
	}
	for i := range withheld {
		t.withheld[withheld[i].Reason]++
	}
}
