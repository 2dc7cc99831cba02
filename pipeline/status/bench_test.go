package status

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// plain ties all objects to a few applications.
type plain struct{ apps []event.Application }

func (p plain) Find(ref event.ObjectRef) Found {
	return Found{Object: ref, Application: &p.apps[len(ref.Name)%len(p.apps)], Correlation: event.CorrelationMatched}
}

// filled returns a tracker that has told of n pods of Deployments.
func filled(b *testing.B, n int) *Tracker {
	b.Helper()
	at := time.Unix(1_790_000_000, 0)
	tr := New(Options{Settle: time.Second, Finder: plain{[]event.Application{{Name: "web", Tool: "helm"}, {Name: "db", Tool: "helm"}}}, Now: func() time.Time { return at }})
	tr.Serve(testKinds())
	tr.Synced()
	drain(tr, at)
	for i := range n {
		live, a := benchPod(b, i)
		tr.Put(live, 1, a, &event.Comparison{})
		if i%1000 == 0 {
			drain(tr, at)
		}
	}
	drain(tr, at)
	return tr
}

func drain(tr *Tracker, at time.Time) (n int) {
	for {
		if _, ok := tr.Next(at); !ok {
			return n
		}
		n++
	}
}

// benchPod is one of 20 of a ReplicaSet, every tenth of which is ill.
func benchPod(tb testing.TB, i int) (event.Live, event.Assessment) {
	tb.Helper()
	set := "web-" + strconv.Itoa(i/20) + "-7d4b9c6f5d"
	ref := refOf(tb, fmt.Sprintf("Pod/shop-%d/%s-%05d", i%50/50, set, i))
	ref.UID, ref.ResourceVersion = uidOf(strconv.Itoa(i+1)), "4711"
	a := event.Assessment{Health: event.HealthHealthy}
	if i%10 == 0 {
		a = event.Assessment{
			Health: event.HealthDegraded, Reason: "CrashLoopBackOff", Message: "back-off 5m0s restarting failed container=app pod=" + ref.Name,
			Containers: []event.ContainerState{{Name: "app", State: "waiting", Reason: "CrashLoopBackOff", Restarts: 3}},
		}
	}
	return event.Live{
		Ref: ref, Labels: []event.Label{{Key: "app", Value: "web"}, {Key: "pod-template-hash", Value: "7d4b9c6f5d"}},
		Owners: []event.Owner{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: set, UID: uidOf(strconv.Itoa(900_000 + i/20)), Controller: true}},
	}, a
}

// BenchmarkPut puts a pod whose health changes each time, and takes its record.
func BenchmarkPut(b *testing.B) {
	tr := filled(b, 10_000)
	live, a := benchPod(b, 5000)
	at := time.Unix(1_790_000_000, 0)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		a.Health = healths[1+i%2*2]
		tr.Put(live, 1, a, &event.Comparison{})
		if drain(tr, at) == 0 {
			b.Fatal("nothing was told")
		}
	}
}

// BenchmarkPutSame puts a pod of which nothing changes but its version.
func BenchmarkPutSame(b *testing.B) {
	tr := filled(b, 10_000)
	live, a := benchPod(b, 5001)
	b.ReportAllocs()
	for b.Loop() {
		tr.Put(live, 1, a, &event.Comparison{})
	}
}

// BenchmarkHeap measures what 100,000 objects take.
func BenchmarkHeap(b *testing.B) {
	const objects = 100_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		tr := filled(b, objects)
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/objects, "B/object")
		runtime.KeepAlive(tr)
	}
}

// BenchmarkRollup looks at an application of 10,000 objects.
func BenchmarkRollup(b *testing.B) {
	tr := filled(b, 10_000)
	for _, app := range tr.apps {
		if app.size < 4000 {
			continue
		}
		b.ReportAllocs()
		for b.Loop() {
			tr.roll(app)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(app.size), "ns/object")
		break
	}
}
