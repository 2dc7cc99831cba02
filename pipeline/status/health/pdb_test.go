package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestPodDisruptionBudget(t *testing.T) {
	check(t, "PodDisruptionBudget", podDisruptionBudgetVerdicts())
}

func podDisruptionBudgetVerdicts() []verdict {
	return []verdict{
		{file: "healthy", health: event.HealthHealthy, reason: "SufficientPods", condition: "DisruptionAllowed"},
		{file: "beta-healthy", health: event.HealthHealthy, reason: "SufficientPods", condition: "DisruptionAllowed"},
		{file: "too-few-pods", health: event.HealthHealthy, reason: "InsufficientPods", condition: "DisruptionAllowed"},
		{
			file: "sync-failed", health: event.HealthDegraded, reason: "SyncFailed", condition: "DisruptionAllowed",
			message: `found no controllers for pod "web"`,
		},
		{
			file: "no-conditions", health: event.HealthProgressing,
			message: "waiting for the disruption controller: no conditions so far",
		},
		{
			file: "condition-is-text", health: event.HealthUnknown, reason: "Malformed",
			message: "status.conditions[*] is not of the type that the API says",
		},
	}
}
