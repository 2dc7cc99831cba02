package encode_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// degraded is a Deployment whose pods cannot pull their image, and that was
// scaled by hand.
func degraded() event.Record {
	rec := correlated()
	pod := event.ObjectRef{APIVersion: "v1", Kind: "Pod", Resource: "pods", Namespace: "shop", Name: "web-6c9f7d5b8-x2x7k", UID: "0b0c3a52-8a0c-4a2e-9d0e-6a1f5f3c9b11"}
	rec.Type, rec.ID, rec.Event, rec.Object, rec.Owner = event.TypeObjectStatus, "object_status/6b86b273ff34fce19d6b804eff5a3f57", nil, rec.Owner, nil
	rec.ObjectState = &event.ObjectState{
		Status: event.StatusDegraded, Health: event.HealthDegraded, Sync: event.SyncOutOfSync,
		Reason: "ProgressDeadlineExceeded", Message: `ReplicaSet "web-6c9f7d5b8" has timed out progressing.`, Since: rec.Time,
		Previous: &event.Previous{Status: "Progressing", Health: event.HealthProgressing, Sync: event.SyncInSync, Duration: 10 * time.Minute},
		Evidence: event.Evidence{
			Condition: &event.Condition{Type: "Progressing", Status: "False", Reason: "ProgressDeadlineExceeded", Time: rec.Time},
			Objects:   []event.ObjectFinding{{Object: pod, Status: event.StatusDegraded, Reason: "ImagePullBackOff", Message: `Back-off pulling image "registry.example.com/web:1.9"`}},
			Events:    []event.WarningFinding{{Object: pod, Reason: "Failed", Message: "Error: ImagePullBackOff", Count: 12, Time: rec.Time}},
		},
		DesiredBy: event.DesiredByHelm,
		Drifts:    []event.Drift{{Path: "spec.replicas", Desired: "3", Live: "5", Manager: "kubectl"}},
	}
	return rec
}

func progressing() event.Record {
	rec := rollout()
	object := *rec.Owner
	rec.Type, rec.ID, rec.Object, rec.Owner = event.TypeApplicationStatus, "application_status/6b86b273ff34fce19d6b804eff5a3f57", nil, nil
	rec.ApplicationState = &event.ApplicationState{
		Status: event.ApplicationProgressing, Health: event.HealthProgressing, Sync: event.SyncInSync, Since: rec.Time,
		Objects: 12, Statuses: map[event.Status]int64{event.StatusProgressing: 1, event.StatusHealthy: 4, event.StatusInSync: 7},
		Deciding:   []event.ObjectFinding{{Object: object, Status: event.StatusProgressing, Message: "Waiting for rollout to finish"}},
		Deployment: rec.Deployment,
	}
	rec.Deployment = nil
	return rec
}

// TestStatusIsWhereARouterLooks has the key that both types share.
func TestStatusIsWhereARouterLooks(t *testing.T) {
	for _, rec := range []event.Record{degraded(), progressing()} {
		b, err := encode.AppendJSON(nil, redacted(rec))
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Type, Status, Health, Sync string }
		if err := json.Unmarshal(b, &got); err != nil || got.Status == "" || got.Status != got.Health || got.Sync == "" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// TestDriftsKeepTheirTypes has values of each JSON type.
func TestDriftsKeepTheirTypes(t *testing.T) {
	rec := degraded()
	rec.ObjectState.Drifts = nil
	want := []string{`3`, `"3"`, `-1.5`, `true`, `null`, `[]`, `{}`, `{"b":1,"a":[{"c":null}]}`, `18446744073709551615`}
	for _, v := range want {
		rec.ObjectState.Drifts = append(rec.ObjectState.Drifts, event.Drift{Path: "spec.a", Live: event.JSON(v)})
	}
	r := redacted(rec)
	j, err := encode.AppendJSON(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range want {
		if !strings.Contains(string(j), `{"path":"spec.a","live":`+v+`}`) {
			t.Errorf("no %s in %s", v, j)
		}
	}
	m, err := encode.AppendMsgpack(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	sameContent(t, m, j)
	if err := validate(t, recordSchema(t), j); err != nil {
		t.Error(err)
	}
}

func drawHealth(t *rapid.T) event.Health {
	return rapid.SampledFrom([]event.Health{event.HealthNone, event.HealthHealthy, event.HealthMissing}).Draw(t, "health")
}

func drawSync(t *rapid.T) event.Sync {
	return rapid.SampledFrom([]event.Sync{event.SyncNone, event.SyncOutOfSync, event.SyncOrphaned}).Draw(t, "sync")
}

func drawStatuses(t *rapid.T) map[event.Status]int64 {
	return rapid.MapOf(rapid.SampledFrom([]event.Status{
		event.StatusNone, event.StatusHealthy, event.StatusInSync, event.StatusOutOfSync,
	}), rapid.Int64Range(1, 9)).Draw(t, "statuses")
}

func drawPrevious(t *rapid.T) *event.Previous {
	if rapid.Bool().Draw(t, "first") {
		return nil
	}
	return &event.Previous{Status: string(event.ApplicationHealthy), Health: drawHealth(t), Sync: drawSync(t), Duration: time.Duration(drawCount(t, "duration"))}
}

func drawFindings(t *rapid.T) []event.ObjectFinding {
	list := make([]event.ObjectFinding, rapid.IntRange(0, 3).Draw(t, "findings"))
	for i := range list {
		list[i] = event.ObjectFinding{Object: drawObject(t), Status: event.StatusMissing, Reason: draw(t, "reason"), Message: draw(t, "message")}
	}
	return list
}

func drawObjectState(t *rapid.T) *event.ObjectState {
	s := &event.ObjectState{
		Health: drawHealth(t), Sync: drawSync(t), Reason: draw(t, "reason"), Message: draw(t, "message"),
		Previous: drawPrevious(t), Deleted: rapid.Bool().Draw(t, "deleted"), Stale: rapid.Bool().Draw(t, "stale"),
		Evidence: event.Evidence{Objects: drawFindings(t)}, Omitted: drawCount(t, "omitted"),
	}
	s.Status = event.Combine(s.Health, s.Sync)
	if rapid.Bool().Draw(t, "condition") {
		s.Evidence.Condition = &event.Condition{Type: draw(t, "type"), Status: draw(t, "status"), Message: draw(t, "message"), Time: drawTime(t, "time")}
		s.Since = drawTime(t, "since")
	}
	for range rapid.IntRange(0, 3).Draw(t, "containers") {
		s.Evidence.Containers = append(s.Evidence.Containers, event.ContainerState{
			Name: draw(t, "name"), State: rapid.SampledFrom([]string{"waiting", "terminated"}).Draw(t, "state"), Reason: draw(t, "reason"),
			ExitCode: rapid.Int64().Draw(t, "code"), Restarts: drawCount(t, "restarts"), Last: rapid.Bool().Draw(t, "last"),
		})
	}
	for range rapid.IntRange(0, 3).Draw(t, "events") {
		s.Evidence.Events = append(s.Evidence.Events, event.WarningFinding{Object: drawObject(t), Message: draw(t, "message"), Count: drawCount(t, "count"), Time: drawTime(t, "time")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "drifts") {
		value, err := json.Marshal(drawValue(t, 3))
		if err != nil {
			t.Fatal(err)
		}
		s.Drifts = append(s.Drifts, event.Drift{Path: draw(t, "path"), Desired: event.JSON(value), Live: drawBody(t), Manager: draw(t, "manager")})
	}
	return s
}

func drawApplicationState(t *rapid.T) *event.ApplicationState {
	s := &event.ApplicationState{
		Status: rapid.SampledFrom([]event.ApplicationStatus{"", event.ApplicationUnavailable, event.ApplicationOutOfSync}).Draw(t, "status"),
		Health: drawHealth(t), Sync: drawSync(t), Previous: drawPrevious(t), Resync: rapid.Bool().Draw(t, "resync"),
		Objects: drawCount(t, "objects"), Statuses: drawStatuses(t), Deciding: drawFindings(t), Omitted: drawCount(t, "omitted"),
	}
	if rapid.Bool().Draw(t, "deployed") {
		s.Deployment = drawDeployment(t)
	}
	return s
}
