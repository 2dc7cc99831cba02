package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestCustomResourceDefinition(t *testing.T) {
	check(t, "CustomResourceDefinition", customResourceDefinitionVerdicts())
}

func customResourceDefinitionVerdicts() []verdict {
	return []verdict{
		{
			file: "healthy", health: event.HealthHealthy, reason: "InitialNamesAccepted", condition: "Established",
			message: "the initial names have been accepted",
		},
		{
			file: "beta-healthy", health: event.HealthHealthy, reason: "InitialNamesAccepted", condition: "Established",
			message: "the initial names have been accepted",
		},
		{
			file: "names-in-conflict", health: event.HealthDegraded, reason: "ListKindConflict", condition: "NamesAccepted",
			message: `"CronTabList" is already in use`,
		},
		{
			file: "schema-violations", health: event.HealthDegraded, reason: "Violations", condition: "NonStructuralSchema",
			message: "spec.versions[0].schema.openAPIV3Schema.type: Required value: must not be empty at the root",
		},
		{
			file: "installing", health: event.HealthProgressing, reason: "Installing", condition: "Established",
			message: "the initial names have been accepted",
		},
		{
			file: "no-conditions", health: event.HealthProgressing,
			message: "waiting for the API server: no conditions so far",
		},
		{
			file: "not-established", health: event.HealthDegraded, reason: "NotAccepted", condition: "Established",
			message: "not all names are accepted",
		},
		{
			file: "never-established", health: event.HealthDegraded,
			message: "no condition Established",
		},
		{
			file: "terminating", health: event.HealthProgressing, reason: "InstanceDeletionInProgress", condition: "Terminating",
			message: "CustomResource deletion is in progress",
		},
		{
			file: "conditions-are-object", health: event.HealthUnknown, reason: "Malformed",
			message: "status.conditions is not of the type that the API says",
		},
	}
}
