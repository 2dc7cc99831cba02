package health

import (
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// cronJob is Healthy while suspended, as published, so that a schedule that is
// off by intent does not suspend the application around it. It is Degraded only
// if it has succeeded before, is not running, and not since it was last
// scheduled: everything else could as well be a first or a running execution.
func cronJob(o *object) event.Assessment {
	top := o.top()
	suspended := top.flag("spec", "suspend")
	_, reported := top.child("status", "status")
	scheduled := top.moment("status", "lastScheduleTime")
	succeeded := top.moment("status", "lastSuccessfulTime")
	active, _ := top.list("status", "active")

	switch {
	case suspended:
		return says(event.HealthHealthy, "", "CronJob is suspended")
	case !reported:
		return says(event.HealthProgressing, "", "no status yet")
	case scheduled.IsZero():
		return says(event.HealthHealthy, "", "not scheduled so far")
	case succeeded.IsZero():
		return says(event.HealthHealthy, "", "no job has succeeded so far")
	case len(active) > 0:
		return says(event.HealthHealthy, "", "a job is active")
	case succeeded.Before(scheduled):
		return says(event.HealthDegraded, "", "the job that was last scheduled has not succeeded")
	}
	return says(event.HealthHealthy, "", "")
}

// moment returns the time under path, zero if there is none.
func (p part) moment(path ...string) time.Time {
	s := p.text(path...)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		p.fail(path...)
	}
	return t
}
