package generic

import "github.com/fluent-live/live-status/pipeline/event"

// rollout is for Rollouts of Argo: the phase that the controller writes, and for
// those from before it did, what the phase is made of.
func rollout(s *subject) (event.Assessment, bool) {
	metadata, spec := at(s.object, "metadata"), at(s.object, "spec")
	if s.status == nil {
		return s.says(event.HealthProgressing)
	}
	if seen, ok := number(s.status["observedGeneration"]); ok && seen < float64(s.generation) {
		return s.says(event.HealthProgressing)
	}
	if at(spec, "workloadRef") != nil && at(metadata, "annotations") != nil {
		want, ok1 := number(at(metadata, "annotations", "rollout.argoproj.io/workload-generation"))
		seen, ok2 := number(s.status["workloadObservedGeneration"])
		if ok1 != ok2 || want != seen {
			return s.says(event.HealthProgressing)
		}
	}
	if phase := text(s.status["phase"]); phase != "" {
		return s.rolloutPhase(phase)
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		aborted := c.kind == "Progressing" && (c.reason == "RolloutAborted" || c.reason == "ProgressDeadlineExceeded")
		if c.kind == "InvalidSpec" || aborted {
			return c.assessment(event.HealthDegraded), true
		}
	}
	if pauses, _ := s.status["pauseConditions"].([]any); len(pauses) > 0 || at(spec, "paused") == true {
		return s.says(event.HealthSuspended)
	}
	if s.rolledOut(spec) {
		return s.says(event.HealthHealthy)
	}
	return s.says(event.HealthProgressing)
}

func (s *subject) rolloutPhase(phase string) (event.Assessment, bool) {
	health := event.HealthUnknown
	switch phase {
	case "Paused", "Suspended":
		health = event.HealthSuspended
	case "Healthy", "Progressing", "Degraded", "Missing":
		health = event.Health(phase)
	}
	a := event.Assessment{Health: health}
	explain(&a, s, phase)
	return a, true
}

// rolledOut reports whether all replicas are of the new version, available and
// in service.
func (s *subject) rolledOut(spec any) bool {
	current := text(s.status["currentPodHash"])
	updated, available := count(0, s.status, "updatedReplicas"), count(0, s.status, "availableReplicas")
	if current == "" || updated < count(1, spec, "replicas") || available < updated {
		return false
	}
	stable := text(s.status["stableRS"])
	if stable == "" {
		stable = text(at(s.status, "canary", "stableRS"))
	}
	switch {
	case at(spec, "strategy", "blueGreen") != nil:
		return text(at(s.status, "blueGreen", "activeSelector")) == current && (stable == "" || stable == current)
	case at(spec, "strategy", "canary") != nil:
		return count(0, s.status, "replicas") <= updated && stable == current
	default:
		return true
	}
}
