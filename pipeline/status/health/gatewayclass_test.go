package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestGatewayClass(t *testing.T) { check(t, "GatewayClass", gatewayClassVerdicts()) }

func gatewayClassVerdicts() []verdict {
	return []verdict{
		{
			file: "healthy", health: event.HealthHealthy, reason: "Accepted", condition: "Accepted",
			message: "accepted by controller",
		},
		{
			file: "invalid-parameters", health: event.HealthDegraded, reason: "InvalidParameters", condition: "Accepted",
			message: "ConfigMap shop/gateway does not exist",
		},
		{
			file: "waiting-for-controller", health: event.HealthProgressing, reason: "Pending", condition: "Accepted",
			message: "Waiting for controller",
		},
		{
			file: "former-generation", health: event.HealthProgressing,
			message: "waiting for a controller to accept the class",
		},
		{
			file: "no-status", health: event.HealthProgressing,
			message: "waiting for a controller to accept the class",
		},
		{
			file: "generation-is-text", health: event.HealthUnknown, reason: "Malformed",
			message: "status.conditions[*].observedGeneration is not of the type that the API says",
		},
	}
}
