package health

import (
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// job: a condition of the type Failed or Complete counts whatever its status, and
// one of the type Suspended ends the progress even with the status False, so a
// Job that was resumed is Healthy while it runs. Both are as published.
func job(o *object) event.Assessment {
	var failed, complete condition
	suspended, ended := false, false
	items, _ := o.top().list("status", "conditions")
	for _, item := range items {
		switch c := o.condition(item, statusConditions); c.typ {
		case "Failed":
			failed, ended = c, true
		case "Complete":
			complete, ended = c, true
		case "Suspended":
			complete, ended = c, true
			suspended = suspended || c.status == "True"
		}
	}
	switch {
	case !ended:
		return o.running()
	case failed.typ != "":
		return failed.says(event.HealthDegraded)
	case suspended:
		return complete.says(event.HealthSuspended)
	}
	return complete.says(event.HealthHealthy)
}

// running says of a Job what kubectl prints of it.
func (o *object) running() event.Assessment {
	top := o.top()
	succeeded, failed := top.count("status", "succeeded"), top.count("status", "failed")
	completions, ok := top.number("spec", "completions")
	if !ok {
		completions = 1
	}
	message := fmt.Sprintf("%d of %d completions", succeeded, completions)
	if failed > 0 {
		message += fmt.Sprintf(", %d failed", failed)
	}
	return says(event.HealthProgressing, "", message)
}
