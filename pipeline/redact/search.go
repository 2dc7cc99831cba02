package redact

import (
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/known"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

// RuleKnown is the rule under which occurrences of known values are counted.
const RuleKnown = "known-value"

// minSearched is the length of the shortest string that can hold a value or
// match a pattern, in bytes.
const minSearched = 4

// search looks for known values and patterns in the decoded strings of one
// record, and notes what was found by any layer.
type search struct {
	known    *known.Set
	patterns *pattern.Set
	// deadline is when the record has taken too long; zero is never. A clock is
	// asked only now and then.
	deadline time.Time
	now      func() time.Time
	steps    int
	late     bool
	// found counts by rule, in the order of first use.
	found []found
	// explain receives each finding, if set.
	explain func(Finding)
	// base and name are where the string in hand stands in its record, and way
	// the nodes that lead to it within its JSON.
	base, name string
	way        []step

	// clean are strings that were searched in vain, and byPath is set if the path
	// of one had a part in that.
	clean  cleanStrings
	byPath bool
	// spare is the work that all texts of the record may still take beyond what
	// their lengths entitle them to.
	spare int

	// keys is the memory for those of a map.
	keys []string

	onKnown, onPattern func(string)
	at                 pattern.At
}

// found is how often a rule was applied.
type found struct {
	rule string
	n    int64
}

// Finding is one thing that was taken out.
type Finding struct {
	// Rule is that by which it was found.
	Rule string
	// Name is that of the known value, if it was one.
	Name string
	// Path is a JSON pointer (RFC 6901) to the string that held it.
	Path string
}

func newSearch() *search {
	x := new(search)
	x.onKnown = func(name string) { x.note(RuleKnown, name) }
	x.onPattern = func(rule string) { x.note(rule, "") }
	x.at = pattern.At{
		Path: func() string {
			x.byPath = true
			return x.path()
		},
		Late: x.overdue,
	}
	return x
}

// begin prepares for a record.
func (x *search) begin(o *Options, explain func(Finding)) {
	x.known, x.patterns, x.now, x.explain = nil, o.Patterns, o.Now, explain
	x.deadline, x.steps, x.late = time.Time{}, 0, false
	x.spare = known.SpareWork
	if o.Budget > 0 && x.now != nil {
		x.deadline = x.now().Add(o.Budget)
	}
}

// end forgets the record.
func (x *search) end() {
	x.known, x.patterns, x.explain = nil, nil, nil
	x.base, x.name = "", ""
	x.found = x.found[:0]
	clear(x.keys[:cap(x.keys)])
	clear(x.way[:cap(x.way)])
	x.way = x.way[:0]
}

// sorted returns the keys of a map in their order, until the next call.
func (x *search) sorted(m map[string]string) []string {
	x.keys = x.keys[:0]
	for k := range m {
		x.keys = append(x.keys, k)
	}
	slices.Sort(x.keys)
	return x.keys
}

// note counts a finding.
func (x *search) note(rule, name string) {
	if x.explain != nil {
		x.explain(Finding{Rule: rule, Name: name, Path: x.path()})
	}
	for i := range x.found {
		if x.found[i].rule == rule {
			x.found[i].n++
			return
		}
	}
	x.found = append(x.found, found{rule: rule, n: 1})
}

// text redacts one decoded string, all of which is looked at as it stands.
func (x *search) text(v string) (out, reason string) { return x.redact(v, cleanOfValues|cleanOfAll) }

// values is text without the patterns.
func (x *search) values(v string) (out, reason string) { return x.redact(v, cleanOfValues) }

// redact takes out of a string that of which it is to be clean: known values, and
// with cleanOfAll what patterns match.
func (x *search) redact(v string, of cleanness) (out, reason string) {
	if len(v) < minSearched {
		return v, ""
	}
	if reason = x.tooLong(len(v)); reason != "" {
		return MarkWithheld, reason
	}
	patterns := of&cleanOfAll != 0
	if x.known == nil && (!patterns || x.patterns == nil) {
		return v, ""
	}
	slot, ok := x.clean.has(v, of)
	if ok {
		return v, ""
	}
	x.byPath = false
	if out, ok = x.known.ReplaceWithin(&x.spare, v, x.onKnown); ok && patterns {
		out, ok = x.patterns.Replace(out, x.at, x.onPattern)
	}
	if !ok {
		return MarkWithheld, ReasonTooSlow
	}
	if out == v && !x.byPath {
		slot.put(v, of)
	}
	return out, ""
}

// finds reports whether text would take anything out of v. It counts nothing.
func (x *search) finds(v string) bool {
	explain, before := x.explain, slices.Clone(x.found)
	x.explain = nil
	out, _ := x.text(v)
	x.explain, x.found = explain, append(x.found[:0], before...)
	return out != v
}

// clockEvery is how many bytes may be examined without asking the clock.
const clockEvery = 64 << 10

// tooLong says why nothing more of the record may be examined, if so, before
// n bytes are.
func (x *search) tooLong(n int) (reason string) {
	if x.deadline.IsZero() {
		return ""
	}
	if x.steps += n; x.steps >= clockEvery {
		x.steps = 0
		x.overdue()
	}
	if x.late {
		return ReasonTooSlow
	}
	return ""
}

// overdue asks the clock whether the record has taken too long.
func (x *search) overdue() bool {
	if !x.late && !x.deadline.IsZero() {
		x.late = x.now().After(x.deadline)
	}
	return x.late
}
