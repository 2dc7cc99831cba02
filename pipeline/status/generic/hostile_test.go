package generic

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

func widget(status any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Widget",
		"metadata": map[string]any{"name": "shop", "generation": int64(2)}, "status": status,
	}}
}

func TestThousandsOfConditions(t *testing.T) {
	list := make([]any, 200_000)
	for i := range list {
		list[i] = map[string]any{"type": fmt.Sprintf("Is%dReady", i), "status": "True"}
	}
	list[len(list)-1] = map[string]any{"type": "Stalled", "status": "True"}
	start := time.Now()
	if a := Assess(widget(map[string]any{"conditions": list})); a.Health != event.HealthHealthy {
		t.Errorf("got %s", a.Health)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %s", took)
	}
}

func TestNestedListsAreBounded(t *testing.T) {
	parents := make([]any, 50_000)
	for i := range parents {
		parents[i] = map[string]any{"conditions": []any{map[string]any{"type": "Accepted", "status": "True"}}}
	}
	if a := Assess(widget(map[string]any{"parents": parents})); a.Health != event.HealthHealthy {
		t.Errorf("got %s", a.Health)
	}
}

func TestLongTextIsCutAtARune(t *testing.T) {
	long := strings.Repeat("ü", maxText)
	a := Assess(widget(map[string]any{"conditions": []any{
		map[string]any{"type": "Ready", "status": "False", "reason": "x" + long, "message": "a" + long},
	}}))
	for _, s := range []string{a.Message, a.Reason, a.Condition.Message} {
		if len(s) > maxText || len(s) < maxText-utf8.UTFMax || !utf8.ValidString(s) {
			t.Errorf("%d bytes", len(s))
		}
	}
	// Not a rune boundary in sight.
	if got := cut(strings.Repeat("\x80", 2*maxText)); len(got) > maxText {
		t.Errorf("%d bytes", len(got))
	}
}

// TestWrongTypes puts each kind of value in each place that entries read.
func TestWrongTypes(t *testing.T) {
	values := []any{nil, "x", "", int64(-1), 1.5, true, []any{}, []any{nil, "x", []any{}}, map[string]any{}, map[string]any{"a": nil}}
	for _, e := range kinds().entries {
		for _, kind := range e.kinds {
			group, name, _ := strings.Cut(strings.ReplaceAll(kind, "*", "a"), "/")
			for _, v := range values {
				for _, object := range []map[string]any{
					{"status": v},
					{"spec": v, "metadata": v, "status": map[string]any{"conditions": v}},
					{"status": map[string]any{"conditions": []any{v, map[string]any{"type": v, "status": v, "reason": v, "observedGeneration": v}}}},
					{"status": map[string]any{
						"phase": v, "state": v, "ingress": v, "ancestors": []any{v}, "racks": v, "environments": []any{v}, "scale": v,
						"aggregatedStatus": []any{v}, "executorState": v, "applicationState": map[string]any{"state": "RUNNING"},
						"observedGeneration": v, "health": v,
					}, "spec": map[string]any{"strategy": v, "nodeSets": v, "updateStrategy": v, "executor": v}},
				} {
					object["apiVersion"], object["kind"] = group+"/v1", name
					Assess(&unstructured.Unstructured{Object: object})
				}
			}
		}
	}
	Assess(nil)
	Assess(&unstructured.Unstructured{})
}

func FuzzAssess(f *testing.F) {
	for _, x := range fixtures(f) {
		b, err := json.Marshal(x.object.Object)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var object map[string]any
		if json.Unmarshal(b, &object) != nil {
			return
		}
		u := &unstructured.Unstructured{Object: object}
		a := Assess(u)
		switch a.Health {
		case event.HealthNone, event.HealthHealthy, event.HealthSuspended, event.HealthProgressing,
			event.HealthMissing, event.HealthDegraded, event.HealthUnknown:
		default:
			t.Errorf("health %q", a.Health)
		}
		if len(a.Message) > maxText || len(a.Reason) > maxText {
			t.Errorf("%d and %d bytes", len(a.Message), len(a.Reason))
		}
		again := Assess(u)
		if a.Health != again.Health || a.Reason != again.Reason || a.Message != again.Message {
			t.Errorf("%+v, then %+v", a, again)
		}
	})
}
