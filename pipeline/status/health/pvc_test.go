package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestPersistentVolumeClaim(t *testing.T) {
	check(t, "PersistentVolumeClaim", persistentVolumeClaimVerdicts())
}

func persistentVolumeClaimVerdicts() []verdict {
	return []verdict{
		{file: "bound", health: event.HealthHealthy},
		{
			file: "no-storage-class", health: event.HealthProgressing, reason: "Pending",
			message: "waiting for a persistent volume",
		},
		{
			file: "volume-lost", health: event.HealthDegraded, reason: "Lost",
			message: "the bound persistent volume does not exist any longer",
		},
		{
			file: "no-phase", health: event.HealthUnknown,
			message: "status.phase is neither Pending nor Bound nor Lost",
		},
		{
			file: "phase-is-number", health: event.HealthUnknown, reason: "Malformed",
			message: "status.phase is not of the type that the API says",
		},
	}
}
