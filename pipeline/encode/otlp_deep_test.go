package encode_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// TestOTLPOfDeepBodies writes bodies as deep as a redactor lets pass: at most so many
// messages lie within each other as all libraries read.
func TestOTLPOfDeepBodies(t *testing.T) {
	for name, body := range map[string]string{
		"arrays": strings.Repeat("[", redact.MaxBodyDepth) + `"x",1,-2,18446744073709551615,0.5,true,null` + strings.Repeat("]", redact.MaxBodyDepth),
		"maps":   strings.Repeat(`{"a":1,"k\n":`, redact.MaxBodyDepth) + `"x"` + strings.Repeat("}", redact.MaxBodyDepth),
		"both":   strings.Repeat(`{"k":[{},[],`, redact.MaxBodyDepth/2-1) + `"x"` + strings.Repeat("]}", redact.MaxBodyDepth/2-1),
	} {
		t.Run(name, func(t *testing.T) {
			r := redacted(event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{AuditID: "a", Request: event.JSON(body)}})
			lr, _ := logRecord(t, r)
			if n := messages(lr.ProtoReflect()) + 3; n > 100 || n < 60 {
				t.Errorf("%d messages within each other", n)
			}
			var want any
			if err := json.Unmarshal([]byte(body), &want); err != nil {
				t.Fatal(err)
			}
			var request *commonpb.AnyValue
			for _, e := range lr.GetBody().GetKvlistValue().GetValues() {
				if e.GetKey() == "audit" {
					for _, e := range e.GetValue().GetKvlistValue().GetValues() {
						if e.GetKey() == "request" {
							request = e.GetValue()
						}
					}
				}
			}
			if got := deep(t, request); !reflect.DeepEqual(got, want) {
				t.Errorf("body %v", got)
			}
		})
	}
}

// messages returns how many messages lie within each other in m.
func messages(m protoreflect.Message) int {
	most := 0
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case field.Message() == nil:
		case field.IsList():
			for i := range v.List().Len() {
				most = max(most, messages(v.List().Get(i).Message()))
			}
		default:
			most = max(most, messages(v.Message()))
		}
		return true
	})
	return most + 1
}

// deep returns a value as JSON has it, and reads the text in it that is JSON.
func deep(t *testing.T, v *commonpb.AnyValue) any {
	t.Helper()
	if list := v.GetArrayValue(); list != nil {
		out := []any{}
		for _, e := range list.GetValues() {
			out = append(out, deep(t, e))
		}
		return out
	}
	if list := v.GetKvlistValue(); list != nil {
		out := map[string]any{}
		for _, e := range list.GetValues() {
			out[e.GetKey()] = deep(t, e.GetValue())
		}
		return out
	}
	if n, ok := plain(t, v).(int64); ok {
		return float64(n)
	}
	var out any
	if s := v.GetStringValue(); strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		if err := json.Unmarshal([]byte(s), &out); err != nil {
			t.Fatalf("%v in %s", err, s)
		}
		return out
	}
	return plain(t, v)
}
