package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestHTTPRoute(t *testing.T) { check(t, "HTTPRoute", httpRouteVerdicts()) }

func httpRouteVerdicts() []verdict {
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
			file: "not-accepted", health: event.HealthDegraded, reason: "NoMatchingListenerHostname", condition: "Accepted",
			message: "no listener has a matching hostname",
		},
		{
			file: "second-parent-refuses", health: event.HealthDegraded, reason: "NoMatchingListenerHostname", condition: "Accepted",
			message: "no listener has a matching hostname",
		},
		{
			file: "former-generation-refused", health: event.HealthProgressing,
			message: "waiting for a parent to accept the route",
		},
		{
			file: "former-generation-of-one-parent", health: event.HealthHealthy, reason: "Accepted", condition: "Accepted",
			message: "accepted by controller",
		},
		{
			file: "not-programmed", health: event.HealthProgressing, reason: "Pending", condition: "Programmed",
			message: "waiting for the data plane",
		},
		{
			file: "no-parents", health: event.HealthProgressing,
			message: "waiting for a parent to accept the route",
		},
		{
			file: "no-status", health: event.HealthProgressing,
			message: "waiting for a parent to accept the route",
		},
		{
			file: "parent-without-conditions", health: event.HealthProgressing,
			message: "waiting for a parent to accept the route",
		},
		{
			file: "parents-are-object", health: event.HealthUnknown, reason: "Malformed",
			message: "status.parents is not of the type that the API says",
		},
	}
}
