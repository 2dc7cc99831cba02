package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestAPIService(t *testing.T) { check(t, "APIService", apiServiceVerdicts()) }

func apiServiceVerdicts() []verdict {
	return []verdict{
		{
			file: "healthy", health: event.HealthHealthy, reason: "Passed", condition: "Available",
			message: "all checks passed",
		},
		{
			file: "beta-healthy", health: event.HealthHealthy, reason: "Local", condition: "Available",
			message: "Local APIServices are always available",
		},
		{
			file: "no-endpoints", health: event.HealthProgressing, reason: "MissingEndpoints", condition: "Available",
			message: `endpoints for service/metrics-server in "kube-system" have no addresses with port name "https"`,
		},
		{
			file: "no-conditions", health: event.HealthProgressing,
			message: "waiting for the aggregator: no conditions so far",
		},
		{
			file: "message-is-number", health: event.HealthUnknown, reason: "Malformed",
			message: "status.conditions[*].message is not of the type that the API says",
		},
	}
}
