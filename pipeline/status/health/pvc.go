package health

import "github.com/fluent-live/live-status/pipeline/event"

// persistentVolumeClaim goes by its phase. The API says why a claim waits in
// events only.
func persistentVolumeClaim(o *object) event.Assessment {
	switch phase := o.top().text("status", "phase"); phase {
	case "Lost":
		return says(event.HealthDegraded, phase, "the bound persistent volume does not exist any longer")
	case "Pending":
		return says(event.HealthProgressing, phase, "waiting for a persistent volume")
	case "Bound":
		return says(event.HealthHealthy, "", "")
	default:
		return says(event.HealthUnknown, phase, "status.phase is neither Pending nor Bound nor Lost")
	}
}
