package generic

import (
	"testing"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestAgreesWithKstatus compares the common meanings with those that kstatus has for
// objects of a kind that nobody knows.
func TestAgreesWithKstatus(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		obj, saysReady, readyFailed := drawThing(t)
		want, err := kstatus.Compute(obj)
		if err != nil {
			t.Fatal(err)
		}
		got := Assess(obj)
		ok := false
		switch want.Status {
		case kstatus.CurrentStatus:
			// An object that does not say that it is ready has no health here.
			ok = got.Health == event.HealthHealthy || got.Health == event.HealthNone && !saysReady
		case kstatus.InProgressStatus:
			// A Ready that is False for a reason which names no work under way is an
			// error here.
			ok = got.Health == event.HealthProgressing || got.Health == event.HealthDegraded && readyFailed
		case kstatus.FailedStatus:
			ok = got.Health == event.HealthDegraded
		case kstatus.TerminatingStatus:
			ok = got.Health == event.HealthProgressing
		case kstatus.NotFoundStatus, kstatus.UnknownStatus:
			// Compute does not return them.
		}
		if !ok {
			t.Fatalf("%s (%s) by kstatus, %s (%s) here: %v", want.Status, want.Message, got.Health, got.Reason, obj.Object)
		}
	})
}

// drawThing returns an object, whether it has a condition Ready, and whether that is
// False for a reason that is no transient one.
func drawThing(t *rapid.T) (obj *unstructured.Unstructured, saysReady, readyFailed bool) {
	meta := map[string]any{"name": "a", "namespace": "shop", "generation": rapid.Int64Range(1, 3).Draw(t, "generation")}
	if rapid.IntRange(0, 9).Draw(t, "deleting") == 0 {
		meta["deletionTimestamp"] = "2026-11-20T10:00:00Z"
	}
	status := map[string]any{}
	if rapid.Bool().Draw(t, "observes") {
		status["observedGeneration"] = rapid.Int64Range(1, 3).Draw(t, "observedGeneration")
	}
	var conditions []any
	for _, kind := range []string{"Reconciling", "Stalled", "Ready"} {
		value := rapid.SampledFrom([]string{"", "True", "False", "Unknown"}).Draw(t, kind)
		if value == "" {
			continue
		}
		reason := rapid.SampledFrom([]string{"Progressing", "Pending", "Creating", "InvalidSpec", "BackendFailed"}).Draw(t, "reason")
		failed := reason == "InvalidSpec" || reason == "BackendFailed"
		saysReady = saysReady || kind == "Ready"
		readyFailed = readyFailed || kind == "Ready" && value == "False" && failed
		conditions = append(conditions, map[string]any{
			"type": kind, "status": value, "reason": reason, "message": "m", "lastTransitionTime": "2026-11-20T10:00:00Z",
		})
	}
	if len(conditions) > 0 {
		status["conditions"] = conditions
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Thing", "metadata": meta, "status": status,
	}}, saysReady, readyFailed
}
