package health_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/health"
)

// verdict is what is expected of an object: written down from the rules.
type verdict struct {
	// file is without the folder, which is the kind, and the extension.
	file    string
	health  event.Health
	reason  string
	message string
	// condition is the type of the one that is the evidence.
	condition string
}

// allVerdicts returns the tables of all kinds.
func allVerdicts() map[string][]verdict {
	return map[string][]verdict{
		"Deployment": deploymentVerdicts(), "StatefulSet": statefulSetVerdicts(), "DaemonSet": daemonSetVerdicts(),
		"ReplicaSet": replicaSetVerdicts(), "Pod": podVerdicts(), "Job": jobVerdicts(), "CronJob": cronJobVerdicts(),
		"PersistentVolumeClaim": persistentVolumeClaimVerdicts(), "Service": serviceVerdicts(), "Ingress": ingressVerdicts(),
		"HorizontalPodAutoscaler": horizontalPodAutoscalerVerdicts(), "PodDisruptionBudget": podDisruptionBudgetVerdicts(),
		"APIService": apiServiceVerdicts(), "CustomResourceDefinition": customResourceDefinitionVerdicts(),
		"Namespace": namespaceVerdicts(), "Workflow": workflowVerdicts(), "Gateway": gatewayVerdicts(),
		"ListenerSet": listenerSetVerdicts(), "GatewayClass": gatewayClassVerdicts(), "HTTPRoute": httpRouteVerdicts(),
		"GRPCRoute": grpcRouteVerdicts(), "TCPRoute": tcpRouteVerdicts(), "TLSRoute": tlsRouteVerdicts(),
		"UDPRoute": udpRouteVerdicts(), "BackendTLSPolicy": backendTLSPolicyVerdicts(),
	}
}

func load(t testing.TB, kind, file string) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", strings.ToLower(kind), file+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, data)
}

// parse reads an object the way the API machinery does, with integers as int64.
func parse(t testing.TB, manifest []byte) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON(manifest)
	if err != nil {
		t.Fatal(err)
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return obj
}

func check(t *testing.T, kind string, verdicts []verdict) {
	t.Helper()
	seen := map[string]bool{}
	for _, want := range verdicts {
		seen[want.file+".yaml"] = true
		t.Run(want.file, func(t *testing.T) {
			got, ok := health.Assess(load(t, kind, want.file))
			if !ok {
				t.Fatal("no rule")
			}
			if got.Health != want.health {
				t.Errorf("health %q, want %q", got.Health, want.health)
			}
			if got.Reason != want.reason {
				t.Errorf("reason %q, want %q", got.Reason, want.reason)
			}
			if got.Message != want.message {
				t.Errorf("message %q, want %q", got.Message, want.message)
			}
			condition := ""
			if got.Condition != nil {
				condition = got.Condition.Type
				if got.Condition.Time.IsZero() {
					t.Error("the condition has no time")
				}
			}
			if condition != want.condition {
				t.Errorf("condition %q, want %q", condition, want.condition)
			}
		})
	}
	files, err := os.ReadDir(filepath.Join("testdata", strings.ToLower(kind)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[f.Name()] {
			t.Errorf("nothing is expected of %s", f.Name())
		}
	}
}

// TestVerdicts prints the whole table, and wants of each kind an object that is
// well and one that is not.
func TestVerdicts(t *testing.T) {
	well, unwell := map[event.GroupKind]bool{}, map[event.GroupKind]bool{}
	all := allVerdicts()
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		for _, v := range all[kind] {
			obj := load(t, kind, v.file)
			a, _ := health.Assess(obj)
			t.Logf("%-24s %-36s %-11s %-26s %s", kind, v.file, a.Health, a.Reason, a.Message)
			gk := event.GroupKind{Group: obj.GroupVersionKind().Group, Kind: obj.GetKind()}
			switch a.Health {
			case event.HealthHealthy, event.HealthNone:
				well[gk] = true
			case event.HealthDegraded, event.HealthProgressing, event.HealthSuspended:
				unwell[gk] = true
			default:
				// Unknown tells of neither.
			}
		}
	}
	for _, gk := range health.Kinds() {
		if !well[gk] {
			t.Errorf("no object of %v is well", gk)
		}
		if !unwell[gk] {
			t.Errorf("no object of %v is unwell", gk)
		}
	}
}
