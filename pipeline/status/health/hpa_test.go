package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestHorizontalPodAutoscaler(t *testing.T) {
	check(t, "HorizontalPodAutoscaler", horizontalPodAutoscalerVerdicts())
}

func horizontalPodAutoscalerVerdicts() []verdict {
	return []verdict{
		{
			file: "healthy", health: event.HealthHealthy, reason: "ReadyForNewScale", condition: "AbleToScale",
			message: "recommended size matches current size",
		},
		{
			file: "disabled", health: event.HealthHealthy, reason: "ReadyForNewScale", condition: "AbleToScale",
			message: "recommended size matches current size",
		},
		{
			file: "limited", health: event.HealthHealthy, reason: "TooManyReplicas", condition: "ScalingLimited",
			message: "the desired replica count is more than the maximum replica count",
		},
		{
			file: "no-metrics", health: event.HealthDegraded, reason: "FailedGetResourceMetric", condition: "ScalingActive",
			message: "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API",
		},
		{
			file: "v2beta2-no-metrics", health: event.HealthDegraded, reason: "FailedGetResourceMetric", condition: "ScalingActive",
			message: "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API",
		},
		{
			file: "v1-no-metrics", health: event.HealthDegraded, reason: "FailedGetResourceMetric", condition: "ScalingActive",
			message: "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API",
		},
		{
			file: "target-missing", health: event.HealthDegraded, reason: "FailedGetScale", condition: "AbleToScale",
			message: `the HPA controller was unable to get the target's current scale: deployments.apps "web" not found`,
		},
		{
			file: "no-conditions", health: event.HealthProgressing,
			message: "waiting for the autoscaler to report that it can scale",
		},
		{
			file: "v1-no-annotation", health: event.HealthProgressing,
			message: "waiting for the autoscaler to report that it can scale",
		},
		{
			file: "v1-healthy", health: event.HealthHealthy, reason: "ReadyForNewScale", condition: "AbleToScale",
			message: "recommended size matches current size",
		},
		{
			file: "v1-annotation-cut-off", health: event.HealthUnknown, reason: "Malformed",
			message: "metadata.annotations.autoscaling.alpha.kubernetes.io/conditions is not of the type that the API says",
		},
		{
			file: "v1-annotation-trailing", health: event.HealthUnknown, reason: "Malformed",
			message: "metadata.annotations.autoscaling.alpha.kubernetes.io/conditions is not of the type that the API says",
		},
	}
}
