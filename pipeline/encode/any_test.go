package encode_test

import (
	"encoding/json"
	"time"

	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

func draw(t *rapid.T, name string) string { return rapid.String().Draw(t, name) }

func drawCount(t *rapid.T, name string) int64 { return rapid.Int64Min(0).Draw(t, name) }

func drawTime(t *rapid.T, name string) time.Time {
	return time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, name), drawCount(t, "ns")%1e9)
}

func drawObject(t *rapid.T) event.ObjectRef {
	return event.ObjectRef{
		APIVersion: draw(t, "api"), Kind: draw(t, "kind"), Resource: draw(t, "resource"), Subresource: draw(t, "subresource"),
		Namespace: event.Namespace(draw(t, "ns")), Name: draw(t, "name"),
		UID: event.UID(draw(t, "uid")), ResourceVersion: event.ResourceVersion(draw(t, "rv")), FieldPath: draw(t, "path"),
	}
}

// anyRecord draws records of all types and shapes.
func anyRecord() *rapid.Generator[event.Record] {
	return rapid.Custom(func(t *rapid.T) event.Record {
		rec := event.Record{ID: "i", Time: drawTime(t, "time"), Cluster: event.ClusterName(draw(t, "cluster"))}
		rec.Type = rapid.SampledFrom([]event.Type{
			event.TypeEvent, event.TypeAudit, event.TypeDeployment, event.TypeRejected, event.TypeMonitorStatus,
			event.TypeObjectStatus, event.TypeApplicationStatus,
		}).Draw(t, "type")
		switch rec.Type {
		case event.TypeEvent, event.TypeAudit, event.TypeDeployment, event.TypeObjectStatus:
			rec.Correlation = rapid.SampledFrom([]event.Correlation{"", event.CorrelationMatched, event.CorrelationNotWatched}).Draw(t, "correlation")
			if rapid.Bool().Draw(t, "application") {
				rec.Application = drawApplication(t)
			}
			if rapid.Bool().Draw(t, "owner") {
				o := drawObject(t)
				rec.Owner = &o
			}
		case event.TypeApplicationStatus:
			rec.Application = drawApplication(t)
		case event.TypeRejected, event.TypeMonitorStatus:
		}
		switch rec.Type {
		case event.TypeObjectStatus:
			rec.ObjectState = drawObjectState(t)
			if rapid.Bool().Draw(t, "object") {
				o := drawObject(t)
				rec.Object = &o
			}
		case event.TypeApplicationStatus:
			rec.ApplicationState = drawApplicationState(t)
		case event.TypeDeployment:
			rec.Deployment = drawDeployment(t)
		case event.TypeAudit:
			rec.Audit = drawAudit(t)
			if !rec.Audit.Object.IsZero() {
				rec.Object = &rec.Audit.Object
			}
		case event.TypeRejected:
			rec.Rejected = &event.Rejection{
				Place: event.Place{Source: "events", Name: draw(t, "name"), Offset: drawCount(t, "offset")}, Reason: event.RejectNotJSON,
				Detail: draw(t, "detail"), Bytes: drawCount(t, "bytes"),
			}
		case event.TypeMonitorStatus:
			rec.Monitor = drawMonitor(t)
		default:
			rec.Event = drawEvent(t)
			if rapid.Bool().Draw(t, "object") {
				o := drawObject(t)
				rec.Object = &o
			}
		}
		return rec
	})
}

// drawName draws what is never empty.
func drawName(t *rapid.T, name string) string { return "n" + draw(t, name) }

func drawApplication(t *rapid.T) *event.Application {
	a := &event.Application{
		Name: drawName(t, "name"), Namespace: event.Namespace(draw(t, "ns")), Tool: event.ToolHelm,
		Version: draw(t, "version"), Chart: draw(t, "chart"), Environment: draw(t, "environment"), Tenant: draw(t, "tenant"),
		DeploymentID: draw(t, "deployment"), RunbookRunID: draw(t, "run"), StepID: draw(t, "step"), ActionID: draw(t, "action"),
	}
	if rapid.Bool().Draw(t, "via") {
		a.Via = event.Via{Rule: event.Rule(drawName(t, "rule")), Object: drawObject(t)}
	}
	return a
}

func drawDeployment(t *rapid.T) *event.Deployment {
	d := &event.Deployment{
		Phase: event.DeploymentFailed, Action: event.ActionRollback, Tool: event.ToolArgoCD,
		Status: draw(t, "status"), Revision: draw(t, "revision"), Version: draw(t, "version"), Chart: draw(t, "chart"),
		Source: draw(t, "source"), Message: draw(t, "message"), InitiatedBy: draw(t, "initiator"), Omitted: drawCount(t, "omitted"),
		ApplicationStatus: rapid.SampledFrom([]event.ApplicationStatus{"", event.ApplicationWaiting}).Draw(t, "application status"),
	}
	if rapid.Bool().Draw(t, "times") {
		d.Started, d.Finished = drawTime(t, "started"), drawTime(t, "finished")
	}
	for range rapid.IntRange(0, 20).Draw(t, "objects") {
		d.Objects = append(d.Objects, event.ObjectRef{Kind: draw(t, "kind"), Name: draw(t, "name")})
	}
	return d
}

func drawMonitor(t *rapid.T) *event.MonitorStatus {
	m := &event.MonitorStatus{
		Phase: event.PhaseRunning, Instance: draw(t, "instance"), Version: draw(t, "version"), Uptime: time.Duration(drawCount(t, "uptime")),
		Queue: event.QueueStatus{Records: drawCount(t, "records"), Bytes: drawCount(t, "bytes")},
		Count: event.Counters{Received: drawCount(t, "received"), Rejected: map[string]int64{draw(t, "reason"): 1 + drawCount(t, "n")/2}, Correlated: map[string]int64{"matched": 1, "no_rule": 2}},
	}
	if rapid.Bool().Draw(t, "watched") {
		m.Objects = &event.ObjectsStatus{Kinds: drawCount(t, "kinds"), Objects: drawCount(t, "objects")}
		for range rapid.IntRange(0, 3).Draw(t, "troubled") {
			m.Objects.Troubled = append(m.Objects.Troubled, event.KindStatus{
				Resource:  event.GroupResource{Group: draw(t, "group"), Resource: drawName(t, "resource")},
				Namespace: event.Namespace(draw(t, "ns")), State: event.KindForbidden, Error: draw(t, "error"), Since: drawTime(t, "since"),
			})
		}
	}
	if rapid.Bool().Draw(t, "statuses") {
		m.Statuses = &event.StatusesStatus{Objects: drawCount(t, "objects"), ObjectsBy: drawStatuses(t), ApplicationsBy: map[event.ApplicationStatus]int64{event.ApplicationWaiting: 1}}
		for range rapid.IntRange(0, 3).Draw(t, "stalled") {
			m.Statuses.Stalled = append(m.Statuses.Stalled, event.WatchState{
				Resource: event.GroupResource{Resource: drawName(t, "resource")}, Heard: drawTime(t, "heard"), Error: draw(t, "error"),
			})
		}
	}
	if rapid.Bool().Draw(t, "forward") {
		m.Forward = &event.ForwardStatus{To: drawName(t, "to"), State: event.ForwardRetrying, Attempts: drawCount(t, "attempts"), Since: drawTime(t, "failing"), Error: draw(t, "error")}
	}
	if rapid.Bool().Draw(t, "permissions") {
		m.Permissions = &event.PermissionsStatus{Missing: drawCount(t, "missing"), Excess: drawCount(t, "excess"), Checked: drawTime(t, "checked")}
		for range rapid.IntRange(0, 3).Draw(t, "rights") {
			m.Permissions.MissingRights = append(m.Permissions.MissingRights, draw(t, "right"))
			m.Permissions.ExcessRights = append(m.Permissions.ExcessRights, draw(t, "right"))
		}
	}
	if rapid.Bool().Draw(t, "redaction") {
		m.Redaction = event.RedactionStatus{
			Values: drawCount(t, "values"), Retired: drawCount(t, "retired"), Skipped: drawCount(t, "skipped"), Blocked: draw(t, "blocked"),
			Found: map[string]int64{draw(t, "rule"): drawCount(t, "found")}, Withheld: map[string]int64{draw(t, "reason"): drawCount(t, "withheld")},
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "sources") {
		m.Sources = append(m.Sources, event.SourceStatus{
			Name: "events", Scope: draw(t, "scope"), State: event.SourceListing, Error: draw(t, "error"),
			Lag: time.Duration(rapid.Int64().Draw(t, "lag")), LastReceived: drawTime(t, "received"), Relists: drawCount(t, "relists"),
			Behind: drawCount(t, "behind"), Refused: drawCount(t, "refused"),
		})
	}
	return m
}

func drawEvent(t *rapid.T) *event.Occurrence {
	o := &event.Occurrence{
		UID: event.UID(draw(t, "uid")), Name: draw(t, "name"), Reason: draw(t, "reason"), Message: draw(t, "message"),
		Type: draw(t, "type"), Action: draw(t, "action"), ReportingController: draw(t, "controller"), ReportingInstance: draw(t, "instance"),
		FirstTime: drawTime(t, "first"), LastTime: drawTime(t, "last"), Count: max(1, drawCount(t, "count")), CountDelta: drawCount(t, "delta"),
		Labels:      rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "labels"),
		Annotations: rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "annotations"),
	}
	if rapid.Bool().Draw(t, "related") {
		o.Related = drawObject(t)
	}
	return o
}

func drawUser(t *rapid.T) event.User {
	u := event.User{Name: draw(t, "user"), UID: draw(t, "uid"), Groups: rapid.SliceOf(rapid.String()).Draw(t, "groups")}
	for _, key := range rapid.SliceOfDistinct(rapid.String(), rapid.ID).Draw(t, "keys") {
		u.Extra = append(u.Extra, event.Extra{Key: key, Values: rapid.SliceOf(rapid.String()).Draw(t, "values")})
	}
	return u
}

func drawAudit(t *rapid.T) *event.Audit {
	a := &event.Audit{
		AuditID: event.AuditID(draw(t, "audit id")), Stage: event.StagePanic, Level: event.LevelRequest, Verb: draw(t, "verb"),
		RequestURI: draw(t, "uri"), User: drawUser(t), SourceIPs: rapid.SliceOf(rapid.String()).Draw(t, "ips"), UserAgent: draw(t, "agent"),
		Decision: draw(t, "decision"), Code: rapid.Int64().Draw(t, "code"), Message: draw(t, "message"),
		StageTime: drawTime(t, "stage"), Request: drawBody(t), Response: drawBody(t),
	}
	if rapid.Bool().Draw(t, "actor") {
		a.Actor = event.Actor{Class: event.ActorHuman, Tool: draw(t, "tool"), ToolVersion: draw(t, "version"), By: event.EvidenceUser}
	}
	if rapid.Bool().Draw(t, "received") {
		a.ReceivedTime = drawTime(t, "received")
	}
	if rapid.Bool().Draw(t, "impersonated") {
		u := drawUser(t)
		a.Impersonated = &u
	}
	if rapid.Bool().Draw(t, "object") {
		a.Object = drawObject(t)
	}
	for _, key := range rapid.SliceOfDistinct(rapid.String(), rapid.ID).Draw(t, "annotations") {
		a.Annotations = append(a.Annotations, event.Annotation{Key: key, Value: draw(t, "value")})
	}
	if rapid.Bool().Draw(t, "changes") {
		a.Changes = &event.Changes{
			Type:    rapid.SampledFrom([]event.ChangeType{event.ChangeUpdate, event.ChangeApply}).Draw(t, "change"),
			Omitted: drawCount(t, "omitted"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "paths") {
			a.Changes.Paths = append(a.Changes.Paths, event.FieldPath(draw(t, "path")))
		}
	}
	return a
}

// drawBody draws the JSON of a body, or none.
func drawBody(t *rapid.T) event.JSON {
	if rapid.IntRange(0, 3).Draw(t, "body") == 0 {
		return ""
	}
	body := map[string]any{draw(t, "key"): drawValue(t, 3)}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return event.JSON(b)
}

func drawValue(t *rapid.T, depth int) any {
	switch n := rapid.IntRange(0, 7).Draw(t, "kind"); {
	case n == 0:
		return nil
	case n == 1:
		return rapid.Bool().Draw(t, "bool")
	case n == 2:
		return rapid.Uint64().Draw(t, "unsigned")
	case n == 3:
		return rapid.Int64().Draw(t, "integer")
	case n == 4:
		return rapid.Float64().Draw(t, "float")
	case n == 5 || depth == 0:
		return draw(t, "text")
	case n == 6:
		list := make([]any, rapid.IntRange(0, 4).Draw(t, "length"))
		for i := range list {
			list[i] = drawValue(t, depth-1)
		}
		return list
	default:
		object := map[string]any{}
		for range rapid.IntRange(0, 4).Draw(t, "size") {
			object[draw(t, "key")] = drawValue(t, depth-1)
		}
		return object
	}
}
