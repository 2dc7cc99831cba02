package encode

import "github.com/fluent-live/live-status/pipeline/event"

func application(w writer, a *event.Application) {
	w.openMap(12)
	text(w, "name", a.Name)
	optional(w, "namespace", string(a.Namespace))
	text(w, "tool", string(a.Tool))
	optional(w, "version", a.Version)
	optional(w, "chart", a.Chart)
	optional(w, "environment", a.Environment)
	optional(w, "tenant", a.Tenant)
	optional(w, "deployment_id", a.DeploymentID)
	optional(w, "runbook_run_id", a.RunbookRunID)
	optional(w, "step_id", a.StepID)
	optional(w, "action_id", a.ActionID)
	if a.Via.Rule != "" {
		w.key("via")
		w.openMap(2)
		text(w, "rule", string(a.Via.Rule))
		object(w, "object", &a.Via.Object)
		w.closeMap()
	}
	w.closeMap()
}

func deployment(w writer, d *event.Deployment) {
	w.openMap(15)
	text(w, "phase", string(d.Phase))
	optional(w, "action", string(d.Action))
	optional(w, "tool", string(d.Tool))
	optional(w, "status", d.Status)
	optional(w, "revision", d.Revision)
	optional(w, "version", d.Version)
	optional(w, "chart", d.Chart)
	optional(w, "source", d.Source)
	optional(w, "message", d.Message)
	optional(w, "initiated_by", d.InitiatedBy)
	optionalInstant(w, "started_time", d.Started)
	optionalInstant(w, "finished_time", d.Finished)
	optional(w, "application_status", string(d.ApplicationStatus))
	references(w, "objects", d.Objects)
	positive(w, "objects_omitted", d.Omitted)
	w.closeMap()
}

// references writes a list of references, without those that name nothing, or
// nothing if none is left.
func references(w writer, key string, list []event.ObjectRef) {
	named := 0
	for i := range list {
		if !list[i].IsZero() {
			named++
		}
	}
	if named == 0 {
		return
	}
	w.key(key)
	w.openArray(named)
	for i := range list {
		if !list[i].IsZero() {
			reference(w, &list[i])
		}
	}
	w.closeArray()
}
