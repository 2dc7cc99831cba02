package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestUDPRoute(t *testing.T) { check(t, "UDPRoute", udpRouteVerdicts()) }

func udpRouteVerdicts() []verdict {
	return []verdict{
		{
			file: "healthy", health: event.HealthHealthy, reason: "Accepted", condition: "Accepted",
			message: "accepted by controller",
		},
		{
			file: "backend-missing", health: event.HealthDegraded, reason: "BackendNotFound", condition: "ResolvedRefs",
			message: "Service shop/web does not exist",
		},
		{
			file: "former-generation-refused", health: event.HealthProgressing,
			message: "waiting for a parent to accept the route",
		},
	}
}
