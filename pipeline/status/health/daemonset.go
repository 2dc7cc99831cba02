package health

import (
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// daemonSet: with the strategy OnDelete it is Healthy whatever its pods are, as
// nobody knows when they will be replaced.
func daemonSet(o *object) event.Assessment {
	top := o.top()
	generation, observed := o.generations()
	strategy := top.text("spec", "updateStrategy", "type")
	desired := top.count("status", "desiredNumberScheduled")
	updated := top.count("status", "updatedNumberScheduled")
	available := top.count("status", "numberAvailable")

	switch {
	case generation > observed:
		return says(event.HealthProgressing, "", "Waiting for daemon set spec update to be observed...")
	case strategy == "OnDelete":
		return says(event.HealthHealthy, "", fmt.Sprintf("%d out of %d new pods have been updated", updated, desired))
	case updated < desired:
		return says(event.HealthProgressing, "", fmt.Sprintf(
			"Waiting for daemon set %q rollout to finish: %d out of %d new pods have been updated...",
			o.name(), updated, desired))
	case available < desired:
		return says(event.HealthProgressing, "", fmt.Sprintf(
			"Waiting for daemon set %q rollout to finish: %d of %d updated pods are available...",
			o.name(), available, desired))
	}
	return says(event.HealthHealthy, "", "")
}
