package generic

import (
	"github.com/fluent-live/live-status/pipeline/event"
)

// subject is the object that tests look at.
type subject struct {
	object     map[string]any
	status     map[string]any
	generation int64
	conditions []condition
	// only is the one condition that tests see; nil where they see all.
	only *condition
	// last is a condition of another list that a test found.
	last condition
}

func subjectOf(object map[string]any, buffer []condition) *subject {
	s := &subject{object: object}
	s.status, _ = object["status"].(map[string]any)
	metadata, _ := object["metadata"].(map[string]any)
	s.generation, _ = integer(metadata["generation"])
	s.conditions = conditionsOf(buffer, s.status["conditions"])
	return s
}

// finding is what made a test hold, to be shown as evidence.
type finding struct {
	condition *condition
	// value is the field's, where a field was compared.
	value string
}

// A test holds or does not; found is left alone where it does not.
type test func(s *subject, found *finding) bool

// A verdict is one line of an entry: its health, where all tests hold.
type verdict struct {
	// each verdicts next to each other are tried on one condition after another.
	each   bool
	health event.Health
	tests  []test
	// message is where the object says why; nil for the usual places.
	message *path
	text    string
	// code decides in place of tests; false where it does not know either.
	code func(s *subject) (event.Assessment, bool)
}

// An entry is the rule of one kind or some.
type entry struct {
	// kinds are as they are written, group/Kind.
	kinds    []string
	verdicts []verdict
	// types are the condition types that the verdicts speak of, in order.
	types []string
}

// assess returns what the first verdict says that holds.
func (e *entry) assess(s *subject) event.Assessment {
	for i := 0; i < len(e.verdicts); i++ {
		if code := e.verdicts[i].code; code != nil {
			if a, ok := code(s); ok {
				return a
			}
			continue
		}
		if !e.verdicts[i].each {
			var found finding
			if e.verdicts[i].holds(s, &found) {
				return e.conclude(s, &e.verdicts[i], &found)
			}
			continue
		}
		end := i
		for end < len(e.verdicts) && e.verdicts[end].each {
			end++
		}
		if v, found := eachOf(s, e.verdicts[i:end]); v != nil {
			return e.conclude(s, v, &found)
		}
		i = end - 1
	}
	return event.Assessment{}
}

func eachOf(s *subject, verdicts []verdict) (*verdict, finding) {
	defer func() { s.only = nil }()
	for c := range s.conditions {
		s.only = &s.conditions[c]
		for v := range verdicts {
			found := finding{condition: s.only}
			if verdicts[v].holds(s, &found) {
				return &verdicts[v], found
			}
		}
	}
	return nil, finding{}
}

func (v *verdict) holds(s *subject, found *finding) bool {
	for _, t := range v.tests {
		if !t(s, found) {
			return false
		}
	}
	return true
}

func (e *entry) conclude(s *subject, v *verdict, found *finding) event.Assessment {
	if found.condition == nil && v.health != event.HealthHealthy {
		found.condition = e.lacking(s)
	}
	var a event.Assessment
	if found.condition != nil {
		a = found.condition.assessment(v.health)
	} else {
		a = event.Assessment{Health: v.health}
		explain(&a, s, found.value)
	}
	if v.message != nil {
		if m := v.message.join(s.object); m != "" {
			a.Message = m
		}
	}
	return a
}

// lacking returns the first condition that the entry waits for.
func (e *entry) lacking(s *subject) *condition {
	for _, kind := range e.types {
		for i := range s.conditions {
			if c := &s.conditions[i]; c.kind == kind && c.status != statusTrue {
				return c
			}
		}
	}
	return nil
}

// explain takes reason and message from where objects that have no condition to
// show commonly say them. value is the field that decided.
func explain(a *event.Assessment, s *subject, value string) {
	if isWord(value) {
		a.Reason = value
	} else if value != "" {
		a.Message = cut(value)
	}
	if a.Reason == "" {
		if reason := text(s.status["reason"]); isWord(reason) {
			a.Reason = reason
		}
	}
	for _, name := range messageFields {
		if m := text(s.status[name]); m != "" {
			a.Message = cut(m)
			return
		}
	}
	if reason := text(s.status["reason"]); reason != "" && reason != a.Reason {
		a.Message = cut(reason)
	}
}

// isWord reports whether s can stand as a reason: short and in one piece.
func isWord(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
