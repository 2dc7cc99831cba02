package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestCronJob(t *testing.T) { check(t, "CronJob", cronJobVerdicts()) }

func cronJobVerdicts() []verdict {
	return []verdict{
		{file: "healthy", health: event.HealthHealthy},
		{
			file: "suspended", health: event.HealthHealthy,
			message: "CronJob is suspended",
		},
		{
			file: "no-status", health: event.HealthProgressing,
			message: "no status yet",
		},
		{
			file: "never-scheduled", health: event.HealthHealthy,
			message: "not scheduled so far",
		},
		{
			file: "never-succeeded", health: event.HealthHealthy,
			message: "no job has succeeded so far",
		},
		{
			file: "active", health: event.HealthHealthy,
			message: "a job is active",
		},
		{
			file: "last-job-failed", health: event.HealthDegraded,
			message: "the job that was last scheduled has not succeeded",
		},
		{
			file: "beta-last-job-failed", health: event.HealthDegraded,
			message: "the job that was last scheduled has not succeeded",
		},
		{
			file: "time-is-no-time", health: event.HealthUnknown, reason: "Malformed",
			message: "status.lastScheduleTime is not of the type that the API says",
		},
		{
			file: "version-unknown", health: event.HealthUnknown, reason: "UnsupportedVersion",
			message: "no health rule for this version of CronJob, only for v1, v1beta1, v2alpha1",
		},
	}
}
