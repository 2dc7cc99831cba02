package drift_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/drift"
)

func BenchmarkCompare(b *testing.B) {
	inputs := map[string]drift.Input{}
	for _, p := range pairs(b) {
		switch p.name {
		case "deployment-defaults", "deployment-changed-all-over", "crd-defaults", "custom-resource-changed":
			inputs[p.name] = drift.Input{Live: p.live, Desired: []drift.Desired{{Object: p.desired}}}
		}
	}
	large := object(b, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large}\n")
	data := map[string]any{}
	for i := range 5000 {
		data[fmt.Sprint("key-", i)] = strings.Repeat("v", 100)
	}
	large.Object["data"] = data
	inputs["configmap-of-500-KB"] = drift.Input{Live: large.DeepCopy(), Desired: []drift.Desired{{Object: large}}}
	crd := object(b, "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: large}\nspec: {versions: [{name: v1, schema: {openAPIV3Schema: {properties: {}}}}]}\n")
	inputs["crd-of-500-KB"] = drift.Input{Live: fill(b, crd, 5000), Desired: []drift.Desired{{Object: fill(b, crd, 5000)}}}
	c := comparer(drift.Ignore{})
	for name, in := range inputs {
		b.Run(name, func(b *testing.B) {
			text, err := json.Marshal(in.Live.Object)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if got := c.Compare(in); got.Sync == event.SyncUnknown {
					b.Fatal(tell(&got))
				}
			}
		})
	}
}

func BenchmarkLastApplied(b *testing.B) {
	for _, p := range pairs(b) {
		if p.name != "deployment-defaults" {
			continue
		}
		live := applied(b, p)
		c := comparer(drift.Ignore{})
		b.ReportAllocs()
		for b.Loop() {
			desired, ok, err := drift.LastApplied(live)
			if err != nil || !ok {
				b.Fatal(ok, err)
			}
			if got := c.Compare(drift.Input{Live: live, Desired: []drift.Desired{{Object: desired}}}); got.Sync != event.SyncInSync {
				b.Fatal(tell(&got))
			}
		}
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		drift.New(drift.Options{})
	}
}
