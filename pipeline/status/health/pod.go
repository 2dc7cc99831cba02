package health

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// ignoreRestartPolicy makes Argo CD take a pod for one that runs for ever.
const ignoreRestartPolicy = "argocd.argoproj.io/ignore-restart-policy"

// pod: a container that waits with an error makes a pod that restarts always
// Degraded, whatever its phase; else the phase decides. Init containers decide
// nothing before the pod has failed, so one that crashes leaves the pod
// Progressing: the reason and the containers tell.
func pod(o *object) event.Assessment {
	p := o.readPod()
	a := p.assess()
	if a.Health != event.HealthHealthy {
		a.Containers = p.containers.worst()
	}
	return a
}

// podStatus is what the rule reads of a pod.
type podStatus struct {
	policy, phase   string
	reason, message string
	// endless is set for a pod that is to run for ever.
	endless          bool
	ready, scheduled condition
	containers       containers
}

func (o *object) readPod() *podStatus {
	top := o.top()
	p := &podStatus{
		policy:  top.text("spec", "restartPolicy"),
		phase:   top.text("status", "phase"),
		reason:  top.text("status", "reason"),
		message: top.text("status", "message"),
	}
	p.endless = p.policy == "Always" ||
		top.text("metadata", "annotations", ignoreRestartPolicy) == "true" && !o.isHook()
	conditions, _ := top.list("status", "conditions")
	for _, item := range conditions {
		c := o.condition(item, statusConditions)
		p.ready.first("Ready", c)
		p.scheduled.first("PodScheduled", c)
	}
	statuses, _ := top.list("status", "initContainerStatuses")
	for _, item := range statuses {
		p.containers.see(o.container(item, "status.initContainerStatuses[*]"), true)
	}
	statuses, _ = top.list("status", "containerStatuses")
	for _, item := range statuses {
		p.containers.see(o.container(item, "status.containerStatuses[*]"), false)
	}
	return p
}

func (p *podStatus) assess() event.Assessment {
	if s := &p.containers; p.endless && s.waiting > 0 {
		return says(event.HealthDegraded, s.waitingReason, s.waitingMessages.String())
	}
	switch p.phase {
	case "Pending":
		return p.unsettled(event.HealthProgressing)
	case "Succeeded":
		return says(event.HealthHealthy, p.reason, p.message)
	case "Failed":
		return p.failed()
	case "Running":
		switch {
		case p.endless && p.ready.status == "True":
			return says(event.HealthHealthy, p.reason, p.message)
		case p.endless && p.containers.restarted:
			a := p.notReady(event.HealthDegraded)
			a.Reason = cmp.Or(p.reason, p.containers.lastReason, a.Reason)
			return a
		case p.endless:
			return p.notReady(event.HealthProgressing)
		case p.policy == "OnFailure" || p.policy == "Never":
			// It has an end, and that is what is waited for.
			return p.unsettled(event.HealthProgressing)
		}
	}
	return says(event.HealthUnknown, p.reason, p.message)
}

// failed: the pod's own message, else what its first container that failed left.
func (p *podStatus) failed() event.Assessment {
	s := &p.containers
	switch f := s.failed; {
	case p.message != "":
		return says(event.HealthDegraded, p.reason, p.message)
	case f.Message != "":
		return says(event.HealthDegraded, cmp.Or(p.reason, f.Reason), f.Message)
	case f.Reason != "" || f.ExitCode != 0:
		return says(event.HealthDegraded, cmp.Or(p.reason, f.Reason),
			fmt.Sprintf("container %q terminated with exit code %d", f.Name, f.ExitCode))
	}
	return says(event.HealthDegraded, p.reason, "")
}

// notReady explains a pod that runs but does not serve.
func (p *podStatus) notReady(h event.Health) event.Assessment {
	if p.ready.typ == "" {
		return says(h, p.reason, p.message)
	}
	a := p.ready.says(h)
	a.Reason = cmp.Or(p.reason, a.Reason)
	a.Message = cmp.Or(p.message, a.Message)
	return a
}

// unsettled explains a pod that has not got as far as it should, by the first of
// these: what it says itself, a container that cannot start, no node to run on,
// a container that is about to start.
func (p *podStatus) unsettled(h event.Health) event.Assessment {
	stuck := p.containers.stuck
	switch {
	case p.message != "" || p.reason != "":
		return says(h, p.reason, p.message)
	case failing(stuck.Reason):
		return says(h, stuck.Reason, stuck.Message)
	case p.scheduled.status == "False":
		return p.scheduled.says(h)
	}
	return says(h, stuck.Reason, stuck.Message)
}

// failing reports whether a container that waits for this reason has trouble.
func failing(reason string) bool {
	return strings.HasPrefix(reason, "Err") || strings.HasSuffix(reason, "Error") ||
		strings.HasSuffix(reason, "BackOff")
}
