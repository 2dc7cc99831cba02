package health_test

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/health"
)

func TestDeleting(t *testing.T) {
	const service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"
	const gone = "  deletionTimestamp: '2026-11-20T09:10:00Z'\n"
	for name, tc := range map[string]struct {
		manifest string
		want     bool
	}{
		"alive":              {service, false},
		"to be deleted":      {service + gone, true},
		"with a finalizer":   {service + gone + "  finalizers: [service.kubernetes.io/load-balancer-cleanup]\n", true},
		"hook of Argo CD":    {service + gone + "  finalizers: [a.example/b, argocd.argoproj.io/hook-finalizer]\n", false},
		"hook, not deleted":  {service + "  finalizers: [argocd.argoproj.io/hook-finalizer]\n", false},
		"time is no text":    {service + "  deletionTimestamp: {}\n", false},
		"kind without rule":  {"apiVersion: v1\nkind: ConfigMap\nmetadata:\n" + gone, true},
		"metadata is a text": {"apiVersion: v1\nkind: ConfigMap\nmetadata: web\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, ok := health.Deleting(parse(t, []byte(tc.manifest)))
			if ok != tc.want {
				t.Fatalf("deleting %v, want %v", ok, tc.want)
			}
			want := event.Assessment{}
			if ok {
				want = event.Assessment{Health: event.HealthProgressing, Reason: "Terminating", Message: "Pending deletion"}
			}
			if a.Health != want.Health || a.Reason != want.Reason || a.Message != want.Message {
				t.Errorf("%v, want %v", a, want)
			}
		})
	}
}

func TestDeletingNamespaceTellsWhatItWaitsFor(t *testing.T) {
	a, ok := health.Deleting(load(t, "Namespace", "terminating-finalizers-remain"))
	if !ok || a.Health != event.HealthProgressing || a.Reason != "SomeResourcesRemain" ||
		a.Condition == nil || a.Condition.Type != "NamespaceContentRemaining" {
		t.Errorf("%v %+v", ok, a)
	}
}
