package e2e

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// outage is how long the API server is away.
const outage = 30 * time.Second

// While the API server is away nothing is known, and nothing else is said: what
// there was is still there when it is back, and no one is alarmed.
func TestStatusesOverAnOutage(t *testing.T) {
	const ns = "st-outage"
	c := clusterWith(t, controlplane.Options{ControllerManager: true, Scheduler: true, Nodes: 2})
	widgets(t, c)
	ch := tell(t, c, hosts()...)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	bakes := newHelm(t, c, "st-helm")
	ch.namespace(ctx, t, ns)
	ch.namespace(ctx, t, "st-helm")
	bakes.run(ctx, t, "install", "oven", "testdata/oven")
	for _, file := range []string{"rollout.yaml", "delete.yaml", "paused.yaml", "widget.yaml", "edge.yaml"} {
		ch.apply(ctx, t, ns, file, "TAG", "1")
	}
	ch.expect(ctx, t, topic{"Deployment", ns, "web"}, "Progressing", "Healthy")
	ch.expect(ctx, t, topic{"Deployment", "st-helm", "oven"}, "Progressing", "Healthy")
	ch.expect(ctx, t, topic{"DaemonSet", ns, "agent"}, "Progressing", "Healthy")
	ch.expect(ctx, t, topic{"StatefulSet", ns, "store"}, "Progressing", "Healthy")
	ch.expect(ctx, t, topic{"application:helm", "st-helm", "oven"}, "Waiting?", "Progressing?", "Healthy")
	ch.expect(ctx, t, labelled(ns, "rollout"), "Progressing", "Healthy")
	time.Sleep(3 * time.Second)

	before := make([]int, len(ch.tellers))
	for i, tl := range ch.tellers {
		before[i] = len(tl.told(t))
	}
	if err := c.StopAPIServer(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	time.Sleep(outage)
	if err := c.StartAPIServer(ctx); err != nil {
		t.Fatal(err)
	}
	// What happens afterwards is told again.
	ch.apply(ctx, t, ns, "claim.yaml")
	disk := topic{"PersistentVolumeClaim", ns, "disk"}
	ch.expect(ctx, t, disk, "Progressing")
	for _, tl := range ch.tellers {
		tl.synced(t)
	}
	time.Sleep(5 * time.Second)
	for i, tl := range ch.tellers {
		t.Run(tl.run.host.name, func(t *testing.T) {
			tl.process.terminate(t)
			told := tl.told(t)
			checkChains(t, told)
			checkOutage(t, told[:before[i]], told[before[i]:])
		})
	}
}

// checkOutage checks that everything is in the end what it was before.
func checkOutage(t *testing.T, before, since []stated) {
	t.Helper()
	last, now := map[topic]stated{}, map[topic]stated{}
	for _, s := range before {
		last[s.about()] = s
	}
	unknown, stale := 0, 0
	for _, s := range since {
		if _, ok := last[s.about()]; !ok {
			continue
		}
		now[s.about()] = s
		if s.Stale {
			stale++
		}
		if s.word() == "Unknown" {
			unknown++
		}
		// Leases of nodes are late, which may be told of them.
		ours := strings.HasPrefix(s.about().namespace, "st-")
		if ours && s.word() != "Unknown" && s.word() != last[s.about()].word() {
			t.Errorf("a false alarm: %s", s.raw)
		}
	}
	for about, s := range now {
		if strings.HasPrefix(about.namespace, "st-") && (s.word() != last[about].word() || s.Stale) {
			t.Errorf("%v was %s and is %s (stale: %t)", about, last[about].word(), s.word(), s.Stale)
		}
	}
	t.Logf("%d statuses stood when the server went; %d records since, %d of them Unknown, %d stale", len(last), len(since), unknown, stale)
}
