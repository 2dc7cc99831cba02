package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestDeployment(t *testing.T) { check(t, "Deployment", deploymentVerdicts()) }

func deploymentVerdicts() []verdict {
	return []verdict{
		{file: "healthy", health: event.HealthHealthy},
		{file: "scaled-to-zero", health: event.HealthHealthy},
		{file: "replicas-absent", health: event.HealthHealthy},
		{
			file: "paused", health: event.HealthSuspended, reason: "DeploymentPaused", condition: "Progressing",
			message: "Deployment is paused",
		},
		{
			file: "paused-unobserved", health: event.HealthSuspended,
			message: "Deployment is paused",
		},
		{
			file: "spec-not-observed", health: event.HealthProgressing,
			message: "Waiting for deployment spec update to be observed...",
		},
		{
			file: "progress-deadline-exceeded", health: event.HealthDegraded, reason: "ProgressDeadlineExceeded", condition: "Progressing",
			message: `ReplicaSet "web-6d4cf56db6" has timed out progressing.`,
		},
		{
			file: "new-pods-not-created", health: event.HealthProgressing, reason: "ReplicaSetUpdated", condition: "Progressing",
			message: `Waiting for deployment "web" rollout to finish: 2 out of 3 new replicas have been updated...`,
		},
		{
			file: "old-pods-not-gone", health: event.HealthProgressing, reason: "ReplicaSetUpdated", condition: "Progressing",
			message: `Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...`,
		},
		{
			file: "pods-not-available", health: event.HealthProgressing, reason: "MinimumReplicasUnavailable", condition: "Available",
			message: `Waiting for deployment "web" rollout to finish: 1 of 3 updated replicas are available...`,
		},
		{
			file: "quota-exceeded", health: event.HealthProgressing, reason: "FailedCreate", condition: "ReplicaFailure",
			message: `pods "web-6d4cf56db6-x2x8k" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2`,
		},
		{
			file: "no-status", health: event.HealthProgressing,
			message: "Waiting for deployment spec update to be observed...",
		},
		{
			file: "version-unknown", health: event.HealthUnknown, reason: "UnsupportedVersion",
			message: "no health rule for this version of Deployment, only for v1",
		},
		{
			file: "replicas-are-text", health: event.HealthUnknown, reason: "Malformed",
			message: "spec.replicas is not of the type that the API says",
		},
	}
}
