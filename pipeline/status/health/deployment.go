package health

import (
	"cmp"
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// deployment: a pause is said first, then that the controller has not seen the
// spec yet, then a missed deadline, then what is missing of the rollout. Absent
// spec.replicas are not taken for the API's default of 1, as no served object
// lacks them.
func deployment(o *object) event.Assessment {
	top := o.top()
	paused := top.flag("spec", "paused")
	want, wanted := top.number("spec", "replicas")
	replicas := top.count("status", "replicas")
	updated := top.count("status", "updatedReplicas")
	available := top.count("status", "availableReplicas")
	generation, observed := o.generations()
	c := o.deploymentConditions()

	switch {
	case paused:
		if c.progressing.reason == "DeploymentPaused" {
			return c.progressing.says(event.HealthSuspended)
		}
		return says(event.HealthSuspended, "", "Deployment is paused")
	case generation > observed:
		return says(event.HealthProgressing, "", "Waiting for deployment spec update to be observed...")
	case c.progressing.reason == "ProgressDeadlineExceeded":
		a := c.progressing.says(event.HealthDegraded)
		a.Message = cmp.Or(a.Message, fmt.Sprintf("deployment %q exceeded its progress deadline", o.name()))
		return a
	case wanted && updated < want:
		return c.waiting(fmt.Sprintf("Waiting for deployment %q rollout to finish: %d out of %d new replicas have been updated...",
			o.name(), updated, want))
	case replicas > updated:
		return c.waiting(fmt.Sprintf("Waiting for deployment %q rollout to finish: %d old replicas are pending termination...",
			o.name(), replicas-updated))
	case available < updated:
		return c.waiting(fmt.Sprintf("Waiting for deployment %q rollout to finish: %d of %d updated replicas are available...",
			o.name(), available, updated))
	}
	return says(event.HealthHealthy, "", "")
}

// deploymentConditions are the conditions that say more than the counts.
type deploymentConditions struct{ progressing, available, failure condition }

func (o *object) deploymentConditions() deploymentConditions {
	var c deploymentConditions
	items, _ := o.top().list("status", "conditions")
	for _, item := range items {
		one := o.condition(item, statusConditions)
		c.progressing.first("Progressing", one)
		c.available.first("Available", one)
		c.failure.first("ReplicaFailure", one)
	}
	return c
}

// waiting explains a rollout that is not through: by pods that could not be
// created, by too few of them being available, or by what the controller does.
func (c deploymentConditions) waiting(message string) event.Assessment {
	a := says(event.HealthProgressing, "", message)
	switch {
	case c.failure.status == "True":
		a = c.failure.explains(a)
		a.Message = cmp.Or(c.failure.message, a.Message)
		return a
	case c.available.status == "False":
		return c.available.explains(a)
	case c.progressing.typ != "" && c.progressing.reason != "NewReplicaSetAvailable":
		return c.progressing.explains(a)
	}
	return a
}
