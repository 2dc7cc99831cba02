package drift_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/drift"
)

// fill returns a CRD with many properties.
func fill(t testing.TB, crd *unstructured.Unstructured, n int) *unstructured.Unstructured {
	t.Helper()
	out := crd.DeepCopy()
	versions, _, err := unstructured.NestedSlice(out.Object, "spec", "versions")
	if err != nil {
		t.Fatal(err)
	}
	properties := map[string]any{}
	for i := range n {
		properties[fmt.Sprint("property", i)] = map[string]any{"type": "string", "description": strings.Repeat("d", 60)}
	}
	versions[0].(map[string]any)["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)["properties"] = properties
	if err := unstructured.SetNestedSlice(out.Object, versions, "spec", "versions"); err != nil {
		t.Fatal(err)
	}
	return out
}

// applied returns the live object with the manifest in the annotation.
func applied(t testing.TB, p pair) *unstructured.Unstructured {
	t.Helper()
	live := p.live.DeepCopy()
	text, err := json.Marshal(p.desired.Object)
	if err != nil {
		t.Fatal(err)
	}
	annotations := live.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["kubectl.kubernetes.io/last-applied-configuration"] = string(text)
	live.SetAnnotations(annotations)
	return live
}

func elements(n int, of func(i int) any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = of(i)
	}
	return out
}

// What is made to take long takes no longer than its size.
func TestHostileObjects(t *testing.T) {
	deep := any("x")
	other := any("y")
	for range 9_000 {
		deep, other = map[string]any{"a": deep}, map[string]any{"a": other}
	}
	const many = 10_000
	env := func(value string) any {
		return map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{
			"name": "c", "env": elements(many, func(i int) any { return map[string]any{"name": fmt.Sprint("N", i), "value": value} }),
		}}}}}
	}
	same := func(value string) any {
		return map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{
			"name": "c", "env": elements(many, func(int) any { return map[string]any{"name": "N", "value": value} }),
		}}}}}
	}
	managers := elements(5_000, func(i int) any {
		return map[string]any{"manager": fmt.Sprint("m", i), "time": fmt.Sprint(i), "fieldsV1": map[string]any{"f:spec": map[string]any{"f:list": map[string]any{
			`k:{"name":"x"}`: map[string]any{}, `k:{garbage`: "x", "i:": 1, "v:": nil, ".": []any{},
		}}}}
	})
	list := func(value any) any {
		return map[string]any{"list": elements(many, func(i int) any { return map[string]any{"name": fmt.Sprint(i), "v": value} })}
	}
	for _, tt := range []struct {
		name             string
		apiVersion, kind string
		desired, live    any
		managed          any
		sync             event.Sync
		drifts           int64
	}{
		{"nested deeply", "example.com/v1", "Widget", deep, other, nil, event.SyncOutOfSync, 1},
		{"10,000 variables", "apps/v1", "Deployment", env("a"), env("b"), managers, event.SyncOutOfSync, many},
		{"10,000 variables of one name", "apps/v1", "Deployment", same("a"), same("b"), nil, event.SyncOutOfSync, many},
		{"10,000 elements, 5,000 managers", "example.com/v1", "Widget", list("a"), list("b"), managers, event.SyncOutOfSync, many},
		{"a text of 1.5 MB", "example.com/v1", "Widget", strings.Repeat("x", 1_500_000), strings.Repeat("x", 1_499_999) + "y", nil, event.SyncOutOfSync, 1},
		{"managed fields of another form", "example.com/v1", "Widget", list("a"), list("b"), "garbage", event.SyncOutOfSync, many},
		{"a spec of another form", "apps/v1", "Deployment", []any{}, map[string]any{}, nil, event.SyncUnknown, 0},
		{"a live spec of another form", "apps/v1", "Deployment", map[string]any{}, "x", nil, event.SyncUnknown, 0},
		{"a huge exponent", "v1", "ResourceQuota", map[string]any{"hard": map[string]any{"x": "1e999999999"}}, map[string]any{"hard": map[string]any{"x": "2e999999999"}}, nil, event.SyncOutOfSync, 1},
		{"a lone exponent", "v1", "ResourceQuota", map[string]any{"hard": map[string]any{"x": "1E"}}, map[string]any{"hard": map[string]any{"x": "1000P"}}, nil, event.SyncInSync, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := func(spec, managed any) *unstructured.Unstructured {
				return &unstructured.Unstructured{Object: map[string]any{
					"apiVersion": tt.apiVersion, "kind": tt.kind, "metadata": map[string]any{"name": "x", "managedFields": managed}, "spec": spec,
				}}
			}
			ignore, err := drift.ParseIgnore("*/spec/none/*/x@*a*b*c*, deployments.apps@nobody, /metadata/labels/x")
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			got := comparer(ignore).Compare(drift.Input{Live: u(tt.live, tt.managed), Desired: []drift.Desired{{Object: u(tt.desired, nil)}}})
			t.Logf("%v", time.Since(begun))
			if n := int64(len(got.Drifts)) + got.Omitted; got.Sync != tt.sync || n != tt.drifts || len(got.Drifts) > 100 {
				t.Errorf("%s with %d drifts: %.300s", got.Sync, n, tell(&got))
			}
			checkDrifts(t, &got)
		})
	}
}

// checkDrifts tells what must be so of any comparison.
func checkDrifts(t *testing.T, c *event.Comparison) {
	t.Helper()
	for i, d := range c.Drifts {
		if len(d.Path) > 512 || !utf8.ValidString(d.Path) || d.Path == "" {
			t.Errorf("the path %q", d.Path)
		}
		if i > 0 && c.Drifts[i-1].Path > d.Path {
			t.Errorf("%s comes after %s", d.Path, c.Drifts[i-1].Path)
		}
		for _, v := range []event.JSON{d.Desired, d.Live} {
			if len(v) > 1<<10 || v != "" && !json.Valid([]byte(v)) {
				t.Errorf("%s: the value %.2000s", d.Path, v)
			}
		}
	}
	if len(c.Drifts) == 0 && c.Sync == event.SyncOutOfSync || len(c.Drifts) > 0 && c.Sync != event.SyncOutOfSync {
		t.Errorf("%s with %d drifts", c.Sync, len(c.Drifts))
	}
}

// Of long texts the part that differs is told, but no part of a key.
func TestLongTexts(t *testing.T) {
	lines := strings.Repeat("line = 1\n", 500)
	for _, tt := range []struct{ name, desired, live, want string }{
		{"a line", lines + "a = 1\n" + lines, lines + "a = 2\n" + lines, `"…a = 1\n`},
		{"at the beginning", "a = 1\n" + lines, "a = 2\n" + lines, `"a = 1\nline`},
		{"no lines", strings.Repeat("x", 5000), strings.Repeat("x", 4999), `"…"`},
		{"a key", lines + "-----BEGIN PRIVATE KEY-----\na\n", lines + "-----BEGIN PRIVATE KEY-----\nb\n", `"…"`},
		{"binary", lines + strings.Repeat("\x01", 5000), lines, `"…"`},
		{"escapes", strings.Repeat("\x01\n", 2000), "", `"\u0001\n`},
	} {
		cm := func(data string) *unstructured.Unstructured {
			return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"a": data}}}
		}
		got := comparer(drift.Ignore{}).Compare(drift.Input{Live: cm(tt.live), Desired: []drift.Desired{{Object: cm(tt.desired)}}})
		checkDrifts(t, &got)
		if len(got.Drifts) != 1 || !strings.HasPrefix(string(got.Drifts[0].Desired), tt.want) {
			t.Errorf("%s: %s", tt.name, tell(&got))
		}
	}
}

// Whatever the two sides are, comparing them ends, and no value of a Secret is told.
func FuzzCompare(f *testing.F) {
	for _, p := range pairs(f) {
		desired, err := json.Marshal(p.desired.Object)
		if err != nil {
			f.Fatal(err)
		}
		live, err := json.Marshal(p.live.Object)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(desired, live)
	}
	c := comparer(drift.Ignore{})
	f.Fuzz(func(t *testing.T, desired, live []byte) {
		d, err := drift.Parse(desired)
		if err != nil {
			return
		}
		l, err := drift.Parse(live)
		if err != nil {
			return
		}
		if _, _, err := drift.LastApplied(l); err != nil && strings.Contains(err.Error(), "quote") {
			t.Error(err)
		}
		got := c.Compare(drift.Input{Live: l, Desired: []drift.Desired{{Object: d}}})
		checkDrifts(t, &got)
		if l.Object["apiVersion"] == "v1" && l.Object["kind"] == "Secret" {
			for _, d := range got.Drifts {
				if strings.HasPrefix(d.Path, "data[") && !strings.HasPrefix(string(d.Desired), `"hash(`) {
					t.Errorf("%+v", d)
				}
			}
		}
	})
}
