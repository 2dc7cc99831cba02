package health_test

import (
	"reflect"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/health"
)

// FuzzAssess reads objects that nobody has validated: whatever they are, the
// verdict is a known word and the same each time.
func FuzzAssess(f *testing.F) {
	for kind, verdicts := range allVerdicts() {
		for _, v := range verdicts {
			data, err := load(f, kind, v.file).MarshalJSON()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	words := []event.Health{
		event.HealthNone, event.HealthHealthy, event.HealthSuspended, event.HealthProgressing,
		event.HealthDegraded, event.HealthUnknown,
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var object map[string]any
		if err := yaml.Unmarshal(data, &object); err != nil {
			return
		}
		obj := &unstructured.Unstructured{Object: object}
		a, ok := health.Assess(obj)
		if !slices.Contains(words, a.Health) {
			t.Errorf("health %q", a.Health)
		}
		if !ok && a.Health != event.HealthNone {
			t.Errorf("health %q without a rule", a.Health)
		}
		if len(a.Containers) > 5 {
			t.Errorf("%d containers", len(a.Containers))
		}
		again, _ := health.Assess(obj)
		if !reflect.DeepEqual(a, again) {
			t.Errorf("%+v, then %+v", a, again)
		}
		health.Deleting(obj)
	})
}
