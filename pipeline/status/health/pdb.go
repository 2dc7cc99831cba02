package health

import "github.com/fluent-live/live-status/pipeline/event"

// podDisruptionBudget: that there are too few pods to spare is a state to be in,
// any other condition that is False is a failure. The last one speaks for a
// budget that works.
func podDisruptionBudget(o *object) event.Assessment {
	var last condition
	items, _ := o.top().list("status", "conditions")
	for _, item := range items {
		c := o.condition(item, statusConditions)
		if c.status == "False" && c.reason != "InsufficientPods" {
			return c.says(event.HealthDegraded)
		}
		last = c
	}
	if len(items) == 0 {
		return says(event.HealthProgressing, "", "waiting for the disruption controller: no conditions so far")
	}
	return last.says(event.HealthHealthy)
}
