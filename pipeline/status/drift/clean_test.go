package drift

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Values are told as they are in the object that may be told, whichever element of
// a list they are found in.
func TestValuesAreThoseOfTheCleanObject(t *testing.T) {
	live := map[string]any{"apiVersion": "v1", "kind": "Endpoints", "metadata": map[string]any{"name": "x", "managedFields": []any{}}, "subsets": []any{
		map[string]any{"ports": []any{map[string]any{"port": int64(2), "name": "b", "appProtocol": "two"}, map[string]any{"port": int64(1), "name": "a", "appProtocol": "one"}}},
	}}
	want := map[string]any{"apiVersion": "v1", "kind": "Endpoints", "metadata": map[string]any{"name": "x"}, "subsets": []any{
		map[string]any{"ports": []any{map[string]any{"port": int64(1), "name": "a", "appProtocol": "wanted"}, map[string]any{"port": int64(2), "name": "b", "appProtocol": "two"}}},
	}}
	for name, c := range map[string]struct {
		clean         func(map[string]any) any
		desired, live event.JSON
	}{
		"nobody to say": {nil, `"wanted"`, `"one"`},
		"as it is":      {func(o map[string]any) any { return o }, `"wanted"`, `"one"`},
		"withheld":      {func(map[string]any) any { return "[withheld]" }, `"[withheld]"`, `"[withheld]"`},
		"nothing":       {func(map[string]any) any { return nil }, `"…"`, `"…"`},
		"other":         {func(map[string]any) any { return map[string]any{"subsets": "[redacted]"} }, `"[redacted]"`, `"[redacted]"`},
		"shorter":       {func(map[string]any) any { return map[string]any{"subsets": []any{}} }, `"…"`, `"…"`},
	} {
		got := New(Options{Clean: c.clean}).Compare(Input{
			Live: &unstructured.Unstructured{Object: live}, Desired: []Desired{{Object: &unstructured.Unstructured{Object: want}}},
		})
		if len(got.Drifts) != 1 || got.Drifts[0].Desired != c.desired || got.Drifts[0].Live != c.live {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if live["metadata"].(map[string]any)["managedFields"] == nil {
		t.Error("the object was changed")
	}
}

// A list may be merged by what is no name.
func TestPathsHaveNoSecretsAsKeys(t *testing.T) {
	for _, key := range []string{"password", "value", "accessToken", "clientSecret"} {
		var p path
		p.element(3, []string{key}, map[string]any{key: "hunter2"})
		if got := p.text(); got != "[3]" {
			t.Error(got)
		}
	}
	var p path
	p.element(0, []string{"name"}, map[string]any{"name": "web"})
	if !slices.Equal(p.buf, []byte(`[name="web"]`)) {
		t.Error(p.text())
	}
}
