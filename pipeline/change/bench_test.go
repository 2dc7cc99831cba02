package change

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func BenchmarkPatch(b *testing.B) {
	for name, body := range map[string]string{
		"json":      `[{"op":"test","path":"/spec/paused","value":false},{"op":"replace","path":"/spec/replicas","value":3},{"op":"remove","path":"/metadata/annotations/example.com~1owner"}]`,
		"strategic": `{"metadata":{"annotations":{"kubernetes.io/change-cause":"first release"}},"spec":{"replicas":3,"template":{"spec":{"$setElementOrder/containers":[{"name":"app"}],"containers":[{"image":"registry.example/shop/web:1.0.0","name":"app"}]}}}}`,
	} {
		b.Run(name, func(b *testing.B) {
			tracker := NewTracker(Options{})
			a := patchAudit("apps/v1", "deployments", body)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if tracker.Changes(a) == nil {
					b.Fatal("no changes")
				}
			}
		})
	}
}

// benchPod is a Pod as an API server stores it, of about 5 KB.
func benchPod(version, image string) string {
	env := make([]map[string]any, 20)
	for i := range env {
		env[i] = map[string]any{"name": fmt.Sprintf("VARIABLE_%d", i), "value": strings.Repeat("v", 20)}
	}
	container := func(name string) map[string]any {
		return map[string]any{
			"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "env": env,
			"resources":     map[string]any{"limits": map[string]any{"cpu": "1", "memory": "1Gi"}, "requests": map[string]any{"cpu": "100m", "memory": "1Gi"}},
			"volumeMounts":  []any{map[string]any{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "token", "readOnly": true}},
			"livenessProbe": map[string]any{"httpGet": map[string]any{"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1},
			"ports":         []any{map[string]any{"containerPort": 8080, "name": "http", "protocol": "TCP"}},
		}
	}
	data, err := json.Marshal(map[string]any{
		"kind": "Pod", "apiVersion": "v1",
		"metadata": map[string]any{
			"name": "o", "namespace": "shop", "resourceVersion": version, "labels": map[string]any{"app": "web", "team": "shop"},
			"managedFields": []any{map[string]any{"manager": "kubelet", "fieldsV1": map[string]any{"f:status": map[string]any{"f:conditions": map[string]any{".": map[string]any{}}}}}},
		},
		"spec": map[string]any{
			"containers": []any{container("app"), container("proxy")}, "nodeName": "node-1", "serviceAccountName": "web",
			"tolerations": []any{map[string]any{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}},
		},
		"status": map[string]any{"phase": "Running", "conditions": []any{
			map[string]any{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-21T02:28:54Z"},
			map[string]any{"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-21T02:28:54Z"},
		}},
	})
	if err != nil {
		panic(err)
	}
	return string(data)
}

// BenchmarkUpdate compares a Pod with the one before and learns it. The metric
// B/object is what the Tracker keeps of it.
func BenchmarkUpdate(b *testing.B) {
	var updates [2]*event.Audit
	size := 0
	for i := range updates {
		// The versions are no numbers: going round, none is older.
		body := benchPod(fmt.Sprint("v", i), fmt.Sprint("registry.example/web:", i))
		updates[i] = updateAudit(fmt.Sprint("v", 1-i), body)
		updates[i].Object.Resource = "pods"
		size = len(body)
	}
	tracker := NewTracker(Options{})
	tracker.Changes(updates[0])
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		c := tracker.Changes(updates[i%2])
		if !c.Compared || len(c.Paths) != 2 {
			b.Fatalf("got %+v", c)
		}
	}
	b.ReportMetric(float64(tracker.Bytes()), "B/object")
}

func BenchmarkRead(b *testing.B) {
	a := updateAudit("1", benchPod("1", "image"))
	a.Verb = "get"
	tracker := NewTracker(Options{})
	b.ReportAllocs()
	for b.Loop() {
		tracker.Changes(a)
	}
}
