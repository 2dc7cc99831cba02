package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestWorkflow(t *testing.T) { check(t, "Workflow", workflowVerdicts()) }

func workflowVerdicts() []verdict {
	return []verdict{
		{file: "succeeded", health: event.HealthHealthy, reason: "Succeeded"},
		{file: "running", health: event.HealthProgressing, reason: "Running"},
		{
			file: "failed", health: event.HealthDegraded, reason: "Failed",
			message: "child 'build-x7k2p-2' failed",
		},
		{
			file: "error", health: event.HealthDegraded, reason: "Error",
			message: "invalid spec: templates.main",
		},
		{file: "no-status", health: event.HealthProgressing},
		{file: "phase-unheard-of", health: event.HealthUnknown, reason: "Frozen"},
		{
			file: "message-is-list", health: event.HealthUnknown, reason: "Malformed",
			message: "status.message is not of the type that the API says",
		},
	}
}
