package correlate

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/event"
)

// mixedObjects returns what a cluster of n objects has: applications of a
// Deployment with its former and its present ReplicaSet, pods, configuration,
// Services and a custom resource, some deployed by Helm and some by Argo CD.
func mixedObjects(n int) []event.Live {
	all := make([]event.Live, 0, n)
	uid := 0
	for app := 0; len(all) < n; app++ {
		name := fmt.Sprintf("checkout-service-%d", app)
		namespace := event.Namespace(fmt.Sprint("team-", app%200))
		labels := []event.Label{
			{Key: "app.kubernetes.io/instance", Value: name},
			{Key: "app.kubernetes.io/managed-by", Value: "Helm"},
			{Key: "app.kubernetes.io/name", Value: "checkout-service"},
			{Key: "app.kubernetes.io/version", Value: "1.42.0"},
			{Key: "helm.sh/chart", Value: "checkout-service-3.1.4"},
		}
		add := func(apiVersion, kind, resource, object string, owner *event.Live, deployed bool) *event.Live {
			uid++
			l := event.Live{
				Ref: event.ObjectRef{
					APIVersion: apiVersion, Kind: kind, Resource: resource, Namespace: namespace, Name: object,
					UID: event.UID(fmt.Sprintf("%08x-4d53-4f0e-9e0a-6b6c%08x", uid, uid*7)), ResourceVersion: "123456789",
				},
				Labels:  labels,
				Created: time.Unix(1_700_000_000+int64(uid), 0),
			}
			if owner != nil {
				l.Owners = []event.Owner{ownedBy(*owner)}
			}
			switch {
			case !deployed:
			case app%2 == 0:
				l.Annotations = []event.Label{
					{Key: "meta.helm.sh/release-name", Value: name},
					{Key: "meta.helm.sh/release-namespace", Value: string(namespace)},
				}
			default:
				l.Annotations = []event.Label{{
					Key:   "argocd.argoproj.io/tracking-id",
					Value: fmt.Sprintf("%s:%s/%s:%s/%s", name, groupOf(apiVersion), kind, namespace, object),
				}}
			}
			all = append(all, l)
			return &all[len(all)-1]
		}
		deployment := *add("apps/v1", "Deployment", "deployments", name, nil, true)
		add("v1", "Service", "services", name, nil, true)
		add("v1", "ServiceAccount", "serviceaccounts", name, nil, true)
		add("v1", "ConfigMap", "configmaps", name+"-config", nil, true)
		add("v1", "ConfigMap", "configmaps", name+"-dashboards", nil, true)
		add("v1", "Secret", "secrets", name+"-credentials", nil, true)
		add("v1", "Secret", "secrets", "sh.helm.release.v1."+name+".v1", nil, false)
		add("example.com/v1", "Shop", "shops", name, nil, true)
		for revision := range 2 {
			hash := fmt.Sprintf("%08x%02d", app*2654435761%(1<<32), revision)
			labels = append(labels[:5:5], event.Label{Key: "pod-template-hash", Value: hash})
			rs := *add("apps/v1", "ReplicaSet", "replicasets", name+"-"+hash, &deployment, false)
			for p := 0; revision == 1 && p < 4; p++ {
				add("v1", "Pod", "pods", fmt.Sprintf("%s-%05x", rs.Ref.Name, uid), &rs, false)
			}
		}
	}
	return all[:n]
}

func podsOf(all []event.Live) []event.Live {
	var pods []event.Live
	for _, l := range all {
		if l.Ref.Kind == "Pod" {
			pods = append(pods, l)
		}
	}
	return pods
}

func filled(all []event.Live, o Options) *Index {
	ix := New(o)
	ix.Serve(served())
	for _, l := range all {
		ix.Put(l, 1)
	}
	return ix
}

func builtinRules(b *testing.B) *rule.Set {
	b.Helper()
	rules, err := rule.New(rule.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return rules
}

// heap is the size of what is reachable.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkIndexObjects tells the time to index mixed objects, and the memory
// that they then take.
func BenchmarkIndexObjects(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			all := mixedObjects(n)
			before := heap()
			ix := filled(all, Options{})
			resident := heap() - before
			runtime.KeepAlive(ix)
			for b.Loop() {
				filled(all, Options{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/object")
			b.ReportMetric(resident/float64(n), "B/object")
			runtime.KeepAlive(all)
		})
	}
}

// BenchmarkFind asks for pods, whose chains are Pod, ReplicaSet, Deployment, as
// events do.
func BenchmarkFind(b *testing.B) {
	all := mixedObjects(100_000)
	pods := podsOf(all)
	none := matchFunc(func([]rule.Object, rule.Registry) (event.Application, bool) { return event.Application{}, false })
	for name, rules := range map[string]Matcher{"chain": none, "application": builtinRules(b)} {
		b.Run(name, func(b *testing.B) {
			ix := filled(all, Options{Rules: rules})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				ref := pods[i%len(pods)].Ref
				ref.Resource = ""
				if f := ix.Find(ref); f.Owner == nil || f.Owner.Kind != "Deployment" || name == "application" && f.Application == nil {
					b.Fatalf("%+v", f)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "finds/s")
		})
	}
}

// BenchmarkBurst is a burst of 10,000 updates of pods, of which each changes a
// label.
func BenchmarkBurst(b *testing.B) {
	all := mixedObjects(100_000)
	ix := filled(all, Options{})
	pods := podsOf(all)[:10_000]
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for _, p := range pods {
			p.Labels = append(p.Labels[:5:5], event.Label{Key: "round", Value: fmt.Sprint(i % 10)})
			ix.Put(p, 1)
		}
	}
}

// BenchmarkUpdates makes 1,000,000 updates of 100,000 objects, a tenth of which
// replace a pod by another one, and tells what is resident before and after.
func BenchmarkUpdates(b *testing.B) {
	const updates = 1_000_000
	all := mixedObjects(100_000)
	ix := filled(all, Options{MaxGone: 20_000})
	var pods []int
	for i, l := range all {
		if l.Ref.Kind == "Pod" {
			pods = append(pods, i)
		}
	}
	serial := 0
	update := func(n int) {
		for i := range n {
			if i%10 > 0 {
				l := all[(i*7919)%len(all)]
				l.Labels = append(slices.Clip(l.Labels), event.Label{Key: "updated", Value: fmt.Sprint(i % 2)})
				ix.Put(l, 1)
				continue
			}
			serial++
			p := &all[pods[serial%len(pods)]]
			ix.Remove(*p)
			p.Ref.UID = event.UID(fmt.Sprintf("%08x-4d53-4f0e-9e0a-ffffffffffff", serial))
			p.Ref.Name = fmt.Sprintf("%s-%08x", p.Owners[0].Name, serial)
			ix.Put(*p, 1)
		}
	}
	// As many as fill what is remembered of gone objects.
	update(updates / 2)
	before := heap()
	for b.Loop() {
		update(updates)
	}
	b.ReportMetric(before/(1<<20), "MiB-before")
	b.ReportMetric(heap()/(1<<20), "MiB-after")
	runtime.KeepAlive(ix)
	runtime.KeepAlive(all)
}
