package checkmk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// State is that of a service in Checkmk.
type State int

// The states.
const (
	OK State = iota
	Warn
	Crit
	Unknown
)

// words are the states as they are written for people.
var words = [...]string{OK: "OK", Warn: "WARN", Crit: "CRIT", Unknown: "UNKNOWN"}

// String returns the state as Checkmk writes it for people.
func (s State) String() string { return words[s] }

// worse is true where s is worse than t: CRIT, UNKNOWN, WARN, OK.
//
// Source of the order: State.worst of Checkmk's check API.
func (s State) worse(t State) bool {
	order := [...]int{OK: 0, Warn: 1, Unknown: 2, Crit: 3}
	return order[s] > order[t]
}

func worst(a, b State) State {
	if b.worse(a) {
		return b
	}
	return a
}

// Condition is what a state is told of: a status in the words of Live Status, or
// something that may be wrong with Live Status itself.
type Condition string

// The conditions. The first ten are statuses.
const (
	Healthy     Condition = "Healthy"
	InSync      Condition = "In Sync"
	Suspended   Condition = "Suspended"
	Progressing Condition = "Progressing"
	Waiting     Condition = "Waiting"
	OutOfSync   Condition = "Out of Sync"
	Degraded    Condition = "Degraded"
	Missing     Condition = "Missing"
	Unavailable Condition = "Unavailable"
	NotKnown    Condition = "Unknown"

	// Stale is an application of which nothing was heard for long.
	Stale Condition = "Stale"
	// RedactionBlocked holds all records back.
	RedactionBlocked Condition = "Redaction Blocked"
	// SourceDown is a source that stopped, or that waits before it tries again.
	SourceDown Condition = "Source Down"
	// WatchBroken is a kind of which nothing is heard any more.
	WatchBroken Condition = "Watch Broken"
	// WatchTroubled is a kind that cannot be watched as wished.
	WatchTroubled Condition = "Watch Troubled"
	// PermissionsMissing are rights that the service account lacks.
	PermissionsMissing Condition = "Permissions Missing"
	// PermissionsExcess are rights that it has beyond what it needs.
	PermissionsExcess Condition = "Permissions Excess"
	// MetricsOmitted are applications or objects that the metrics leave out, so
	// that their services are gone.
	MetricsOmitted Condition = "Metrics Omitted"
)

// Usual is the state that a condition has unless another is asked for.
type Usual struct {
	Condition Condition
	State     State
	// About says when it is met.
	About string
}

// conditions are all of them, in the order of the documentation.
var conditions = []Usual{
	{Healthy, OK, "everything runs as it should"},
	{InSync, OK, "objects that have no health are as they were deployed"},
	{Suspended, OK, "paused on purpose"},
	{Progressing, OK, "rolls out; `--progressing-warn` and `--progressing-crit` bound how long"},
	{Waiting, OK, "a deployment is under way; bounded like Progressing"},
	{OutOfSync, Warn, "runs, and is not as it was deployed"},
	{Degraded, Crit, "failed, or cannot make progress"},
	{Missing, Crit, "was deployed, and is not there"},
	{Unavailable, Crit, "the last deployment failed"},
	{NotKnown, Unknown, "cannot be told; so is any status that this version does not know"},
	{Stale, Unknown, "nothing was heard for long: what is known is old. What is CRIT stays so"},
	{RedactionBlocked, Crit, "redaction holds all records back"},
	{SourceDown, Warn, "a source stopped, or waits before it tries again"},
	{WatchBroken, Warn, "of a kind nothing is heard any more"},
	{WatchTroubled, Warn, "a kind cannot be watched as wished"},
	{PermissionsMissing, Warn, "the service account lacks rights"},
	{PermissionsExcess, Warn, "the service account has more rights than it needs"},
	{MetricsOmitted, Warn, "metrics leave applications or objects out: raise `metrics_max_series`"},
}

// Conditions returns all conditions, in the order of the documentation.
func Conditions() []Usual { return slices.Clone(conditions) }

// States are the states of conditions where they are not the usual ones.
type States map[Condition]State

// of returns the state of a condition. One that is not known is UNKNOWN.
func (s States) of(c Condition) State {
	if state, ok := s[c]; ok {
		return state
	}
	for _, known := range conditions {
		if known.Condition == c {
			return known.State
		}
	}
	return Unknown
}

// Set takes CONDITION=STATE, as in 'Out of Sync=0' or out-of-sync=OK.
func (s States) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("write STATUS=STATE, as in 'Out of Sync=OK'")
	}
	i := slices.IndexFunc(conditions, func(u Usual) bool { return folded(string(u.Condition)) == folded(name) })
	if i < 0 {
		var names []string
		for _, u := range conditions {
			names = append(names, string(u.Condition))
		}
		return fmt.Errorf("%q is no status: write one of %s", name, strings.Join(names, ", "))
	}
	for state, word := range words {
		if strings.EqualFold(value, word) || value == fmt.Sprint(state) {
			s[conditions[i].Condition] = State(state)
			return nil
		}
	}
	return fmt.Errorf("%q is no state: write OK, WARN, CRIT or UNKNOWN, or 0 to 3", value)
}

// folded is a name without case and without what stands between words.
func folded(name string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(name))
}
