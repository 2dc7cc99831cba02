package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestDaemonSet(t *testing.T) { check(t, "DaemonSet", daemonSetVerdicts()) }

func daemonSetVerdicts() []verdict {
	return []verdict{
		{file: "healthy", health: event.HealthHealthy},
		{file: "no-nodes", health: event.HealthHealthy},
		{
			file: "spec-not-observed", health: event.HealthProgressing,
			message: "Waiting for daemon set spec update to be observed...",
		},
		{
			file: "pods-not-updated", health: event.HealthProgressing,
			message: `Waiting for daemon set "agent" rollout to finish: 2 out of 5 new pods have been updated...`,
		},
		{
			file: "pods-not-available", health: event.HealthProgressing,
			message: `Waiting for daemon set "agent" rollout to finish: 4 of 5 updated pods are available...`,
		},
		{
			file: "on-delete", health: event.HealthHealthy,
			message: "1 out of 5 new pods have been updated",
		},
		{
			file: "status-is-list", health: event.HealthUnknown, reason: "Malformed",
			message: "status is not of the type that the API says",
		},
	}
}
