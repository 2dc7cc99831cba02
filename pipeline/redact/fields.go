package redact

import "github.com/fluent-live/live-status/pipeline/event"

// field is a string of a T and its name as a JSON pointer relative to it.
type field[T any] struct {
	name string
	at   func(*T) *string
}

// objectFields are the strings of an object reference.
var objectFields = [...]field[event.ObjectRef]{
	{"/api_version", func(o *event.ObjectRef) *string { return &o.APIVersion }},
	{"/kind", func(o *event.ObjectRef) *string { return &o.Kind }},
	{"/resource", func(o *event.ObjectRef) *string { return &o.Resource }},
	{"/subresource", func(o *event.ObjectRef) *string { return &o.Subresource }},
	{"/namespace", func(o *event.ObjectRef) *string { return (*string)(&o.Namespace) }},
	{"/name", func(o *event.ObjectRef) *string { return &o.Name }},
	{"/uid", func(o *event.ObjectRef) *string { return (*string)(&o.UID) }},
	{"/resource_version", func(o *event.ObjectRef) *string { return (*string)(&o.ResourceVersion) }},
	{"/field_path", func(o *event.ObjectRef) *string { return &o.FieldPath }},
}

// eventFields are the strings of an occurrence itself.
var eventFields = [...]field[event.Occurrence]{
	{"/uid", func(o *event.Occurrence) *string { return (*string)(&o.UID) }},
	{"/resource_version", func(o *event.Occurrence) *string { return (*string)(&o.ResourceVersion) }},
	{"/namespace", func(o *event.Occurrence) *string { return (*string)(&o.Namespace) }},
	{"/name", func(o *event.Occurrence) *string { return &o.Name }},
	{"/reason", func(o *event.Occurrence) *string { return &o.Reason }},
	{"/message", func(o *event.Occurrence) *string { return &o.Message }},
	{"/type", func(o *event.Occurrence) *string { return &o.Type }},
	{"/action", func(o *event.Occurrence) *string { return &o.Action }},
	{"/reporting_controller", func(o *event.Occurrence) *string { return &o.ReportingController }},
	{"/reporting_instance", func(o *event.Occurrence) *string { return &o.ReportingInstance }},
}

// monitorFields are the strings of a monitor status itself.
var monitorFields = [...]field[event.MonitorStatus]{
	{"/instance", func(m *event.MonitorStatus) *string { return &m.Instance }},
	{"/version", func(m *event.MonitorStatus) *string { return &m.Version }},
}

// sourceFields are the strings of a source's status; errors may quote URLs
// and answers of servers.
var sourceFields = [...]field[event.SourceStatus]{
	{"/name", func(s *event.SourceStatus) *string { return &s.Name }},
	{"/scope", func(s *event.SourceStatus) *string { return &s.Scope }},
	{"/api", func(s *event.SourceStatus) *string { return &s.API }},
	{"/resource_version", func(s *event.SourceStatus) *string { return (*string)(&s.ResourceVersion) }},
	{"/error", func(s *event.SourceStatus) *string { return &s.Error }},
}

// rejectedFields are the strings of a rejection, which may quote names of files
// and addresses.
var rejectedFields = [...]field[event.Rejection]{
	{"/source", func(r *event.Rejection) *string { return &r.Place.Source }},
	{"/name", func(r *event.Rejection) *string { return &r.Place.Name }},
	{"/detail", func(r *event.Rejection) *string { return &r.Detail }},
}

// auditFields are the strings of an audit event itself that are text and do not
// quote bodies. Most of them are what the client said.
var auditFields = [...]field[event.Audit]{
	{"/audit_id", func(a *event.Audit) *string { return (*string)(&a.AuditID) }},
	{"/stage", func(a *event.Audit) *string { return (*string)(&a.Stage) }},
	{"/level", func(a *event.Audit) *string { return (*string)(&a.Level) }},
	{"/verb", func(a *event.Audit) *string { return &a.Verb }},
	{"/user_agent", func(a *event.Audit) *string { return &a.UserAgent }},
	{"/decision", func(a *event.Audit) *string { return &a.Decision }},
	{"/decision_reason", func(a *event.Audit) *string { return &a.DecisionReason }},
	{"/reason", func(a *event.Audit) *string { return &a.Reason }},
}

// actorFields are the strings of an actor that come from the client.
var actorFields = [...]field[event.Actor]{
	{"/tool", func(a *event.Actor) *string { return &a.Tool }},
	{"/tool_version", func(a *event.Actor) *string { return &a.ToolVersion }},
}

// applicationFields are the strings of an application itself. Labels and
// annotations say most of them.
var applicationFields = [...]field[event.Application]{
	{"/name", func(a *event.Application) *string { return &a.Name }},
	{"/namespace", func(a *event.Application) *string { return (*string)(&a.Namespace) }},
	{"/tool", func(a *event.Application) *string { return (*string)(&a.Tool) }},
	{"/version", func(a *event.Application) *string { return &a.Version }},
	{"/chart", func(a *event.Application) *string { return &a.Chart }},
	{"/environment", func(a *event.Application) *string { return &a.Environment }},
	{"/tenant", func(a *event.Application) *string { return &a.Tenant }},
	{"/deployment_id", func(a *event.Application) *string { return &a.DeploymentID }},
	{"/runbook_run_id", func(a *event.Application) *string { return &a.RunbookRunID }},
	{"/step_id", func(a *event.Application) *string { return &a.StepID }},
	{"/action_id", func(a *event.Application) *string { return &a.ActionID }},
	{"/via/rule", func(a *event.Application) *string { return (*string)(&a.Via.Rule) }},
}

// deploymentFields are the strings of a deployment itself that are text. The
// message quotes what the API server and the tool's own parts answered.
var deploymentFields = [...]field[event.Deployment]{
	{"/tool", func(d *event.Deployment) *string { return (*string)(&d.Tool) }},
	{"/status", func(d *event.Deployment) *string { return &d.Status }},
	{"/revision", func(d *event.Deployment) *string { return &d.Revision }},
	{"/version", func(d *event.Deployment) *string { return &d.Version }},
	{"/chart", func(d *event.Deployment) *string { return &d.Chart }},
	{"/message", func(d *event.Deployment) *string { return &d.Message }},
	{"/initiated_by", func(d *event.Deployment) *string { return &d.InitiatedBy }},
}

// stateFields are the strings of an object's status itself. Rules that users
// wrote may say any of them, and messages quote what API servers answered.
var stateFields = [...]field[event.ObjectState]{
	{"/reason", func(s *event.ObjectState) *string { return &s.Reason }},
	{"/message", func(s *event.ObjectState) *string { return &s.Message }},
}

// conditionFields are the strings of a condition.
var conditionFields = [...]field[event.Condition]{
	{"/type", func(c *event.Condition) *string { return &c.Type }},
	{"/status", func(c *event.Condition) *string { return &c.Status }},
	{"/reason", func(c *event.Condition) *string { return &c.Reason }},
	{"/message", func(c *event.Condition) *string { return &c.Message }},
}

// containerFields are the strings of a container's state. Its message may be the
// end of what the container printed.
var containerFields = [...]field[event.ContainerState]{
	{"/name", func(c *event.ContainerState) *string { return &c.Name }},
	{"/state", func(c *event.ContainerState) *string { return &c.State }},
	{"/reason", func(c *event.ContainerState) *string { return &c.Reason }},
	{"/message", func(c *event.ContainerState) *string { return &c.Message }},
}

// findingFields are the strings of an object as evidence, and eventFindingFields
// those of an event.
var (
	findingFields = [...]field[event.ObjectFinding]{
		{"/reason", func(f *event.ObjectFinding) *string { return &f.Reason }},
		{"/message", func(f *event.ObjectFinding) *string { return &f.Message }},
	}
	eventFindingFields = [...]field[event.WarningFinding]{
		{"/reason", func(f *event.WarningFinding) *string { return &f.Reason }},
		{"/message", func(f *event.WarningFinding) *string { return &f.Message }},
	}
)

// driftFields are the strings of a drift that are no values. Who writes an
// object chooses the keys in paths and the names of managers.
var driftFields = [...]field[event.Drift]{
	{"/path", func(d *event.Drift) *string { return &d.Path }},
	{"/manager", func(d *event.Drift) *string { return &d.Manager }},
}

// watchFields are the strings of a watch's state.
var watchFields = [...]field[event.WatchState]{
	{"/resource", func(s *event.WatchState) *string { return &s.Resource.Group }},
	{"/resource", func(s *event.WatchState) *string { return &s.Resource.Resource }},
	{"/namespace", func(s *event.WatchState) *string { return (*string)(&s.Namespace) }},
	{"/error", func(s *event.WatchState) *string { return &s.Error }},
}

// kindFields are the strings of a kind's status.
var kindFields = [...]field[event.KindStatus]{
	{"/resource", func(k *event.KindStatus) *string { return &k.Resource.Group }},
	{"/resource", func(k *event.KindStatus) *string { return &k.Resource.Resource }},
	{"/namespace", func(k *event.KindStatus) *string { return (*string)(&k.Namespace) }},
	{"/error", func(k *event.KindStatus) *string { return &k.Error }},
}

// userFields are the strings of a user itself.
var userFields = [...]field[event.User]{
	{"/name", func(u *event.User) *string { return &u.Name }},
	{"/uid", func(u *event.User) *string { return &u.UID }},
}
