package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestStatefulSet(t *testing.T) { check(t, "StatefulSet", statefulSetVerdicts()) }

func statefulSetVerdicts() []verdict {
	return []verdict{
		{
			file: "healthy", health: event.HealthHealthy,
			message: "partitioned roll out complete: 3 new pods have been updated...",
		},
		{
			file: "spec-not-observed", health: event.HealthProgressing,
			message: "Waiting for statefulset spec update to be observed...",
		},
		{
			file: "never-observed", health: event.HealthProgressing,
			message: "Waiting for statefulset spec update to be observed...",
		},
		{
			file: "pods-not-ready", health: event.HealthProgressing,
			message: "Waiting for 2 pods to be ready...",
		},
		{
			file: "partition-not-reached", health: event.HealthProgressing,
			message: "Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
		},
		{
			file: "partition-reached", health: event.HealthHealthy,
			message: "partitioned roll out complete: 2 new pods have been updated...",
		},
		{
			file: "rolling-without-parameters", health: event.HealthProgressing,
			message: "waiting for statefulset rolling update to complete 1 pods at revision db-5c689d88bb...",
		},
		{
			file: "revisions-equal-without-parameters", health: event.HealthHealthy,
			message: "statefulset rolling update complete 3 pods at revision db-7f9c8d6b5...",
		},
		{
			file: "on-delete", health: event.HealthHealthy,
			message: "3 pods are ready",
		},
		{
			file: "partition-is-text", health: event.HealthUnknown, reason: "Malformed",
			message: "spec.updateStrategy.rollingUpdate.partition is not of the type that the API says",
		},
	}
}
