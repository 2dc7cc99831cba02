package health_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/health"
)

func TestKindsWithoutRule(t *testing.T) {
	for name, obj := range map[string]*unstructured.Unstructured{
		"nil":          nil,
		"no object":    {},
		"no kind":      {Object: map[string]any{"apiVersion": "v1"}},
		"kind no text": {Object: map[string]any{"apiVersion": "v1", "kind": 3}},
		"config map":   {Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}},
		// Nobody serves it any longer, and the published rules do not know it.
		"former group":  {Object: map[string]any{"apiVersion": "extensions/v1beta1", "kind": "Deployment"}},
		"another group": {Object: map[string]any{"apiVersion": "example.com/v1", "kind": "Deployment"}},
	} {
		if a, ok := health.Assess(obj); ok || a.Health != event.HealthNone {
			t.Errorf("%s: %v %v", name, a, ok)
		}
		if _, ok := health.Deleting(obj); ok {
			t.Errorf("%s is being deleted", name)
		}
	}
}

// Every kind says Unknown of a version that does not exist, and does not repeat it.
func TestUnsupportedVersion(t *testing.T) {
	for _, gk := range health.Kinds() {
		obj := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": strings.TrimPrefix(gk.Group+"/", "/") + "v99secret", "kind": gk.Kind,
		}}
		a, ok := health.Assess(obj)
		if !ok || a.Health != event.HealthUnknown || a.Reason != health.ReasonUnsupportedVersion {
			t.Errorf("%v: %v %v", gk, a, ok)
		}
		if strings.Contains(a.Message, "secret") {
			t.Errorf("%v: the message quotes the version", gk)
		}
	}
}

// Decoders other than the API machinery's read integers as floats.
func TestNumbersOfOtherDecoders(t *testing.T) {
	for _, tc := range []struct {
		replicas any
		want     event.Health
	}{
		{int64(3), event.HealthHealthy},
		{3, event.HealthHealthy},
		{3.0, event.HealthHealthy},
		{4.0, event.HealthProgressing},
		{nil, event.HealthHealthy},
		{3.5, event.HealthUnknown},
		{1e300, event.HealthUnknown},
		{true, event.HealthUnknown},
	} {
		obj := load(t, "Deployment", "healthy")
		obj.Object["spec"].(map[string]any)["replicas"] = tc.replicas
		if a, _ := health.Assess(obj); a.Health != tc.want {
			t.Errorf("%T %v: %v, want %v", tc.replicas, tc.replicas, a.Health, tc.want)
		}
	}
}

// A wrong type anywhere is never repeated, and never a panic.
func TestWrongTypes(t *testing.T) {
	const secret = "hunter2"
	for kind, verdicts := range allVerdicts() {
		for _, v := range verdicts {
			for i := range 200 {
				obj := load(t, kind, v.file)
				if !replace(obj.Object["status"], &i, secret) {
					break
				}
				a, ok := health.Assess(obj)
				if !ok {
					t.Fatalf("%s/%s: no rule", kind, v.file)
				}
				if a.Reason == health.ReasonMalformed && strings.Contains(a.Message, secret) {
					t.Errorf("%s/%s: %s", kind, v.file, a.Message)
				}
			}
		}
	}
}

// replace puts a map around a text into the n-th place of a tree.
func replace(v any, n *int, text string) bool {
	put := func(set func(any), child any) bool {
		if *n == 0 {
			set(map[string]any{text: text})
			return true
		}
		*n--
		return replace(child, n, text)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if put(func(x any) { v[k] = x }, v[k]) {
				return true
			}
		}
	case []any:
		for i := range v {
			if put(func(x any) { v[i] = x }, v[i]) {
				return true
			}
		}
	}
	return false
}

func TestAssessLeavesTheObjectAlone(t *testing.T) {
	for kind, verdicts := range allVerdicts() {
		for _, v := range verdicts {
			obj := load(t, kind, v.file)
			before := obj.DeepCopy()
			health.Assess(obj)
			health.Deleting(obj)
			if !reflect.DeepEqual(before, obj) {
				t.Errorf("%s/%s was changed", kind, v.file)
			}
		}
	}
}
