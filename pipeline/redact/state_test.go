package redact

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// degraded is a Deployment whose pods cannot pull their image, and that was
// scaled by hand.
func degraded() event.Record {
	rec := correlated()
	pod := event.ObjectRef{APIVersion: "v1", Kind: "Pod", Resource: "pods", Namespace: "shop", Name: "web-6c9f7d5b8-x2x7k", UID: "0b0c3a52-8a0c-4a2e-9d0e-6a1f5f3c9b11"}
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	rec.Type, rec.ID, rec.Event, rec.Object, rec.Owner = event.TypeObjectStatus, "object_status/6b86b273ff34fce19d6b804eff5a3f57", nil, rec.Owner, nil
	rec.ObjectState = &event.ObjectState{
		Status: event.StatusDegraded, Health: event.HealthDegraded, Sync: event.SyncOutOfSync,
		Reason: "ProgressDeadlineExceeded", Message: `ReplicaSet "web-6c9f7d5b8" has timed out progressing.`, Since: at,
		Previous: &event.Previous{Status: "Progressing", Health: event.HealthProgressing, Sync: event.SyncInSync, Duration: 10 * time.Minute},
		Evidence: event.Evidence{
			Condition:  &event.Condition{Type: "Progressing", Status: "False", Reason: "ProgressDeadlineExceeded", Time: at},
			Containers: []event.ContainerState{{Name: "app", State: "waiting", Reason: "ImagePullBackOff", Message: `Back-off pulling image "registry.example.com/web:1.9"`}},
			Objects:    []event.ObjectFinding{{Object: pod, Status: event.StatusDegraded, Reason: "ImagePullBackOff", Message: `Back-off pulling image "registry.example.com/web:1.9"`}},
			Events: []event.WarningFinding{
				{Object: pod, Reason: "Failed", Message: "Error: ImagePullBackOff", Count: 12, Time: at},
				{Object: pod, Reason: "BackOff", Message: `Back-off pulling image "registry.example.com/web:1.9"`, Count: 300, Time: at},
			},
		},
		DesiredBy: event.DesiredByHelm,
		Drifts: []event.Drift{
			{Path: "spec.replicas", Desired: "3", Live: "5", Manager: "kubectl"},
			{Path: `spec.template.spec.containers[name="app"].image`, Desired: `"registry.example.com/web:1.8"`, Live: `"registry.example.com/web:1.9"`},
		},
	}
	return rec
}

func progressing() event.Record {
	rec := rollout()
	rec.Type, rec.ID = event.TypeApplicationStatus, "application_status/6b86b273ff34fce19d6b804eff5a3f57"
	rec.ApplicationState = &event.ApplicationState{
		Status: event.ApplicationProgressing, Health: event.HealthProgressing, Sync: event.SyncInSync, Objects: 12,
		Previous:   &event.Previous{Status: "Waiting", Duration: time.Minute},
		Statuses:   map[event.Status]int64{event.StatusProgressing: 1, event.StatusHealthy: 11},
		Deciding:   []event.ObjectFinding{{Object: *rec.Owner, Status: event.StatusProgressing, Message: "Waiting for deployment \"web\" rollout to finish: 1 out of 3 new replicas have been updated..."}},
		Deployment: rec.Deployment,
	}
	rec.Deployment, rec.Object, rec.Owner = nil, nil, nil
	return rec
}

// drifted returns what is left of a value that stands at a field of an object.
func drifted(r *Redactor, about *event.ObjectRef, field string, v event.JSON) (event.JSON, []event.Withheld) {
	out := r.Redact(event.Record{
		Type: event.TypeObjectStatus, ID: "i", Object: about,
		ObjectState: &event.ObjectState{Drifts: []event.Drift{{Path: field, Live: v}}},
	}).Fields()
	return out.ObjectState.Drifts[0].Live, out.Withheld
}

// TestValuesOfDrifts has what stands at a field, and means what it does because
// of where it stands.
func TestValuesOfDrifts(t *testing.T) {
	r := New(Options{Salt: testSalt})
	secret := &event.ObjectRef{APIVersion: "v1", Kind: "Secret", Name: "db"}
	bySecrets := &event.ObjectRef{Resource: "secrets"}
	configMap := &event.ObjectRef{APIVersion: "v1", Kind: "ConfigMap"}
	deployment := &event.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment"}
	widget := &event.ObjectRef{APIVersion: "example.com/v1", Kind: "Widget"}
	hash := func(key, value string) string { return r.Hash(key, []byte(value)) }
	hashed := event.JSON(`"` + hash("p", "s3cr3t") + `"`)
	const container = `spec.template.spec.containers[name="app"]`
	for _, c := range []struct {
		about    *event.ObjectRef
		field    string
		in, want event.JSON
	}{
		// Values of Secrets are hashed, whoever forgot to; hashes stay.
		{secret, "data.p", `"czNjcjN0"`, hashed},
		{secret, "data[p]", `"czNjcjN0"`, hashed},
		{secret, "stringData.p", `"s3cr3t"`, hashed},
		{secret, "Data.p", `"czNjcjN0"`, hashed},
		{secret, "data", `{"p":"czNjcjN0"}`, `{"p":` + hashed + `}`},
		{bySecrets, "data.p", `"czNjcjN0"`, hashed},
		{nil, "data.p", `"czNjcjN0"`, hashed},
		{secret, "data.p", hashed, hashed},
		{secret, "data", `{"p":` + hashed + `}`, `{"p":` + hashed + `}`},
		{secret, "data[tls.crt]", `{"a":"s3cr3t"}`, event.JSON(`"` + hash("tls.crt", `{"a":"s3cr3t"}`) + `"`)},
		{secret, "data.token-secret", `"czNjcjN0"`, `"[redacted]"`},
		{secret, "", `{"kind":"ConfigMap","data":{"p":"czNjcjN0"}}`, `{"kind":"ConfigMap","data":{"p":` + hashed + `}}`},
		{secret, "type", `"Opaque"`, `"Opaque"`},
		{secret, "metadata.labels[app.kubernetes.io/name]", `"db"`, `"db"`},
		{secret, "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]", `"{\"data\":{\"p\":\"czNjcjN0\"}}"`, `"{\"data\":{\"p\":\"` + hashed[1:len(hashed)-1] + `\"}}"`},
		// Those of ConfigMaps are told, without the credentials in them.
		{configMap, "data.level", `"debug"`, `"debug"`},
		{configMap, "data[app.env]", `"HOST=db\nDB_PASSWORD=s3cr3t\n"`, `"HOST=db\nDB_PASSWORD=[redacted]\n"`},
		{configMap, "data", `{"url":"postgres://shop:s3cr3t@db/shop"}`, `{"url":"postgres://shop:[redacted]@db/shop"}`},
		// A variable is known by what stands beside its value.
		{deployment, container + `.env[name="DB_PASSWORD"].value`, `"s3cr3t"`, `"[redacted]"`},
		{deployment, container + `.env[name="DB_HOST"].value`, `"db"`, `"db"`},
		{deployment, container + `.env[name="DB_PASSWORD"]`, `{"name":"DB_PASSWORD","value":"s3cr3t"}`, `{"name":"DB_PASSWORD","value":"[redacted]"}`},
		{deployment, container + `.env`, `[{"name":"API_TOKEN","value":"s3cr3t"}]`, `[{"name":"API_TOKEN","value":"[redacted]"}]`},
		{deployment, container + `.args[3]`, `"--password=s3cr3t"`, `"--password=[redacted]"`},
		{deployment, container + `.args`, `["--token=s3cr3t","https://u:s3cr3t@host/"]`, `["--token=[redacted]","https://u:[redacted]@host/"]`},
		{deployment, container + `.ports[containerPort=80,protocol="TCP"].name`, `"http"`, `"http"`},
		{deployment, "spec.template.spec.automountServiceAccountToken", `true`, `true`},
		{
			deployment, "metadata.annotations",
			`{"kubectl.kubernetes.io/last-applied-configuration":"{\"kind\":\"Secret\",\"stringData\":{\"p\":\"s3cr3t\"}}"}`,
			`{"kubectl.kubernetes.io/last-applied-configuration":"{\"kind\":\"Secret\",\"stringData\":{\"p\":\"` + hashed[1:len(hashed)-1] + `\"}}"}`,
		},
		{deployment, "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]", `"data: not JSON"`, `"[withheld]"`},
		// Custom resources.
		{widget, "spec.auth.password", `"s3cr3t"`, `"[redacted]"`},
		{widget, "spec.token", `{"any":"s3cr3t"}`, `"[redacted]"`},
		{widget, "spec.token.any", `"s3cr3t"`, `"[redacted]"`},
		{widget, "spec.template.stringData.p", `"s3cr3t"`, hashed},
		{widget, "spec.template", `{"kind":"Secret","data":{"p":"czNjcjN0"}}`, `{"kind":"Secret","data":{"p":` + hashed + `}}`},
		{widget, "spec.data.p", `"plain"`, `"plain"`},
		{widget, "spec.list[0][1][key=\"password\"].value", `"s3cr3t"`, `"[redacted]"`},
		{widget, `spec.list[key="password",scope=1].value`, `"s3cr3t"`, `"[redacted]"`},
		{widget, `spec.list[scope="]",key="password"].value`, `"s3cr3t"`, `"[redacted]"`},
		{widget, `spec.list[key="password",scope="a"].value`, `"s3cr3t"`, `"[redacted]"`},
		{widget, "[[]..[a=\"]", `1`, `1`},
	} {
		got, withheld := drifted(r, c.about, c.field, c.in)
		if wantWithheld := strings.Contains(string(c.want), MarkWithheld); got != c.want || (len(withheld) > 0) != wantWithheld {
			t.Errorf("%+v at %s: %s\n got %s, %v\nwant %s", c.about, c.field, c.in, got, withheld, c.want)
		}
	}
}

// TestUnreadableValuesOfDrifts has values that cannot be examined.
func TestUnreadableValuesOfDrifts(t *testing.T) {
	r := New(Options{Salt: testSalt})
	about := &event.ObjectRef{APIVersion: "v1", Kind: "ConfigMap"}
	for name, c := range map[string]struct {
		field  string
		in     event.JSON
		reason string
	}{
		"no JSON":          {"data.a", "s3cr3t", ReasonNotJSON},
		"two values":       {"data.a", `"s3cr3t" 1`, ReasonTrailing},
		"cut off":          {"data.a", `{"a":"s3cr3t`, ReasonNotJSON},
		"deep":             {"data.a", event.JSON(strings.Repeat("[", MaxBodyDepth+1) + strings.Repeat("]", MaxBodyDepth+1)), ReasonTooDeep},
		"large":            {"data.a", event.JSON(`"` + strings.Repeat("x", maxSize) + `"`), ReasonTooLarge},
		"many values":      {"data.a", event.JSON("[" + strings.Repeat("1,", maxNodes) + "1]"), ReasonTooLarge},
		"path of many":     {strings.Repeat("a.", maxSegments) + "a.b", `"s3cr3t"`, ReasonTooLarge},
		"long path":        {strings.Repeat("a", maxPath+1), `"s3cr3t"`, ReasonTooLarge},
		"key was cut off":  {`data[aaa…].b`, `"s3cr3t"`, ReasonTooLarge},
		"path was cut off": {`spec.containers[name="app"].env[name="DB_PASS…`, `"s3cr3t"`, ReasonTooLarge},
	} {
		got, withheld := drifted(r, about, c.field, c.in)
		if want := []event.Withheld{{Path: "/drift/0/live", Reason: c.reason}}; got != quotedMark || !reflect.DeepEqual(withheld, want) {
			t.Errorf("%s: %.40s, %v", name, got, withheld)
		}
	}
	if got, withheld := drifted(r, about, strings.Repeat("a.", maxSegments-1)+"a", `1`); got != "1" || withheld != nil {
		t.Errorf("the longest path: %s, %v", got, withheld)
	}
}

// TestValuesOfDriftsAreBoundedTogether has values that are large enough together.
func TestValuesOfDriftsAreBoundedTogether(t *testing.T) {
	large := event.JSON(`"` + strings.Repeat("x", maxSize-8) + `"`)
	drifts := make([]event.Drift, 4)
	for i := range drifts {
		drifts[i] = event.Drift{Path: "spec.a", Desired: large, Live: large}
	}
	out := New(Options{Salt: testSalt}).Redact(event.Record{Type: event.TypeObjectStatus, ID: "i", ObjectState: &event.ObjectState{Drifts: drifts}}).Fields()
	left := 0
	for _, d := range out.ObjectState.Drifts {
		left += len(d.Desired) + len(d.Live)
	}
	if left > maxValues+100 || len(out.Withheld) != 4 {
		t.Errorf("%d bytes, %v", left, out.Withheld)
	}
}

// TestWithheldPartsOfStatuses has a text that cannot be examined in each part.
func TestWithheldPartsOfStatuses(t *testing.T) {
	const unreadable = "kind: Secret data: x"
	bad := event.ObjectRef{Kind: "Pod", Name: unreadable}
	finding := event.ObjectFinding{Object: bad, Status: event.StatusDegraded, Message: unreadable}
	object := event.Record{Type: event.TypeObjectStatus, ID: "i", ObjectState: &event.ObjectState{
		Health: unreadable, Message: unreadable, Previous: &event.Previous{Sync: unreadable},
		Evidence: event.Evidence{
			Condition:  &event.Condition{Message: unreadable},
			Containers: []event.ContainerState{{Name: "a"}, {Message: unreadable}},
			Objects:    []event.ObjectFinding{finding, finding},
			Events:     []event.WarningFinding{{Object: bad, Message: unreadable}},
		},
		Drifts: []event.Drift{{Path: "a"}, {Path: unreadable, Desired: `"` + unreadable + `"`, Manager: unreadable}},
	}}
	application := event.Record{Type: event.TypeApplicationStatus, ID: "i", ApplicationState: &event.ApplicationState{
		Status: event.ApplicationDegraded, Deciding: []event.ObjectFinding{finding}, Deployment: &event.Deployment{Message: unreadable},
	}}
	monitor := event.Record{Type: event.TypeMonitorStatus, Monitor: &event.MonitorStatus{Statuses: &event.StatusesStatus{
		Objects: 7, Stalled: []event.WatchState{{Error: "EOF"}, {Error: unreadable}},
	}}}
	for _, c := range []struct {
		rec  event.Record
		want []string
	}{
		{object, []string{
			"/drift/1/desired", "/drift/1/manager", "/drift/1/path", "/evidence/condition/message", "/evidence/containers/1/message",
			"/evidence/events/0/message", "/evidence/events/0/object/name", "/evidence/objects/0/message", "/evidence/objects/0/object/name",
			"/evidence/objects/1/message", "/evidence/objects/1/object/name", "/health", "/message", "/previous/sync",
		}},
		{application, []string{"/deciding/0/message", "/deciding/0/object/name", "/deployment/message"}},
		{monitor, []string{"/monitor/statuses/stalled/1/error"}},
	} {
		out := New(Options{Salt: testSalt}).Redact(c.rec).Fields()
		var got []string
		for _, w := range out.Withheld {
			if got = append(got, w.Path); w.Reason != ReasonUnreadable {
				t.Errorf("%+v", w)
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.rec.Type, got, c.want)
		}
		if n := occurrences(reflect.ValueOf(out), unreadable); n != 0 {
			t.Errorf("%s: %d leak", c.rec.Type, n)
		}
	}
}

// TestStatusesOfSecretsQuoteNothing has messages about a Secret, wherever they
// stand.
func TestStatusesOfSecretsQuoteNothing(t *testing.T) {
	const quote = `data[p]: Invalid value: "s3cr3t": must be base64`
	secret := event.ObjectRef{APIVersion: "v1", Kind: "Secret", Name: "db"}
	out := New(Options{Salt: testSalt}).Redact(event.Record{Type: event.TypeObjectStatus, ID: "i", Object: &secret, ObjectState: &event.ObjectState{
		Message: quote,
		Evidence: event.Evidence{
			Condition: &event.Condition{Message: quote},
			Objects:   []event.ObjectFinding{{Object: secret, Message: quote}},
			Events:    []event.WarningFinding{{Object: secret, Message: quote}},
		},
	}}).Fields()
	if n := occurrences(reflect.ValueOf(out), "s3cr3t"); n != 0 {
		t.Errorf("%d leak in %+v", n, out.ObjectState)
	}
	if want := `data[p]: Invalid value: "[redacted]": must be base64`; out.ObjectState.Message != want {
		t.Errorf("%s", out.ObjectState.Message)
	}
}

// TestHostileDriftsTakeBoundedTime has paths and values that are costly to naive
// searches.
func TestHostileDriftsTakeBoundedTime(t *testing.T) {
	r := New(Options{Salt: testSalt})
	for _, unit := range []string{".", "[", "]", `["`, `[="`, `[a="`, `"]`, "data.", "[name=\"password\"]", "[0]", "[a=1,", "[a=1,b=\"", "="} {
		for _, v := range []event.JSON{`{"kind":`, `"{\"data\":{\"a\":`, `[{"path":"/data","value":`} {
			begin := time.Now()
			drifted(r, nil, strings.Repeat(unit, maxPath/len(unit)), event.JSON(strings.Repeat(string(v), maxSize/len(v))))
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("%s with %s took %v", unit, v, took)
			}
		}
	}
}
