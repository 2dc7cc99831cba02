package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

const (
	// turns is how often widgets turn while the host is killed.
	turns = 25
	// restless is how many widgets turn.
	restless = 6
)

// What was told is known after a kill: it is not told again, what changed
// meanwhile is told as a change, and what went as gone.
func TestStatusesOverKills(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		const ns = "st-kill"
		c := clusterWith(t, controlplane.Options{ControllerManager: true, Scheduler: true, Nodes: 2})
		widgets(t, c)
		ch := tell(t, c, h)
		tl := ch.tellers[0]
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		ch.namespace(ctx, t, ns)
		for _, file := range []string{"delete.yaml", "paused.yaml", "claim.yaml", "scale.yaml", "widget.yaml"} {
			ch.apply(ctx, t, ns, file)
		}
		door, gadget, disk := topic{"Service", ns, "door"}, topic{"Widget", ns, "gadget"}, topic{"PersistentVolumeClaim", ns, "disk"}
		paused, pausedApp := topic{"CronJob", ns, "paused"}, labelled(ns, "paused")
		ch.expect(ctx, t, door, "Healthy")
		ch.expect(ctx, t, gadget, "In Sync")
		ch.expect(ctx, t, disk, "Progressing")
		ch.expect(ctx, t, paused, "Healthy")
		ch.expect(ctx, t, pausedApp, "Healthy")
		ch.expect(ctx, t, topic{"Deployment", ns, "stretch"}, "Progressing", "Healthy")
		ch.expect(ctx, t, labelled(ns, "scale"), "Progressing", "Healthy")
		ch.expect(ctx, t, labelled(ns, "widget"), "Healthy")
		ch.expect(ctx, t, labelled(ns, "claim"), "Progressing")
		ch.expect(ctx, t, labelled(ns, "delete"), "Healthy")

		// Nothing happens while it is away.
		settled := tl.quiet(t)
		tl.process.kill()
		tl.restart(t)
		if again := tl.told(t)[settled:]; len(again) > 0 {
			t.Errorf("%d statuses are told again, the first is %s", len(again), again[0].raw)
		}

		// Something does.
		tl.process.kill()
		ch.kubectl(ctx, t, "", "delete", "-n", ns, "service/door", "cronjob/paused")
		ch.patchStatus(ctx, t, ns, "widget/gadget", `{"observedGeneration":1,"conditions":[{"type":"Ready","status":"False","reason":"InstallFailed","message":"","lastTransitionTime":"2026-11-21T10:00:00Z"}]}`)
		ch.apply(ctx, t, ns, "volume.yaml")
		ch.kubectl(ctx, t, "", "wait", "-n", ns, "pvc/disk", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s")
		tl.restart(t)
		ch.expect(ctx, t, door, "Missing")
		ch.expect(ctx, t, labelled(ns, "delete"), "Missing")
		// Its application went with it, so nobody misses it.
		ch.expect(ctx, t, paused, gone)
		ch.expect(ctx, t, pausedApp, gone)
		ch.expect(ctx, t, gadget, "Degraded")
		ch.expect(ctx, t, labelled(ns, "widget"), "Degraded")
		ch.expect(ctx, t, disk, "Healthy")
		ch.expect(ctx, t, labelled(ns, "claim"), "Healthy")
		for _, s := range ch.last(t, gadget) {
			if s.Previous == nil || s.Previous.Status != "In Sync" || s.Previous.DurationSeconds <= 0 {
				t.Errorf("what was before the kill is not told: %s", s.raw)
			}
		}
		tl.quiet(t)
		ch.check(t, tl)

		ch.killWhileTurning(ctx, t, tl, ns)
		tl.process.terminate(t)
		t.Log(kindsOf(tl.told(t)))
	})
}

// killWhileTurning kills the host again and again while statuses change. A kill
// may hide a change, or have one told twice under its ID; it may not invent one.
func (ch *chronicle) killWhileTurning(ctx context.Context, t *testing.T, tl *teller, ns string) {
	t.Helper()
	turned := make(chan struct{})
	go func() {
		defer close(turned)
		for i := range restless {
			ch.apply(ctx, t, ns, "widget.yaml", "gadget", fmt.Sprintf("restless-%d", i))
		}
		for turn := range turns {
			for i := range restless {
				// The last word is Healthy.
				ready := []string{`"True","reason":"Installed"`, `"False","reason":"InstallFailed"`}[turn%2]
				ch.patchStatus(ctx, t, ns, fmt.Sprintf("widget/restless-%d", i), fmt.Sprintf(`{"observedGeneration":1,"conditions":[{"type":"Ready","status":%s,"message":"","lastTransitionTime":"2026-11-21T10:00:00Z"}]}`, ready))
			}
		}
	}()
	kills := 0
	for working := true; working; {
		select {
		case <-turned:
			working = false
		case <-tl.process.done:
			t.Fatalf("the host ended by itself: %v", tl.process.err)
		case <-time.After(time.Duration(500+rand.IntN(3000)) * time.Millisecond):
			tl.process.kill()
			kills++
			tl.start(t)
		}
	}
	for i := range restless {
		about := topic{"Widget", ns, fmt.Sprintf("restless-%d", i)}
		t.Cleanup(func() {
			if t.Failed() {
				for _, s := range tl.of(t, about) {
					t.Logf("told of %s: %s", about, s.raw)
				}
			}
		})
		eventually(t, time.Minute, about.String()+" is told to be Healthy", func() bool {
			told := tl.of(t, about)
			return len(told) > 0 && told[len(told)-1].word() == "Healthy"
		})
	}
	tl.quiet(t)
	ids, repeated := map[string]stated{}, 0
	for _, s := range tl.told(t) {
		if other, ok := ids[s.ID]; ok {
			repeated++
			// When it was found out may differ.
			if other.about() != s.about() || other.word() != s.word() || other.Object.ResourceVersion != s.Object.ResourceVersion {
				t.Errorf("two records have the ID %s:\n%s%s", s.ID, other.raw, s.raw)
			}
		}
		ids[s.ID] = s
		if strings.HasPrefix(s.Object.Name, "restless-") && !slices.Contains([]string{"In Sync", "Healthy", "Degraded"}, s.word()) {
			t.Errorf("invented: %s", s.raw)
		}
	}
	for i := range restless {
		about := topic{"Widget", ns, fmt.Sprintf("restless-%d", i)}
		var before stated
		seen := map[string]bool{}
		for _, s := range tl.of(t, about) {
			if !seen[s.ID] && s.word() == before.word() && s.Object.ResourceVersion == before.Object.ResourceVersion && !s.tellsMore(before) {
				t.Errorf("a status of %v is told twice under different IDs:\n%s%s", about, before.raw, s.raw)
			}
			before, seen[s.ID] = s, true
		}
	}
	t.Logf("%d kills while statuses turned %d times: %d records repeated, %d lines torn", kills, turns*restless, repeated, tl.reader.torn)
}

// quiet waits until nothing more is told, and what was is committed. It returns
// how much that is.
func (tl *teller) quiet(t testing.TB) int {
	t.Helper()
	n, since := -1, time.Now()
	eventually(t, time.Minute, "nothing more is told", func() bool {
		if now := len(tl.told(t)); now != n {
			n, since = now, time.Now()
		}
		return time.Since(since) > 5*time.Second
	})
	return n
}

// restart starts the host and waits until all is told that was to be.
func (tl *teller) restart(t testing.TB) {
	t.Helper()
	tl.start(t)
	tl.synced(t)
	tl.quiet(t)
}
