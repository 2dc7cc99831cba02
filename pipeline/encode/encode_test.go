package encode_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

type appender func([]byte, redact.Redacted) ([]byte, error)

var forms = map[string]appender{"msgpack": encode.AppendMsgpack, "json": encode.AppendJSON}

func TestWhatNoRedactorMadeIsRefused(t *testing.T) {
	for name, form := range forms {
		dst := []byte("kept")
		got, err := form(dst, redact.Redacted{})
		if !errors.Is(err, encode.ErrEmpty) || string(got) != "kept" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestUnknownAndEmptyRecordsAreRefused(t *testing.T) {
	for name, form := range forms {
		for _, rec := range []event.Record{
			{Type: event.TypeEvent, ID: "i"},
			{Type: event.TypeMonitorStatus, ID: "i", Event: &event.Occurrence{}},
			{Type: event.TypeAudit, ID: "i", Event: &event.Occurrence{}},
			{Type: event.TypeRejected, ID: "i", Audit: &event.Audit{}},
			{Type: event.TypeDeployment, ID: "i", Event: &event.Occurrence{}},
			{Type: event.TypeObjectStatus, ID: "i", ApplicationState: &event.ApplicationState{}},
			{Type: event.TypeApplicationStatus, ID: "i", ObjectState: &event.ObjectState{}},
			{Type: "nonsense", ID: "i", Event: &event.Occurrence{}},
		} {
			got, err := form([]byte("kept"), redacted(rec))
			if err == nil || string(got) != "kept" || !strings.Contains(err.Error(), string(rec.Type)) {
				t.Errorf("%s of %q: %q, %v", name, rec.Type, got, err)
			}
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	r := redacted(typical())
	for name, form := range forms {
		once, err := form(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := form(append([]byte("x"), once...), r)
		if err != nil || string(twice) != "x"+string(once)+string(once) {
			t.Errorf("%s: %q, %v", name, twice, err)
		}
	}
}

func TestTimestamps(t *testing.T) {
	for _, c := range []struct {
		at        time.Time
		sec, nsec uint32
		text      string
	}{
		{time.Date(2026, 11, 21, 12, 0, 0, 5, time.FixedZone("", 7200)), 1795255200, 5, "2026-11-21T10:00:00.000000005Z"},
		{time.Time{}, 0, 0, "0001-01-01T00:00:00.000000000Z"},
		{time.Unix(-1, 999), 0, 0, "1969-12-31T23:59:59.000000999Z"},
		// Fluent Bit reads the two highest numbers as the marks of a group.
		{time.Unix(math.MaxUint32-2, 7), math.MaxUint32 - 2, 7, "2106-02-07T06:28:13.000000007Z"},
		{time.Unix(math.MaxUint32-1, 7), math.MaxUint32 - 2, 0, "2106-02-07T06:28:14.000000007Z"},
		{time.Unix(math.MaxUint32, 7), math.MaxUint32 - 2, 0, "2106-02-07T06:28:15.000000007Z"},
		{time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxUint32 - 2, 0, "9999-12-31T23:59:59.999999999Z"},
		{time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), 0, 0, "0000-01-01T00:00:00.000000000Z"},
	} {
		r := redacted(event.Record{Type: event.TypeEvent, ID: "i", Time: c.at, Event: &event.Occurrence{Count: 1}})
		b, err := encode.AppendMsgpack(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		if sec, nsec := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]); sec != c.sec || nsec != c.nsec {
			t.Errorf("%v: event time %d.%d", c.at, sec, nsec)
		}
		j, err := encode.AppendJSON(nil, r)
		if err != nil || !strings.Contains(string(j), `"time":"`+c.text+`"`) {
			t.Errorf("%v: %s, %v", c.at, j, err)
		}
		sameContent(t, b, j)
	}
}

func TestInvalidUTF8IsReplaced(t *testing.T) {
	rec := typical()
	rec.Event = &event.Occurrence{Count: 1, Message: "a\xff\xfeb", Labels: map[string]string{"k\xff": "\xc3"}}
	r := redacted(rec)
	m, err := encode.AppendMsgpack(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	j, err := encode.AppendJSON(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	sameContent(t, m, j)
	if want := "\"message\":\"a\uFFFDb\""; !strings.Contains(string(j), want) {
		t.Errorf("%s lacks %s", j, want)
	}
}

// TestMapHeaders goes over the bounds at which the header of a map grows.
func TestMapHeaders(t *testing.T) {
	for _, n := range []int{1, 15, 16, 17, 65535, 65536} {
		labels := map[string]string{}
		for i := range n {
			labels[strconv.Itoa(i)] = "v"
		}
		rec := typical()
		rec.Event = &event.Occurrence{Count: 1, Labels: labels}
		r := redacted(rec)
		m, err := encode.AppendMsgpack(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		j, err := encode.AppendJSON(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		sameContent(t, m, j)
		if header := msgp.AppendMapHeader([]byte("\xa6labels"), uint32(n)); !strings.Contains(string(m), string(header)) {
			t.Errorf("%d labels: no header %x", n, header)
		}
	}
}

// TestFormsAgree encodes records of all shapes and reads them with libraries.
func TestFormsAgree(t *testing.T) {
	schema := recordSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		r := redacted(anyRecord().Draw(rt, "record"))
		m, err := encode.AppendMsgpack(nil, r)
		if err != nil {
			rt.Fatal(err)
		}
		j, err := encode.AppendJSON(nil, r)
		if err != nil {
			rt.Fatal(err)
		}
		sameContent(t, m, j)
		if err := validate(t, schema, j); err != nil {
			rt.Fatalf("%s: %v", j, err)
		}
		if !json.Valid(j) {
			rt.Fatalf("invalid: %s", j)
		}
	})
}

// typical is what a kubelet writes.
func typical() event.Record {
	at := time.Date(2026, 11, 21, 10, 0, 0, 123456789, time.UTC)
	return event.Record{
		Type: event.TypeEvent, ID: "event/5b4d8f4e-93a1-4c6c-8a53-7b5f2f0f3f10/81250", Time: at, Cluster: "prod-eu-1",
		Object: &event.ObjectRef{
			APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web-6c9f7d5b8-x2x7k",
			UID: "0b0c3a52-8a0c-4a2e-9d0e-6a1f5f3c9b11", ResourceVersion: "81234", FieldPath: "spec.containers{app}",
		},
		Event: &event.Occurrence{
			UID: "5b4d8f4e-93a1-4c6c-8a53-7b5f2f0f3f10", ResourceVersion: "81250", Namespace: "shop",
			Name: "web-6c9f7d5b8-x2x7k.17f3a1c2d4e5f607", Reason: "BackOff",
			Message: "Back-off restarting failed container app in pod web-6c9f7d5b8-x2x7k_shop(0b0c3a52-8a0c-4a2e-9d0e-6a1f5f3c9b11)",
			Type:    "Warning", ReportingController: "kubelet", ReportingInstance: "node-3",
			FirstTime: at.Add(-time.Hour), LastTime: at, Count: 300, CountDelta: 1,
		},
	}
}

// correlated is a typical event that is tied to an application by its owner.
func correlated() event.Record {
	rec := typical()
	rec.Owner = &event.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Resource: "deployments", Namespace: "shop", Name: "web", UID: "5e2a6c1d-0f54-4a52-93a4-0e1f6a1f2b57"}
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
	rec.Deployment = &event.Deployment{Phase: event.DeploymentSucceeded, Action: event.ActionUpgrade, Tool: event.ToolHelm, Revision: "3"}
	for range 20 {
		rec.Deployment.Objects = append(rec.Deployment.Objects, *rec.Owner)
	}
	return rec
}

func monitor() event.Record {
	return event.Record{
		Type: event.TypeMonitorStatus, ID: "monitor_status/live_status.0/1/2", Time: time.Unix(1, 0), Cluster: "prod-eu-1",
		Monitor: &event.MonitorStatus{Phase: event.PhaseRunning, Sources: make([]event.SourceStatus, 3), Objects: &event.ObjectsStatus{
			Troubled: []event.KindStatus{{Resource: event.GroupResource{Group: "metrics.k8s.io", Resource: "pods"}, State: event.KindForbidden}},
		}},
	}
}

func TestNoAllocations(t *testing.T) {
	for name, form := range forms {
		for kind, rec := range map[string]event.Record{
			"event": typical(), "correlated": correlated(), "deployment": rollout(), "monitor": monitor(),
			"object-status": degraded(), "application-status": progressing(), "audit": auditWith(`{"a":[1,"b",null]}`),
		} {
			r := redacted(rec)
			dst := make([]byte, 0, 1<<14)
			if n := testing.AllocsPerRun(200, func() {
				if _, err := form(dst, r); err != nil {
					t.Fatal(err)
				}
			}); n != 0 && !raceDetector {
				t.Errorf("%s of %s: %v allocations", name, kind, n)
			}
		}
	}
}
