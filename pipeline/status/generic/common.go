package generic

import (
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// common assesses by what fields, conditions and phases commonly mean.
func common(s *subject) event.Assessment {
	if suspended(s) {
		return suspendedAssessment(s)
	}
	if seen, ok := integer(s.status["observedGeneration"]); ok && s.generation != 0 && seen != s.generation {
		return event.Assessment{
			Health: event.HealthProgressing, Reason: "LatestGenerationNotObserved",
			Message: fmt.Sprintf("observed generation %d of %d", seen, s.generation),
		}
	}
	conditions := s.conditions
	if len(conditions) == 0 {
		conditions = elsewhere(s)
	}
	if a, ok := byConditions(s, conditions); ok {
		return a
	}
	if a, ok := byPhase(s); ok {
		return a
	}
	return byReplicas(s)
}

func suspended(s *subject) bool {
	for i := range suspendFields {
		if v, _ := suspendFields[i].get(s.object).(bool); v {
			return true
		}
	}
	metadata, _ := s.object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	if len(annotations) == 0 {
		return false
	}
	for _, name := range suspendAnnotations {
		if text(annotations[name]) == "true" {
			return true
		}
	}
	return false
}

// suspendedAssessment shows the condition that says so, where there is one.
func suspendedAssessment(s *subject) event.Assessment {
	for i := range s.conditions {
		c := &s.conditions[i]
		if c.status == statusTrue && meaningOf(c.kind) == meansPaused || phraseHealth(c.reason) == event.HealthSuspended {
			return c.assessment(event.HealthSuspended)
		}
	}
	return event.Assessment{Health: event.HealthSuspended, Reason: "Suspended"}
}

// elsewhere gathers the conditions of objects that hold them per parent.
func elsewhere(s *subject) []condition {
	var all []condition
	for i := range conditionLists {
		conditionLists[i].walk(s.object, func(list any) bool {
			all = conditionsOf(all, list)
			return len(all) < maxConditions
		})
	}
	return all
}

// byConditions is in the order of kstatus, with the common meanings after it.
func byConditions(s *subject, conditions []condition) (event.Assessment, bool) {
	var ready, primary, bad, busy, paused, good, quiet, waiting *condition
	for i := range conditions {
		c := &conditions[i]
		if c.stale(s.generation) {
			if waiting == nil && meaningOf(c.kind) != meansNothing {
				waiting = c
			}
			continue
		}
		switch m := meaningOf(c.kind); m {
		case meansBad:
			switch {
			case c.status == statusTrue && (bad == nil || !known(bad) && known(c)):
				bad = c
			case c.status == statusFalse && c.kind == "Stalled":
				quiet = firstOr(quiet, c)
			}
		case meansBusy:
			switch {
			case c.status == statusTrue && c.kind == "Reconciling":
				busy = c
			case c.status == statusTrue && !settled[c.reason]:
				busy = firstOr(busy, c)
			case c.status == statusFalse && c.kind == "Progressing" && phraseHealth(c.reason) == event.HealthDegraded:
				// The progress has ended, and not well.
				bad = firstOr(bad, c)
			case c.status == statusFalse && c.kind == "Reconciling":
				quiet = firstOr(quiet, c)
			}
		case meansPaused:
			if c.status == statusTrue {
				paused = firstOr(paused, c)
			}
		case meansReady:
			if c.kind == "Ready" {
				primary = c
			}
			ready = worseOf(ready, c)
		case meansGood:
			good = worseOf(good, c)
		case meansNothing:
		}
	}
	switch {
	case busy != nil && busy.kind == "Reconciling":
		return busy.assessment(event.HealthProgressing), true
	case bad != nil && (primary == nil || primary.status != statusTrue || known(bad)):
		return bad.assessment(badHealth(bad)), true
	case paused != nil:
		return paused.assessment(event.HealthSuspended), true
	case waiting != nil:
		return waiting.assessment(event.HealthProgressing), true
	case primary != nil && primary.status == statusTrue && (ready == primary || ready.kind != "Synced"):
		return primary.assessment(event.HealthHealthy), true
	case ready != nil && (ready.status != statusTrue || busy == nil):
		return ready.assessment(statusHealth(ready)), true
	case busy != nil:
		return busy.assessment(busyHealth(busy)), true
	case good != nil:
		return good.assessment(statusHealth(good)), true
	case quiet != nil:
		// kstatus: current. Whoever writes these would say if there was more.
		if a, ok := byPhase(s); ok {
			return a, true
		}
		return quiet.assessment(event.HealthHealthy), true
	}
	return event.Assessment{}, false
}

// known reports whether the whole type of a bad condition is known, not only how
// it ends. Such a one counts for more than Ready.
func known(c *condition) bool {
	return conditionMeanings[c.kind] != meansNothing
}

func firstOr(have, c *condition) *condition {
	if have != nil {
		return have
	}
	return c
}

// worseOf returns which of two conditions says less good.
func worseOf(have, c *condition) *condition {
	if have == nil || healthRank(statusHealth(c)) > healthRank(statusHealth(have)) {
		return c
	}
	return have
}

func healthRank(h event.Health) int {
	switch h {
	case event.HealthSuspended:
		return 1
	case event.HealthProgressing:
		return 2
	case event.HealthDegraded:
		return 3
	default:
		return 0
	}
}

// statusHealth is what a condition says whose True is good.
func statusHealth(c *condition) event.Health {
	switch c.status {
	case statusTrue:
		return event.HealthHealthy
	case statusFalse:
		return falseHealth(c)
	default:
		return event.HealthProgressing
	}
}

// falseHealth tells by its reason whether a good condition is not True yet or not
// any more.
func falseHealth(c *condition) event.Health {
	if c.severity == "Info" || c.reason == "" {
		// kstatus: in progress. Nobody says that something is wrong.
		return event.HealthProgressing
	}
	switch h := phraseHealth(c.reason); h {
	case event.HealthProgressing, event.HealthSuspended:
		return h
	default:
		return event.HealthDegraded
	}
}

// badHealth is Degraded but for a NotReady that says that it is on its way.
func badHealth(c *condition) event.Health {
	if c.kind == "NotReady" && phraseHealth(c.reason) == event.HealthProgressing {
		return event.HealthProgressing
	}
	return event.HealthDegraded
}

// busyHealth is Degraded where the progress has ended for an error.
func busyHealth(c *condition) event.Health {
	if phraseHealth(c.reason) == event.HealthDegraded {
		return event.HealthDegraded
	}
	return event.HealthProgressing
}

// byPhase reads the one word that objects without conditions have.
func byPhase(s *subject) (event.Assessment, bool) {
	for i := range failureFields {
		if failure := text(failureFields[i].get(s.object)); failure != "" {
			a := event.Assessment{Health: event.HealthDegraded}
			explain(&a, s, failure)
			return a, true
		}
	}
	for i := range phaseFields {
		value := text(phaseFields[i].get(s.object))
		if value == "" {
			continue
		}
		if health := phraseHealth(value); health != event.HealthNone {
			a := event.Assessment{Health: health}
			explain(&a, s, value)
			return a, true
		}
	}
	for i := range readyFields {
		if ready, ok := readyFields[i].get(s.object).(bool); ok {
			a := event.Assessment{Health: event.HealthProgressing}
			if ready {
				a.Health = event.HealthHealthy
			}
			explain(&a, s, "")
			return a, true
		}
	}
	return event.Assessment{}, false
}

// byReplicas compares the ready replicas with those that are wanted.
func byReplicas(s *subject) event.Assessment {
	spec, _ := s.object["spec"].(map[string]any)
	ready, ok := integer(s.status["readyReplicas"])
	want, wanted := integer(spec["replicas"])
	if !wanted {
		want, wanted = integer(s.status["replicas"])
	}
	if !ok || !wanted {
		return byGeneration(s)
	}
	a := event.Assessment{Health: event.HealthHealthy}
	if ready < want {
		a.Health = event.HealthProgressing
	}
	explain(&a, s, "")
	return a
}

// byGeneration is the last resort: a controller that has seen the newest spec and
// has nothing more to say, which is Current to kstatus.
func byGeneration(s *subject) event.Assessment {
	seen, ok := integer(s.status["observedGeneration"])
	if !ok || s.generation == 0 || seen != s.generation || len(s.conditions) > 0 {
		return event.Assessment{}
	}
	for _, name := range messageFields {
		if m, there := scalar(s.status[name]); there && m != "" {
			return event.Assessment{}
		}
	}
	return event.Assessment{Health: event.HealthHealthy}
}
