package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestJob(t *testing.T) { check(t, "Job", jobVerdicts()) }

func jobVerdicts() []verdict {
	return []verdict{
		{
			file: "complete", health: event.HealthHealthy, reason: "CompletionsReached", condition: "Complete",
			message: "Reached expected number of succeeded pods",
		},
		{
			file: "backoff-limit-exceeded", health: event.HealthDegraded, reason: "BackoffLimitExceeded", condition: "Failed",
			message: "Job has reached the specified backoff limit",
		},
		{
			file: "running", health: event.HealthProgressing,
			message: "0 of 1 completions, 2 failed",
		},
		{
			file: "about-to-fail", health: event.HealthProgressing,
			message: "0 of 1 completions, 1 failed",
		},
		{
			file: "suspended", health: event.HealthSuspended, reason: "JobSuspended", condition: "Suspended",
			message: "Job suspended",
		},
		{
			file: "resumed", health: event.HealthHealthy, reason: "JobResumed", condition: "Suspended",
			message: "Job resumed",
		},
		{
			file: "no-status", health: event.HealthProgressing,
			message: "0 of 1 completions",
		},
		{
			file: "condition-status-is-bool", health: event.HealthUnknown, reason: "Malformed",
			message: "status.conditions[*].status is not of the type that the API says",
		},
	}
}
