package health

import "github.com/fluent-live/live-status/pipeline/event"

// workflow is one of Argo Workflows, which goes by its phase. A suspended one is
// still Running, and so Progressing.
func workflow(o *object) event.Assessment {
	phase := o.top().text("status", "phase")
	message := o.top().text("status", "message")
	switch phase {
	case "", "Pending", "Running":
		return says(event.HealthProgressing, phase, message)
	case "Succeeded":
		return says(event.HealthHealthy, phase, message)
	case "Failed", "Error":
		return says(event.HealthDegraded, phase, message)
	default:
		return says(event.HealthUnknown, phase, message)
	}
}
