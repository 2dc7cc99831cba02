package encode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// otlpGolden is what the records of testdata are in OTLP/JSON, a file for each.
const otlpGolden = "testdata/otlp.golden"

// TestOTLPGolden writes the records of the goldens in OTLP, and reads them with
// OpenTelemetry's own library.
func TestOTLPGolden(t *testing.T) {
	want := &txtar.Archive{}
	if data, err := os.ReadFile(otlpGolden); err == nil {
		want = txtar.Parse(data)
	} else if !*update {
		t.Fatal(err)
	}
	for file, rec := range goldens(t) {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			lr, _ := logRecord(t, redacted(rec))
			sameBody(t, lr, redacted(rec))
			lr.Body = nil // The same as in the record's own golden.
			got, err := protojson.Marshal(lr)
			if err != nil {
				t.Fatal(err)
			}
			var indented bytes.Buffer
			// protojson varies its white space on purpose.
			var compact bytes.Buffer
			if err := errors.Join(json.Compact(&compact, got), json.Indent(&indented, compact.Bytes(), "", "  ")); err != nil {
				t.Fatal(err)
			}
			indented.WriteByte('\n')
			if *update {
				setSection(want, name, indented.Bytes())
			}
			if diff := cmp.Diff(string(section(want, name)), indented.String()); diff != "" {
				t.Errorf("-want +got; -update writes it:\n%s", diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(otlpGolden, txtar.Format(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// logRecord encodes r and reads it again. What the library writes of it is as long:
// only the order of fields may differ.
func logRecord(t *testing.T, r redact.Redacted) (*logspb.LogRecord, []byte) {
	t.Helper()
	b, err := encode.AppendOTLP(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	var lr logspb.LogRecord
	if err := proto.Unmarshal(b, &lr); err != nil {
		t.Fatalf("%v in %x", err, b)
	}
	if unknown := lr.ProtoReflect().GetUnknown(); len(unknown) > 0 {
		t.Errorf("unknown fields %x", unknown)
	}
	again, err := proto.MarshalOptions{Deterministic: true}.Marshal(&lr)
	if err != nil {
		t.Fatal(err)
	}
	if len(again) != len(b) {
		t.Errorf("%d bytes, and the library needs %d", len(b), len(again))
	}
	return &lr, b
}

// sameBody fails unless the body is what the JSON is.
func sameBody(t *testing.T, lr *logspb.LogRecord, r redact.Redacted) {
	t.Helper()
	inJSON, err := encode.AppendJSON(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(inJSON))
	d.UseNumber()
	var want any
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if got := plain(t, lr.GetBody()); !cmp.Equal(normal(want), got) {
		t.Errorf("OTLP differs from JSON (-json +otlp):\n%s", cmp.Diff(normal(want), got))
	}
}

// normal returns numbers as AnyValue has them: integers, floats, and text where
// they are too large for an integer.
func normal(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if _, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			return v.String()
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = normal(v[k])
		}
	}
	return v
}

// plain returns an AnyValue as Go's own types. Whole floats are integers in JSON.
func plain(t *testing.T, v *commonpb.AnyValue) any {
	t.Helper()
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_BoolValue:
		return v.BoolValue
	case *commonpb.AnyValue_IntValue:
		return v.IntValue
	case *commonpb.AnyValue_DoubleValue:
		f := v.DoubleValue
		return normal(json.Number(strconv.FormatFloat(f, 'f', -1, 64)))
	case *commonpb.AnyValue_ArrayValue:
		out := []any{}
		for _, e := range v.ArrayValue.GetValues() {
			out = append(out, plain(t, e))
		}
		return out
	case *commonpb.AnyValue_KvlistValue:
		out := map[string]any{}
		for _, e := range v.KvlistValue.GetValues() {
			out[e.GetKey()] = plain(t, e.GetValue())
		}
		return out
	case nil:
		return nil
	default:
		t.Fatalf("value %T", v)
		return nil
	}
}

// TestOTLPAgreesWithJSON encodes records of all shapes and takes them back.
func TestOTLPAgreesWithJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := redacted(anyRecord().Draw(rt, "record"))
		lr, b := logRecord(t, r)
		sameBody(t, lr, r)
		if again, err := encode.AppendOTLP([]byte("x"), r); err != nil || string(again) != "x"+string(b) {
			rt.Fatalf("another time: %v", err)
		}
		asJSON, err := encode.AppendOTLPAsJSON([]byte("x"), b)
		if err != nil || asJSON[0] != 'x' {
			rt.Fatal(err)
		}
		inJSON, err := encode.AppendJSON(nil, r)
		if err != nil {
			rt.Fatal(err)
		}
		if !bytes.Equal(withoutLarge(t, asJSON[1:]), withoutLarge(t, inJSON)) {
			rt.Fatalf("back from OTLP:\n%s\n%s", asJSON[1:], inJSON)
		}
	})
}

// withoutLarge returns a document in which numbers that OTLP cannot have are text.
func withoutLarge(t *testing.T, doc []byte) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(normal(v))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOTLPIsRefused(t *testing.T) {
	for _, r := range []redact.Redacted{{}, redacted(event.Record{Type: event.TypeAudit, ID: "i"}), redacted(event.Record{Type: "nonsense"})} {
		if got, err := encode.AppendOTLP([]byte("kept"), r); err == nil || string(got) != "kept" {
			t.Errorf("%q, %v", got, err)
		}
	}
	whole, err := encode.AppendOTLP(nil, redacted(typical()))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		if got, err := encode.AppendOTLPAsJSON([]byte("kept"), whole[:i]); err != nil && string(got) != "kept" {
			t.Fatalf("%d bytes: %q, %v", i, got, err)
		}
	}
	for _, b := range []string{"", "\x2a\x00", "\x2a\x02\x08\x01", "\x2a\x03\x0a\x01a", "{}"} {
		if got, err := encode.AppendOTLPAsJSON(nil, []byte(b)); err == nil {
			t.Errorf("%q: %s", b, got)
		}
	}
}

func TestOTLPTimes(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want uint64
	}{
		{time.Time{}, 0},
		{time.Unix(-1, 5), 0},
		{time.Unix(0, 0), 0},
		{time.Unix(1795255200, 5), 1795255200000000005},
		{time.Unix(18446744072, 999999999), 18446744072999999999},
		{time.Unix(18446744073, 0), math.MaxUint64},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxUint64},
	} {
		lr, _ := logRecord(t, redacted(event.Record{Type: event.TypeEvent, ID: "i", Time: c.at, Event: &event.Occurrence{Count: 1}}))
		if lr.GetTimeUnixNano() != c.want || lr.GetObservedTimeUnixNano() != c.want {
			t.Errorf("%v: %d, %d", c.at, lr.GetTimeUnixNano(), lr.GetObservedTimeUnixNano())
		}
	}
}

func TestOTLPSeverity(t *testing.T) {
	object := func(s event.Status) event.Record {
		return event.Record{Type: event.TypeObjectStatus, ObjectState: &event.ObjectState{Status: s}}
	}
	application := func(s event.ApplicationStatus) event.Record {
		return event.Record{Type: event.TypeApplicationStatus, ApplicationState: &event.ApplicationState{Status: s}}
	}
	audit := func(a event.Audit) event.Record { return event.Record{Type: event.TypeAudit, Audit: &a} }
	for want, records := range map[string][]event.Record{
		"INFO": {
			{Type: event.TypeEvent, Event: &event.Occurrence{Type: "Normal"}},
			object(event.StatusHealthy), object(event.StatusProgressing), object(event.StatusSuspended), object(event.StatusNone),
			application(event.ApplicationWaiting), application(event.ApplicationHealthy), application(""),
			{Type: event.TypeDeployment, Deployment: &event.Deployment{Phase: event.DeploymentBegun}},
			audit(event.Audit{Code: 200}), audit(event.Audit{Code: 404}), audit(event.Audit{Code: 409}), audit(event.Audit{}),
			{Type: event.TypeMonitorStatus, Monitor: &event.MonitorStatus{}},
		},
		"WARN": {
			{Type: event.TypeEvent, Event: &event.Occurrence{Type: "Warning"}},
			object(event.StatusUnknown), object(event.StatusOutOfSync),
			application(event.ApplicationUnknown), application(event.ApplicationOutOfSync),
			audit(event.Audit{Code: 401}), audit(event.Audit{Code: 403}), audit(event.Audit{Code: 500}), audit(event.Audit{Decision: "forbid"}),
			{Type: event.TypeRejected, Rejected: &event.Rejection{}},
			{Type: event.TypeMonitorStatus, Monitor: &event.MonitorStatus{Redaction: event.RedactionStatus{Blocked: "no values"}}},
		},
		"ERROR": {
			object(event.StatusDegraded), object(event.StatusMissing),
			application(event.ApplicationDegraded), application(event.ApplicationMissing), application(event.ApplicationUnavailable),
			{Type: event.TypeDeployment, Deployment: &event.Deployment{Phase: event.DeploymentFailed}},
			audit(event.Audit{Stage: event.StagePanic, Code: 200}),
		},
	} {
		for _, rec := range records {
			lr, _ := logRecord(t, redacted(rec))
			number := strings.TrimPrefix(lr.GetSeverityNumber().String(), "SEVERITY_NUMBER_")
			if lr.GetSeverityText() != want || number != want || lr.GetEventName() != "live_status."+string(rec.Type) {
				t.Errorf("%+v: %s, %s, %s, want %s", rec, lr.GetSeverityText(), number, lr.GetEventName(), want)
			}
		}
	}
}

func TestOTLPAttributes(t *testing.T) {
	rec := correlated()
	lr, _ := logRecord(t, redacted(rec))
	got := map[string]string{}
	for _, a := range lr.GetAttributes() {
		if _, twice := got[a.GetKey()]; twice {
			t.Errorf("attribute %s comes twice", a.GetKey())
		}
		got[a.GetKey()] = a.GetValue().GetStringValue()
	}
	want := map[string]string{
		"log.record.uid": string(rec.ID), "k8s.cluster.name": "prod-eu-1", "k8s.namespace.name": "shop",
		"k8s.pod.name": rec.Object.Name, "k8s.pod.uid": string(rec.Object.UID),
		"k8s.deployment.name": "web", "k8s.deployment.uid": string(rec.Owner.UID),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func BenchmarkAppendOTLP(b *testing.B) {
	for name, form := range map[string]appender{"json": encode.AppendJSON, "otlp": encode.AppendOTLP} {
		b.Run(name, func(b *testing.B) {
			r := redacted(correlated())
			buf, err := form(nil, r)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(buf)))
			for b.Loop() {
				if buf, err = form(buf[:0], r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
