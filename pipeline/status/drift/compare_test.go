package drift_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/drift"
)

// touched is the object of the test below that was scaled and given an image by hand.
const touched = `Out of Sync
metadata.annotations[kubernetes.io/change-cause]: "first release" -> "release 1.1.0"
spec.replicas: 3 -> 5
spec.template.spec.containers[name="app"].image: "registry.example/shop/web:1.0.0" -> "registry.example/shop/web:1.1.0"
`

// Objects of a real cluster that were applied: all but one nobody touched since.
func TestAppliedObjectsAreInSync(t *testing.T) {
	data, err := os.ReadFile("testdata/applied.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Items []map[string]any }
	if err := json.NewDecoder(z).Decode(&list); err != nil {
		t.Fatal(err)
	}
	c := comparer(drift.Ignore{})
	n := 0
	for _, item := range list.Items {
		live := &unstructured.Unstructured{Object: item}
		desired, ok, err := drift.LastApplied(live)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		got := c.Compare(drift.Input{Live: live, Desired: []drift.Desired{{Object: desired}}})
		want := "In Sync\n"
		if live.GetName() == "web" {
			want = touched
		}
		if tell(&got) != want {
			t.Errorf("%s %s: %s", live.GetKind(), live.GetName(), tell(&got))
			continue
		}
		n++
	}
	t.Logf("%d of %d are as expected", n, len(list.Items))
}

// What is found in the annotation is compared as what is given beside it is.
func TestLastApplied(t *testing.T) {
	c := comparer(drift.Ignore{})
	for _, p := range pairs(t) {
		if p.name == "another-kind" || p.by != event.DesiredByLastApplied {
			continue
		}
		desired, ok, err := drift.LastApplied(applied(t, p))
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", p.name, ok, err)
			continue
		}
		got := c.Compare(drift.Input{Live: p.live, Desired: []drift.Desired{{Object: desired, By: event.DesiredByLastApplied}}})
		if tell(&got) != p.want {
			t.Errorf("%s: %s", p.name, tell(&got))
		}
	}
}

func TestLastAppliedOfAnother(t *testing.T) {
	for name, tt := range map[string]struct {
		annotation string
		ok, bad    bool
	}{
		"its own":              {`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"}}`, true, false},
		"in an older version":  {`{"apiVersion":"extensions/v1beta1","kind":"Deployment","metadata":{"name":"web"}}`, true, false},
		"none":                 {"", false, false},
		"of another name":      {`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"api"}}`, false, false},
		"of another namespace": {`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"x"}}`, false, false},
		"of its owner":         {`{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web"}}`, false, false},
		"broken":               {`{"password":"hunter2"`, false, true},
		"a list":               {`["hunter2"]`, false, true},
		"null":                 {"null", false, true},
	} {
		live := object(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n")
		live.SetAnnotations(map[string]string{"kubectl.kubernetes.io/last-applied-configuration": tt.annotation})
		_, ok, err := drift.LastApplied(live)
		if ok != tt.ok || (err != nil) != tt.bad {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells %v", name, err)
		}
	}
	if _, ok, err := drift.LastApplied(nil); ok || err != nil {
		t.Error(ok, err)
	}
}

// Under a rollout the object may be as it was or as it will be.
func TestSeveralDesired(t *testing.T) {
	cm := func(v string) *unstructured.Unstructured {
		return object(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "+v+"}\n")
	}
	both := []drift.Desired{{Object: cm("old"), By: event.DesiredByHelm}, {Object: cm("new"), By: event.DesiredByHelm}}
	for v, want := range map[string]string{
		"old":   "In Sync\n",
		"new":   "In Sync\n",
		"other": "Out of Sync\ndata[a]: \"new\" -> \"other\"\n",
	} {
		got := comparer(drift.Ignore{}).Compare(drift.Input{Live: cm(v), Desired: both})
		if tell(&got) != want || got.DesiredBy != event.DesiredByHelm {
			t.Errorf("%s: %s", v, tell(&got))
		}
	}
	for name, in := range map[string]drift.Input{
		"nothing": {}, "no desired": {Live: cm("a")}, "an empty one": {Live: cm("a"), Desired: []drift.Desired{{}}},
	} {
		if got := comparer(drift.Ignore{}).Compare(in); got.Sync != event.SyncNone || got.DesiredBy != "" {
			t.Errorf("%s: %s", name, tell(&got))
		}
	}
}

// Without a key no hash is told, and thus nothing.
func TestSecretsWithoutHash(t *testing.T) {
	s := func(v string) *unstructured.Unstructured {
		return object(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: "+v+"}\n")
	}
	got := drift.New(drift.Options{}).Compare(drift.Input{Live: s("Yg=="), Desired: []drift.Desired{{Object: s("YQ==")}}})
	if len(got.Drifts) != 1 || got.Drifts[0] != (event.Drift{Path: "data[a]"}) {
		t.Errorf("%+v", got)
	}
}
