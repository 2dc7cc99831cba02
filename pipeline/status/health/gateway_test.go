package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestGateway(t *testing.T) { check(t, "Gateway", gatewayVerdicts()) }

func gatewayVerdicts() []verdict {
	return []verdict{
		{
			file: "healthy", health: event.HealthHealthy, reason: "Programmed", condition: "Programmed",
			message: "programmed in the data plane",
		},
		{
			file: "not-accepted", health: event.HealthDegraded, reason: "ListenersNotValid", condition: "Accepted",
			message: "no listener is valid",
		},
		{
			file: "pending", health: event.HealthProgressing, reason: "Pending", condition: "Programmed",
			message: "Waiting for controller",
		},
		{
			file: "no-status", health: event.HealthProgressing,
			message: "waiting for a controller: no conditions so far",
		},
		{file: "no-conditions-but-listeners", health: event.HealthHealthy},
		{file: "conditions-empty", health: event.HealthHealthy},
		{
			file: "listener-certificate-missing", health: event.HealthDegraded, reason: "InvalidCertificateRef", condition: "ResolvedRefs",
			message: "Secret shop/tls does not exist",
		},
		{
			file: "listener-conflict", health: event.HealthDegraded, reason: "PortUnavailable", condition: "Accepted",
			message: "port 80 is in use",
		},
		{
			file: "listener-not-programmed", health: event.HealthProgressing, reason: "Pending", condition: "Programmed",
			message: "waiting for the data plane",
		},
		{
			file: "version-unknown", health: event.HealthUnknown, reason: "UnsupportedVersion",
			message: "no health rule for this version of Gateway, only for v1, v1beta1, v1alpha3, v1alpha2, v1alpha1",
		},
		{
			file: "listener-is-number", health: event.HealthUnknown, reason: "Malformed",
			message: "status.listeners[*] is not of the type that the API says",
		},
	}
}
