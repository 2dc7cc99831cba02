package desired_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/fluent-live/live-status/pipeline/desired"
	"github.com/fluent-live/live-status/pipeline/event"
)

// manifests are those of a chart as helm create writes it, one for each number.
func manifests(n int) []desired.Manifest {
	labels := fmt.Sprintf(`{"app.kubernetes.io/instance":"shop-%d","app.kubernetes.io/managed-by":"Helm","app.kubernetes.io/name":"web","app.kubernetes.io/version":"1.16.0","helm.sh/chart":"web-0.1.0"}`, n)
	selector := fmt.Sprintf(`{"app.kubernetes.io/instance":"shop-%d","app.kubernetes.io/name":"web"}`, n)
	name := fmt.Sprintf("shop-%d-web", n)
	return []desired.Manifest{
		{Ref: ref("v1", "ServiceAccount", "shop", name), JSON: event.JSON(fmt.Sprintf(`{"apiVersion":"v1","automountServiceAccountToken":true,"kind":"ServiceAccount","metadata":{"labels":%s,"name":%q}}`, labels, name))},
		{Ref: ref("v1", "Service", "shop", name), JSON: event.JSON(fmt.Sprintf(`{"apiVersion":"v1","kind":"Service","metadata":{"labels":%s,"name":%q},"spec":{"ports":[{"name":"http","port":80,"protocol":"TCP","targetPort":"http"}],"selector":%s,"type":"ClusterIP"}}`, labels, name, selector))},
		{Ref: ref("apps/v1", "Deployment", "shop", name), JSON: event.JSON(fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":%s,"name":%q},"spec":{"replicas":%d,"selector":{"matchLabels":%s},"template":{"metadata":{"labels":%s},"spec":{"containers":[{"env":[{"name":"DATABASE_URL","value":"postgres://db-%d.example/shop"},{"name":"LOG_LEVEL","value":"info"}],"image":"registry.example/shop/web:1.%d.0","imagePullPolicy":"IfNotPresent","livenessProbe":{"httpGet":{"path":"/","port":"http"}},"name":"web","ports":[{"containerPort":80,"name":"http","protocol":"TCP"}],"readinessProbe":{"httpGet":{"path":"/","port":"http"}},"resources":{"limits":{"cpu":"100m","memory":"%dMi"},"requests":{"cpu":"100m","memory":"128Mi"}}}],"serviceAccountName":%q}}}}`, labels, name, n%5, selector, labels, n, n%40, n%512, name))},
		{Ref: ref("networking.k8s.io/v1", "Ingress", "shop", name), JSON: event.JSON(fmt.Sprintf(`{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"labels":%s,"name":%q},"spec":{"ingressClassName":"nginx","rules":[{"host":"shop-%d.example","http":{"paths":[{"backend":{"service":{"name":%q,"port":{"number":80}}},"path":"/","pathType":"ImplementationSpecific"}]}}]}}`, labels, name, n, name))},
	}
}

// What 100,000 objects take.
func TestMemory(t *testing.T) {
	const releases = 5_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := newStore(t, desired.Options{})
	var size int
	for n := range releases {
		all := manifests(n)
		for i := range all {
			size += len(all[i].JSON)
		}
		if _, err := s.Put(desired.Release{Storage: "shop", Name: fmt.Sprint("shop-", n)}, rev(1, succeeded, all...)); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	got := s.Stats()
	perObject := int64(after.HeapAlloc-before.HeapAlloc) / int64(got.Objects)
	t.Logf("%d objects of %d bytes in JSON: %d bytes of heap each, %d counted", got.Objects, size/got.Objects, perObject, got.Bytes/int64(got.Objects))
	if perObject > 800 {
		t.Errorf("an object takes %d bytes", perObject)
	}
	runtime.KeepAlive(s)
}

func BenchmarkPut(b *testing.B) {
	s := newStore(b, desired.Options{})
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		if _, err := s.Put(shop, rev(n, succeeded, manifests(n)...)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	s := newStore(b, desired.Options{})
	all := manifests(1)
	if _, err := s.Put(shop, rev(1, succeeded, all...)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(all[2].JSON)))
	for b.Loop() {
		found, err := s.Lookup(all[2].Ref, desired.Annotated{})
		if err != nil || len(found) != 1 || string(found[0].JSON) != string(all[2].JSON) {
			b.Fatal(len(found), err)
		}
	}
}
