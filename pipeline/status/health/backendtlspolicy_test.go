package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestBackendTLSPolicy(t *testing.T) { check(t, "BackendTLSPolicy", backendTLSPolicyVerdicts()) }

func backendTLSPolicyVerdicts() []verdict {
	return []verdict{
		{
			file: "healthy", health: event.HealthHealthy, reason: "Accepted", condition: "Accepted",
			message: "accepted by controller",
		},
		{
			file: "no-certificate", health: event.HealthDegraded, reason: "InvalidCACertificateRef", condition: "ResolvedRefs",
			message: "ConfigMap shop/ca does not exist",
		},
		{
			file: "conflicted", health: event.HealthDegraded, reason: "Conflicted", condition: "Accepted",
			message: "an older policy targets the same Service",
		},
		{
			file: "former-generation", health: event.HealthProgressing,
			message: "waiting for an ancestor to observe the latest generation",
		},
		{
			file: "no-ancestors", health: event.HealthProgressing,
			message: "waiting for an ancestor to accept the policy",
		},
	}
}
