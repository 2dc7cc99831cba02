package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestPod(t *testing.T) { check(t, "Pod", podVerdicts()) }

func podVerdicts() []verdict {
	return []verdict{
		{file: "healthy", health: event.HealthHealthy},
		{file: "healthy-after-restart", health: event.HealthHealthy},
		{file: "succeeded", health: event.HealthHealthy},
		{
			file: "image-pull-back-off", health: event.HealthDegraded, reason: "ImagePullBackOff",
			message: `Back-off pulling image "registry.example/shop/web:1.4.2": ErrImagePull: not found`,
		},
		{
			file: "err-image-pull", health: event.HealthDegraded, reason: "ErrImagePull",
			message: "not found",
		},
		{
			file: "config-error", health: event.HealthDegraded, reason: "CreateContainerConfigError",
			message: `secret "web" not found`,
		},
		{
			file: "crash-loop", health: event.HealthDegraded, reason: "CrashLoopBackOff",
			message: "back-off 5m0s restarting failed container=web pod=web-6d4cf56db6-x2x8k_shop(7c9e6679)",
		},
		{
			file: "two-containers-crash", health: event.HealthDegraded, reason: "CrashLoopBackOff",
			message: `back-off 5m0s restarting failed container=web pod=web-6d4cf56db6-x2x8k_shop(7c9e6679), Back-off pulling image "proxy"`,
		},
		{
			file: "crash-loop-runs-once", health: event.HealthProgressing, reason: "CrashLoopBackOff",
			message: "back-off 5m0s restarting failed container=web pod=web-6d4cf56db6-x2x8k_shop(7c9e6679)",
		},
		{
			file: "crash-loop-ignores-restart-policy", health: event.HealthDegraded, reason: "CrashLoopBackOff",
			message: "back-off 5m0s restarting failed container=web pod=web-6d4cf56db6-x2x8k_shop(7c9e6679)",
		},
		{file: "hook-keeps-restart-policy", health: event.HealthProgressing},
		{file: "skipped-hook-ignores-restart-policy", health: event.HealthHealthy},
		{file: "helm-hook-keeps-restart-policy", health: event.HealthProgressing},
		{
			file: "init-crash-loop", health: event.HealthProgressing, reason: "CrashLoopBackOff",
			message: "back-off 40s restarting failed container=migrate",
		},
		{
			file: "unschedulable", health: event.HealthProgressing, reason: "Unschedulable", condition: "PodScheduled",
			message: "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
		},
		{file: "container-creating", health: event.HealthProgressing, reason: "ContainerCreating"},
		{
			file: "readiness-fails", health: event.HealthProgressing, reason: "ContainersNotReady", condition: "Ready",
			message: "containers with unready status: [web]",
		},
		{
			file: "not-ready-after-out-of-memory", health: event.HealthDegraded, reason: "OOMKilled", condition: "Ready",
			message: "containers with unready status: [web]",
		},
		{file: "runs-once", health: event.HealthProgressing},
		{
			file: "failed-exit-code", health: event.HealthDegraded, reason: "Error",
			message: `container "web" terminated with exit code 3`,
		},
		{
			file: "failed-with-message", health: event.HealthDegraded, reason: "Error",
			message: "migration 12 failed",
		},
		{
			file: "failed-out-of-memory", health: event.HealthDegraded, reason: "OOMKilled",
			message: `container "web" terminated with exit code 137`,
		},
		{
			file: "failed-init", health: event.HealthDegraded, reason: "Error",
			message: `container "migrate" terminated with exit code 2`,
		},
		{
			file: "evicted", health: event.HealthDegraded, reason: "Evicted",
			message: "The node was low on resource: memory. Threshold quantity: 100Mi, available: 40Mi.",
		},
		{
			file: "node-lost", health: event.HealthUnknown, reason: "NodeLost",
			message: "Node node-2 which was running pod web-6d4cf56db6-x2x8k is unresponsive",
		},
		{file: "phase-absent", health: event.HealthUnknown},
		{
			file: "many-containers", health: event.HealthDegraded, reason: "CrashLoopBackOff",
			message: "back-off",
		},
		{
			file: "restart-count-is-text", health: event.HealthUnknown, reason: "Malformed",
			message: "status.containerStatuses[*].restartCount is not of the type that the API says",
		},
		{
			file: "container-status-is-text", health: event.HealthUnknown, reason: "Malformed",
			message: "status.containerStatuses[*] is not of the type that the API says",
		},
	}
}
