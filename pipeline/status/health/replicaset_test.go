package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestReplicaSet(t *testing.T) { check(t, "ReplicaSet", replicaSetVerdicts()) }

func replicaSetVerdicts() []verdict {
	return []verdict{
		{file: "healthy", health: event.HealthHealthy},
		{file: "scaled-to-zero", health: event.HealthHealthy},
		{file: "failure-over", health: event.HealthHealthy},
		{
			file: "spec-not-observed", health: event.HealthProgressing,
			message: "Waiting for replica set spec update to be observed...",
		},
		{
			file: "quota-exceeded", health: event.HealthDegraded, reason: "FailedCreate", condition: "ReplicaFailure",
			message: `pods "web-6d4cf56db6-x2x8k" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2`,
		},
		{
			file: "pods-not-available", health: event.HealthProgressing,
			message: `Waiting for replica set "web-6d4cf56db6": 1 of 3 replicas are available...`,
		},
		{
			file: "conditions-are-text", health: event.HealthUnknown, reason: "Malformed",
			message: "status.conditions is not of the type that the API says",
		},
	}
}
