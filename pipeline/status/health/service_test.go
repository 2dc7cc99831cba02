package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestService(t *testing.T) { check(t, "Service", serviceVerdicts()) }

func serviceVerdicts() []verdict {
	return []verdict{
		{file: "cluster-ip", health: event.HealthHealthy},
		{file: "load-balancer", health: event.HealthHealthy},
		{
			file: "load-balancer-pending", health: event.HealthProgressing,
			message: "waiting for a load balancer: no external address so far",
		},
		{
			file: "ingress-is-object", health: event.HealthUnknown, reason: "Malformed",
			message: "status.loadBalancer.ingress is not of the type that the API says",
		},
	}
}
