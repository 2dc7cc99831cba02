package rule

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// octopusPrefix begins the keys of Octopus Deploy's labels. Its steps write them
// with capitals and other writers without, so case is ignored throughout.
const octopusPrefix = "octopus."

// octopusKeys are the labels that are read, less the prefix.
const (
	octopusProject     = "Project.Id"
	octopusEnvironment = "Environment.Id"
	octopusDeployment  = "Deployment.Id"
	octopusRunbookRun  = "RunbookRun.Id"
	octopusTenant      = "Deployment.Tenant.Id"
	octopusStep        = "Step.Id"
	octopusAction      = "Action.Id"
)

func octopusRules() []rule {
	return []rule{{
		Doc: Doc{
			Rule: "octopus-labels", Tool: event.ToolOctopus,
			Labels: []string{
				"Octopus.Project.Id", "Octopus.Environment.Id", "Octopus.Deployment.Id", "Octopus.RunbookRun.Id",
				"Octopus.Deployment.Tenant.Id", "Octopus.Step.Id", "Octopus.Action.Id",
			},
			Yields: "Name is the project, without a namespace; environment, tenant (`untenanted` is none), deployment, runbook run, step and action likewise. The project must be there. Keys in any case; ids in lower case.",
		},
		match: func(c chain) (event.Application, int) {
			for i := range c.objects {
				if app, ok := octopusApplication(c.objects[i].Labels); ok {
					return app, i
				}
			}
			return event.Application{}, none
		},
	}}
}

// octopusApplication reads the labels of an object.
func octopusApplication(labels Metadata) (app event.Application, ok bool) {
	switch m := labels.(type) {
	case nil:
	case Walked:
		for key, value, next, ok := m.Next(0); ok; key, value, next, ok = m.Next(next) {
			if octopusKey(key) {
				octopusValue(&app, key, value)
			}
		}
	default:
		app = octopusIterated(m)
	}
	return app, app.Name != ""
}

// octopusIterated does the same through an iterator, which allocates.
func octopusIterated(labels Metadata) event.Application {
	var app event.Application
	for key, value := range labels.All() {
		if octopusKey(key) {
			octopusValue(&app, key, value)
		}
	}
	return app
}

func octopusKey(key string) bool {
	return len(key) > len(octopusPrefix) && key[0]|0x20 == 'o' && strings.EqualFold(key[:len(octopusPrefix)], octopusPrefix)
}

// octopusValue sets what one label says.
func octopusValue(app *event.Application, key, value string) {
	if !named(value, maxLabel) {
		return
	}
	var field *string
	switch key = key[len(octopusPrefix):]; {
	case strings.EqualFold(key, octopusProject):
		field = &app.Name
	case strings.EqualFold(key, octopusEnvironment):
		field = &app.Environment
	case strings.EqualFold(key, octopusDeployment):
		field = &app.DeploymentID
	case strings.EqualFold(key, octopusRunbookRun):
		field = &app.RunbookRunID
	case strings.EqualFold(key, octopusTenant):
		if strings.EqualFold(value, "untenanted") {
			return
		}
		field = &app.Tenant
	case strings.EqualFold(key, octopusStep):
		field = &app.StepID
	case strings.EqualFold(key, octopusAction):
		field = &app.ActionID
	default:
		return
	}
	// One key can be there in several cases. The first in the order of the keys
	// counts, so that it is always the same one.
	if *field == "" {
		*field = strings.ToLower(value)
	}
}
