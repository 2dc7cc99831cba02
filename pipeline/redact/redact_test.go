package redact

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

const secretManifest = `{"kind":"Secret","stringData":{"p":"s3cr3t"}}`

// full returns a record whose every string is s, and the number of strings.
func full(s string) event.Record {
	object := event.ObjectRef{
		APIVersion: s, Kind: s, Resource: s, Subresource: s, Namespace: event.Namespace(s), Name: s, UID: event.UID(s),
		ResourceVersion: event.ResourceVersion(s), FieldPath: s,
	}
	about, owner := object, object
	user := event.User{Name: s, UID: s, Groups: []string{"g", s}, Extra: []event.Extra{{Key: s, Values: []string{"v", s}}}}
	impersonated := user
	return event.Record{
		Type: event.TypeEvent, ID: "event/u/1", Cluster: event.ClusterName(s), Object: &about, Owner: &owner,
		Application: &event.Application{
			Name: s, Namespace: event.Namespace(s), Tool: event.Tool(s), Version: s, Chart: s, Environment: s, Tenant: s,
			DeploymentID: s, RunbookRunID: s, StepID: s, ActionID: s, Via: event.Via{Rule: event.Rule(s), Object: object},
		},
		Event: &event.Occurrence{
			UID: event.UID(s), ResourceVersion: event.ResourceVersion(s), Namespace: event.Namespace(s), Name: s,
			Regarding: object, Related: object, Reason: s, Message: s, Type: s, Action: s,
			ReportingController: s, ReportingInstance: s, Count: 1,
			Labels: map[string]string{"l": s}, Annotations: map[string]string{"a": s},
		},
		Audit: &event.Audit{
			AuditID: event.AuditID(s), Stage: event.Stage(s), Level: event.Level(s), Verb: s, RequestURI: s,
			User: user, Impersonated: &impersonated, SourceIPs: []string{"10.0.0.1", s}, UserAgent: s, Object: object,
			Decision: s, DecisionReason: s, Code: 200, Reason: s, Message: s,
			Annotations: []event.Annotation{{Key: "k", Value: s}, {Key: s, Value: s}},
			Request:     event.JSON(s), Response: event.JSON(s),
			Changes: &event.Changes{Type: event.ChangeUpdate, Paths: []event.FieldPath{"spec", event.FieldPath(s)}},
		},
		Deployment: &event.Deployment{
			Phase: event.DeploymentFailed, Action: event.ActionSync, Tool: event.Tool(s), Status: s, Revision: s, Version: s, Chart: s,
			Source: s, Message: s, InitiatedBy: s, ApplicationStatus: event.ApplicationUnavailable,
			Objects: []event.ObjectRef{{Name: "a"}, object, object}, Omitted: 2,
		},
		ObjectState: &event.ObjectState{
			Status: event.Status(s), Health: event.Health(s), Sync: event.Sync(s), Reason: s, Message: s,
			Previous: &event.Previous{Status: s, Health: event.Health(s), Sync: event.Sync(s), Duration: 5},
			Evidence: event.Evidence{
				Condition:  &event.Condition{Type: s, Status: s, Reason: s, Message: s},
				Containers: []event.ContainerState{{Name: "app"}, {Name: s, State: s, Reason: s, Message: s}},
				Objects:    []event.ObjectFinding{{Status: event.StatusMissing}, {Object: object, Status: event.Status(s), Reason: s, Message: s}},
				Events:     []event.WarningFinding{{Reason: "r"}, {Object: object, Reason: s, Message: s}},
			},
			DesiredBy: event.DesiredBy(s), Omitted: 3,
			Drifts: []event.Drift{{Path: "spec", Live: "1"}, {Path: s, Desired: event.JSON(s), Live: event.JSON(s), Manager: s}},
		},
		ApplicationState: &event.ApplicationState{
			Status: event.ApplicationStatus(s), Health: event.Health(s), Sync: event.Sync(s), Objects: 4, Omitted: 1,
			Previous:   &event.Previous{Status: s, Health: event.Health(s), Sync: event.Sync(s), Duration: 5},
			Statuses:   map[event.Status]int64{event.StatusHealthy: 4},
			Deciding:   []event.ObjectFinding{{Object: object, Status: event.Status(s), Reason: s, Message: s}},
			Deployment: &event.Deployment{Phase: event.DeploymentBegun, Message: s},
		},
		Rejected: &event.Rejection{
			Place: event.Place{Source: s, Name: s, Offset: 7}, Reason: event.RejectNotJSON, Detail: s, Bytes: 9,
		},
		Monitor: &event.MonitorStatus{
			Instance: s, Version: s,
			Sources: []event.SourceStatus{{Name: "events"}, {Name: s, Scope: s, API: s, ResourceVersion: event.ResourceVersion(s), Error: s}},
			Objects: &event.ObjectsStatus{Kinds: 3, Troubled: []event.KindStatus{
				{Resource: event.GroupResource{Resource: "pods"}},
				{Resource: event.GroupResource{Group: s, Resource: s}, Namespace: event.Namespace(s), Error: s},
			}},
			Statuses: &event.StatusesStatus{Objects: 6, ObjectsBy: map[event.Status]int64{event.StatusHealthy: 6}, Stalled: []event.WatchState{
				{Resource: event.GroupResource{Resource: "pods"}},
				{Resource: event.GroupResource{Group: s, Resource: s}, Namespace: event.Namespace(s), Error: s},
			}},
		},
	}
}

// occurrences counts the strings in v that contain sub.
func occurrences(v reflect.Value, sub string) int {
	n := 0
	switch v.Kind() {
	case reflect.String:
		if strings.Contains(v.String(), sub) {
			n++
		}
	case reflect.Pointer:
		if !v.IsNil() {
			n += occurrences(v.Elem(), sub)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			n += occurrences(field, sub)
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += occurrences(v.Index(i), sub)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			n += occurrences(it.Value(), sub)
		}
	default:
	}
	return n
}

// TestEveryStringIsRedacted fails when the vocabulary grows a string that the
// redactor does not know.
func TestEveryStringIsRedacted(t *testing.T) {
	rec := full(secretManifest)
	fillStrings(t, reflect.ValueOf(&rec).Elem(), secretManifest)
	before := occurrences(reflect.ValueOf(rec), "s3cr3t")
	out := New(Options{Salt: testSalt}).Redact(rec).Fields()
	if n := occurrences(reflect.ValueOf(out), "s3cr3t"); n != 0 {
		t.Errorf("%d of %d strings leak: %+v %+v %+v %+v %+v", n, before, out.Object, out.Event, out.Audit, out.Rejected, out.Monitor)
	}
	if n := occurrences(reflect.ValueOf(out), MarkHash); n != before {
		t.Errorf("%d of %d strings are hashed", n, before)
	}
	if n := occurrences(reflect.ValueOf(rec), "s3cr3t"); n != before {
		t.Error("the record given was changed")
	}
}

// fillStrings sets the empty strings in v to s, but for those that the
// pipeline itself writes.
func fillStrings(t *testing.T, v reflect.Value, s string) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		switch v.Interface().(type) {
		case event.Phase, event.SourceState, event.Type, event.RecordID, event.ChangeType, event.RejectReason,
			event.Correlation, event.DeploymentPhase, event.DeploymentAction, event.ApplicationStatus,
			event.ActorClass, event.ActorEvidence, event.KindState:
			return
		}
		if v.String() == "" {
			v.SetString(s)
		}
	case reflect.Pointer:
		fillStrings(t, v.Elem(), s)
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() {
				fillStrings(t, value, s)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fillStrings(t, v.Index(i), s)
		}
	default:
	}
}

type brokenLayer struct{}

func (brokenLayer) redact(_ place, s string) (string, string) {
	if strings.Contains(s, "s3cr3t") {
		panic("defect on " + s)
	}
	return s, ""
}

func TestDefectiveLayerWithholdsAll(t *testing.T) {
	rec := full("s3cr3t")
	r := broken()
	out := r.Redact(rec).Fields()
	if n := occurrences(reflect.ValueOf(out), "s3cr3t"); n != 0 {
		t.Errorf("%d strings leak", n)
	}
	want := []event.Withheld{{Path: "", Reason: ReasonFailed}}
	if out.Type != rec.Type || out.Event == nil || out.Event.Count != 1 || !reflect.DeepEqual(out.Withheld, want) {
		t.Errorf("%+v", out)
	}
	if r := out.Rejected; r == nil || r.Place.Offset != 7 || r.Reason != event.RejectNotJSON || r.Bytes != 9 {
		t.Errorf("%+v", out.Rejected)
	}
	wantDeployment := &event.Deployment{
		Phase: event.DeploymentFailed, Action: event.ActionSync, Message: MarkWithheld, ApplicationStatus: event.ApplicationUnavailable, Omitted: 5,
	}
	if !reflect.DeepEqual(out.Deployment, wantDeployment) || out.Application != nil || out.Owner != nil {
		t.Errorf("%+v %+v %+v", out.Deployment, out.Application, out.Owner)
	}
	if o := out.Monitor.Objects; o == nil || o.Kinds != 3 || o.Troubled != nil {
		t.Errorf("%+v", o)
	}
	if s := out.Monitor.Statuses; s == nil || s.Objects != 6 || s.ObjectsBy[event.StatusHealthy] != 6 || s.Stalled != nil {
		t.Errorf("%+v", s)
	}
	wantObject := &event.ObjectState{Message: MarkWithheld, Previous: &event.Previous{Duration: 5}, Omitted: 5}
	wantApplication := &event.ApplicationState{
		Previous: &event.Previous{Duration: 5}, Objects: 4, Statuses: map[event.Status]int64{event.StatusHealthy: 4}, Omitted: 2,
	}
	if !reflect.DeepEqual(out.ObjectState, wantObject) || !reflect.DeepEqual(out.ApplicationState, wantApplication) {
		t.Errorf("%+v %+v", out.ObjectState, out.ApplicationState)
	}
}

func TestWithheldIsAppended(t *testing.T) {
	earlier := make([]event.Withheld, 1, 4)
	earlier[0] = event.Withheld{Path: "/x", Reason: "r"}
	rec := event.Record{Type: event.TypeEvent, Event: &event.Occurrence{Message: "kind: Secret data: x"}, Withheld: earlier}
	out := New(Options{Salt: testSalt}).Redact(rec).Fields().Withheld
	if len(out) != 2 || out[0] != earlier[0] || out[1].Path != "/event/message" {
		t.Errorf("%v", out)
	}
	if earlier[:2][1] != (event.Withheld{}) {
		t.Error("the caller's list was written to")
	}
}

func TestConcurrentUse(t *testing.T) {
	r := New(Options{Salt: testSalt})
	want := r.Redact(full(secretManifest))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if got := r.Redact(full(secretManifest)); !reflect.DeepEqual(got, want) {
					t.Error("results differ")
					return
				}
			}
		})
	}
	wg.Wait()
}

func ordinary() event.Record {
	object := event.ObjectRef{
		APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web-6c9f7d5b8-x2x7k",
		UID: "0b0c3a52-8a0c-4a2e-9d0e-6a1f5f3c9b11", ResourceVersion: "81234", FieldPath: "spec.containers{app}",
	}
	about := object
	return event.Record{
		Type: event.TypeEvent, ID: "event/u/1", Cluster: "prod-eu-1", Object: &about,
		Event: &event.Occurrence{
			UID: "5b4d8f4e-93a1-4c6c-8a53-7b5f2f0f3f10", ResourceVersion: "81250", Namespace: "shop",
			Name: "web-6c9f7d5b8-x2x7k.17f3a1c2d4e5f607", Regarding: object, Reason: "FailedScheduling",
			Message: "0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: not helpful",
			Type:    "Warning", ReportingController: "default-scheduler", ReportingInstance: "default-scheduler-node-1", Count: 2,
			Labels:      map[string]string{"app": "shop"},
			Annotations: map[string]string{"example.com/note": "plain text, no token"},
		},
	}
}

// correlated is an ordinary event that is tied to an application by its owner.
func correlated() event.Record {
	rec := ordinary()
	rec.Owner = &event.ObjectRef{
		APIVersion: "apps/v1", Kind: "Deployment", Resource: "deployments", Namespace: "shop", Name: "web",
		UID: "5e2a6c1d-0f54-4a52-93a4-0e1f6a1f2b57",
	}
	rec.Application = &event.Application{
		Name: "web", Namespace: "shop", Tool: event.ToolHelm, Version: "1.8.0", Chart: "web-0.4.2",
		Via: event.Via{Rule: "helm-release", Object: *rec.Owner},
	}
	rec.Correlation = event.CorrelationMatched
	return rec
}

func rollout() event.Record {
	rec := correlated()
	rec.Type, rec.ID, rec.Event, rec.Correlation = event.TypeDeployment, "deployment/1", nil, ""
	rec.Object = &event.ObjectRef{APIVersion: "v1", Kind: "Secret", Namespace: "shop", Name: "sh.helm.release.v1.web.v3"}
	rec.Deployment = &event.Deployment{
		Phase: event.DeploymentSucceeded, Action: event.ActionUpgrade, Tool: event.ToolHelm, Status: "deployed", Revision: "3",
		Message: "Upgrade complete", Source: "https://git@git.example.com/shop/web.git",
	}
	for range 20 {
		rec.Deployment.Objects = append(rec.Deployment.Objects, *rec.Owner)
	}
	return rec
}

func ordinaryAudit() event.Record {
	object := event.ObjectRef{APIVersion: "apps/v1", Resource: "deployments", Namespace: "shop", Name: "web"}
	about := object
	return event.Record{
		Type: event.TypeAudit, ID: "audit/aeffd5bf-9c40-452f-84dc-e99afa3ffda9/ResponseComplete/6b86b273ff34fce1", Cluster: "c", Object: &about,
		Audit: &event.Audit{
			AuditID: "aeffd5bf-9c40-452f-84dc-e99afa3ffda9", Stage: event.StageResponseComplete, Level: event.LevelRequest, Verb: "patch",
			RequestURI: "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=kubectl-set", Object: object,
			User:      event.User{Name: "system:serviceaccount:shop:deployer", Groups: []string{"system:authenticated"}, Extra: []event.Extra{{Key: "example.com/a", Values: []string{"b"}}}},
			SourceIPs: []string{"10.0.0.1"}, UserAgent: "kubectl/v1.36.3 (linux/amd64) kubernetes/7e1a7c2", Decision: "allow",
			Annotations: []event.Annotation{{Key: "k8s.io/deprecated", Value: "true"}},
			Request:     `{"metadata":{"labels":{"a":"b"}},"spec":{"template":{"spec":{"containers":[{"name":"app","image":"registry.example.com/web:1.8"}]}}}}`,
			Changes:     &event.Changes{Type: event.ChangeStrategicMergePatch, Paths: []event.FieldPath{`spec.template.spec.containers[name="app"].image`}},
		},
	}
}

func TestOrdinaryRecordCostsNoAllocation(t *testing.T) {
	r := New(Options{Salt: testSalt})
	status := event.Record{
		Type: event.TypeMonitorStatus, Cluster: "c",
		Monitor: &event.MonitorStatus{Instance: "live_status.0", Objects: &event.ObjectsStatus{
			Troubled: []event.KindStatus{{Resource: event.GroupResource{Resource: "widgets", Group: "example.com"}, Error: "list: forbidden"}},
		}, Sources: []event.SourceStatus{
			{Name: "events", Scope: "*", Error: "get https://10.0.0.1:443/api: connection refused"},
		}, Statuses: &event.StatusesStatus{Stalled: []event.WatchState{{Resource: event.GroupResource{Resource: "pods"}, Error: "watch: EOF"}}}},
	}
	for name, rec := range map[string]event.Record{
		"event": ordinary(), "correlated": correlated(), "audit": ordinaryAudit(), "deployment": rollout(), "monitor": status,
		"object status": degraded(), "application status": progressing(),
	} {
		var out Redacted
		if n := testing.AllocsPerRun(100, func() { out = r.Redact(rec) }); n != 0 && !raceDetector {
			t.Errorf("%s: %v allocations", name, n)
		}
		if !reflect.DeepEqual(out.Fields(), rec) {
			t.Errorf("%s changed: %+v", name, out.Fields())
		}
	}
}

func BenchmarkRedact(b *testing.B) {
	r := New(Options{Salt: testSalt})
	applied := ordinary()
	ev := *applied.Event
	ev.Annotations = map[string]string{lastApplied: `{"apiVersion":"v1","data":{"a":"` + strings.Repeat("QUJD", 300) + `"},"kind":"Secret","metadata":{"name":"x"}}`}
	applied.Event = &ev
	for name, rec := range map[string]event.Record{
		"ordinary": ordinary(), "correlated": correlated(), "deployment": rollout(), "last-applied": applied,
		"object-status": degraded(), "application-status": progressing(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Redact(rec)
			}
		})
	}
}
