package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestListenerSet(t *testing.T) { check(t, "ListenerSet", listenerSetVerdicts()) }

func listenerSetVerdicts() []verdict {
	return []verdict{
		{
			file: "healthy", health: event.HealthHealthy, reason: "Programmed", condition: "Programmed",
			message: "programmed in the data plane",
		},
		{
			file: "not-allowed", health: event.HealthDegraded, reason: "NotAllowed", condition: "Accepted",
			message: "the Gateway does not allow ListenerSets of this namespace",
		},
		{
			file: "experimental-healthy", health: event.HealthHealthy, reason: "Programmed", condition: "Programmed",
			message: "programmed in the data plane",
		},
		{
			file: "experimental-pending", health: event.HealthProgressing, reason: "Pending", condition: "Programmed",
			message: "Waiting for controller",
		},
	}
}
