package health

import (
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// statefulSet is never Degraded: the kind has no conditions to tell by. A rolling
// update that has parameters is judged by its partition alone, which is the
// published rule; without a partition it is through as soon as the pods are
// ready.
func statefulSet(o *object) event.Assessment {
	top := o.top()
	generation, observed := o.generations()
	want, wanted := top.number("spec", "replicas")
	strategy := top.text("spec", "updateStrategy", "type")
	rolling, parameters := top.child("spec.updateStrategy.rollingUpdate", "spec", "updateStrategy", "rollingUpdate")
	partition, partitioned := rolling.number("partition")
	ready := top.count("status", "readyReplicas")
	updated := top.count("status", "updatedReplicas")
	current := top.count("status", "currentReplicas")
	updateRevision := top.text("status", "updateRevision")
	currentRevision := top.text("status", "currentRevision")

	switch {
	case observed == 0 || generation > observed:
		return says(event.HealthProgressing, "", "Waiting for statefulset spec update to be observed...")
	case wanted && ready < want:
		return says(event.HealthProgressing, "", fmt.Sprintf("Waiting for %d pods to be ready...", want-ready))
	case strategy == "RollingUpdate" && parameters:
		if wanted && partitioned && updated < want-partition {
			return says(event.HealthProgressing, "", fmt.Sprintf(
				"Waiting for partitioned roll out to finish: %d out of %d new pods have been updated...", updated, want-partition))
		}
		return says(event.HealthHealthy, "", fmt.Sprintf(
			"partitioned roll out complete: %d new pods have been updated...", updated))
	case strategy == "OnDelete":
		return says(event.HealthHealthy, "", fmt.Sprintf("%d pods are ready", ready))
	case updateRevision != currentRevision:
		return says(event.HealthProgressing, "", fmt.Sprintf(
			"waiting for statefulset rolling update to complete %d pods at revision %s...", updated, updateRevision))
	}
	return says(event.HealthHealthy, "", fmt.Sprintf(
		"statefulset rolling update complete %d pods at revision %s...", current, currentRevision))
}
