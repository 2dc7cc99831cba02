package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestIngress(t *testing.T) { check(t, "Ingress", ingressVerdicts()) }

func ingressVerdicts() []verdict {
	return []verdict{
		{file: "healthy", health: event.HealthHealthy},
		{
			file: "no-address", health: event.HealthProgressing,
			message: "waiting for an ingress controller: no address so far",
		},
		{file: "extensions-healthy", health: event.HealthHealthy},
		{
			file: "extensions-no-address", health: event.HealthProgressing,
			message: "waiting for an ingress controller: no address so far",
		},
		{
			file: "load-balancer-is-text", health: event.HealthUnknown, reason: "Malformed",
			message: "status.loadBalancer is not of the type that the API says",
		},
	}
}
