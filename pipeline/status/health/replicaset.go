package health

import (
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// replicaSet: pods that cannot be created, by a quota for example, make it
// Degraded at once.
func replicaSet(o *object) event.Assessment {
	top := o.top()
	generation, observed := o.generations()
	want, wanted := top.number("spec", "replicas")
	available := top.count("status", "availableReplicas")
	var failure condition
	items, _ := top.list("status", "conditions")
	for _, item := range items {
		failure.first("ReplicaFailure", o.condition(item, statusConditions))
	}

	switch {
	case generation > observed:
		return says(event.HealthProgressing, "", "Waiting for replica set spec update to be observed...")
	case failure.status == "True":
		return failure.says(event.HealthDegraded)
	case wanted && available < want:
		return says(event.HealthProgressing, "", fmt.Sprintf(
			"Waiting for replica set %q: %d of %d replicas are available...", o.name(), available, want))
	}
	return says(event.HealthHealthy, "", "")
}
