package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestNamespace(t *testing.T) { check(t, "Namespace", namespaceVerdicts()) }

func namespaceVerdicts() []verdict {
	return []verdict{
		{file: "active", health: event.HealthNone},
		{
			file: "terminating", health: event.HealthProgressing, reason: "Terminating",
			message: "Pending deletion",
		},
		{
			file: "terminating-finalizers-remain", health: event.HealthProgressing, reason: "SomeResourcesRemain", condition: "NamespaceContentRemaining",
			message: "Some resources are remaining: crontabs.stable.example.com has 1 resource instances",
		},
		{
			file: "terminating-discovery-fails", health: event.HealthProgressing, reason: "DiscoveryFailed", condition: "NamespaceDeletionDiscoveryFailure",
			message: "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery",
		},
		{
			file: "phase-is-object", health: event.HealthUnknown, reason: "Malformed",
			message: "status.phase is not of the type that the API says",
		},
	}
}
