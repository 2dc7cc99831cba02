package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// The status of objects and of what they are deployed as is told as it changes, in
// the right words and once each, with what a person would look at first.
func TestStatuses(t *testing.T) {
	c := clusterWith(t, controlplane.Options{ControllerManager: true, Scheduler: true, Nodes: 2})
	widgets(t, c)
	w := newWitness(t, c)
	ch := tell(t, c, hosts()...)
	ch.witness = w
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	bakes := newHelm(t, c, "st-helm")
	var all sync.WaitGroup
	for _, happen := range []func(context.Context, testing.TB){
		ch.rollout, ch.scaleByHand, ch.deleteByHand, ch.suspend, ch.failJob, ch.overrunDeadline,
		ch.claim, ch.exceedQuota, ch.customResource, ch.noMetrics, ch.sets,
		func(ctx context.Context, t testing.TB) { t.Helper(); ch.release(ctx, t, bakes) },
	} {
		all.Go(func() { happen(ctx, t) })
	}
	all.Wait()
	// Nothing more happens: what comes after an application has settled is wrong.
	time.Sleep(3 * time.Second)
	for _, tl := range ch.tellers {
		t.Run(tl.run.host.name, func(t *testing.T) {
			tl.process.terminate(t)
			ch.check(t, tl)
			ch.checkPods(t, tl)
			t.Log(kindsOf(tl.told(t)))
			t.Log(ch.delays(t, tl, nil))
		})
	}
	if len(ch.tellers) == 1 {
		t.Log("NOT RUN in a real Fluent Bit: none was found")
	}
}

// widgets introduces the kind whose status the tests tell themselves.
func widgets(t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	if err := c.Apply(t.Context(), []byte(manifest(t, "../status/scenario/widgets.yaml"))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Kubectl(t.Context(), nil, "wait", "--for=condition=Established", "crd/widgets.status.example.com", "--timeout=60s"); err != nil {
		t.Fatal(err)
	}
}

// rollout rolls out what works, what does not, and what works again.
func (ch *chronicle) rollout(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-rollout"
	web, app := topic{"Deployment", ns, "web"}, labelled(ns, "rollout")
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "rollout.yaml", "web:TAG", "web:1")
	ch.expect(ctx, t, topic{"Service", ns, "web"}, "Healthy")
	ch.expect(ctx, t, topic{"ConfigMap", ns, "settings"}, "In Sync")
	ch.expect(ctx, t, web, "Progressing", "Healthy")
	ch.expect(ctx, t, app, "Progressing", "Healthy")
	ch.apply(ctx, t, ns, "rollout.yaml", "web:TAG", "web:2")
	ch.expect(ctx, t, web, "Progressing", "Healthy")
	ch.expect(ctx, t, app, "Progressing", "Healthy")
	ch.apply(ctx, t, ns, "rollout.yaml", "web:TAG", "does-not-exist:3")
	ch.expect(ctx, t, web, "Progressing", "Degraded")
	ch.expect(ctx, t, app, "Progressing", "Degraded")
	for host, s := range ch.last(t, web) {
		if s.Reason != "ProgressDeadlineExceeded" || s.Evidence.Condition.Type != "Progressing" || s.Sync != "In Sync" {
			t.Errorf("%s: the Deployment is Degraded as %s", host, s.raw)
		}
		if !s.says("ImagePullBackOff") && !s.says("ErrImagePull") || !s.says("Failed to pull image") {
			t.Errorf("%s: the evidence for the Deployment does not tell of the image: %s", host, s.raw)
		}
	}
	for host, s := range ch.last(t, app) {
		if len(s.Deciding) != 1 || s.Deciding[0].Object.Kind != "Deployment" || s.ObjectsBy["Degraded"] != 1 {
			t.Errorf("%s: the Deployment decides, not: %s", host, s.raw)
		}
	}
	// The kubelet goes on trying meanwhile, which is no change.
	ch.apply(ctx, t, ns, "rollout.yaml", "web:TAG", "web:4")
	ch.expect(ctx, t, web, "Progressing", "Healthy")
	ch.expect(ctx, t, app, "Progressing", "Healthy")
}

// scaleByHand changes what was applied, and takes it back.
func (ch *chronicle) scaleByHand(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-scale"
	stretch, app := topic{"Deployment", ns, "stretch"}, labelled(ns, "scale")
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "scale.yaml")
	ch.expect(ctx, t, stretch, "Progressing", "Healthy")
	ch.expect(ctx, t, app, "Progressing", "Healthy")
	ch.kubectl(ctx, t, "", "scale", "-n", ns, "deployment/stretch", "--replicas=3")
	ch.expect(ctx, t, stretch, "Progressing", "Out of Sync")
	ch.expect(ctx, t, app, "Progressing", "Out of Sync")
	for host, s := range ch.last(t, stretch) {
		if len(s.Drift) != 1 || s.Drift[0].Path != "spec.replicas" || string(s.Drift[0].Desired) != "2" || string(s.Drift[0].Live) != "3" || s.DesiredBy != "last-applied" {
			t.Errorf("%s: spec.replicas was 2 and is 3, not: %s", host, s.raw)
		}
	}
	ch.kubectl(ctx, t, "", "scale", "-n", ns, "deployment/stretch", "--replicas=2")
	ch.expect(ctx, t, stretch, "Progressing", "Healthy")
	ch.expect(ctx, t, app, "Progressing?", "Healthy")
}

// deleteByHand deletes a part of what was applied, and then all of it.
func (ch *chronicle) deleteByHand(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-delete"
	door, app := topic{"Service", ns, "door"}, labelled(ns, "delete")
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "delete.yaml")
	ch.expect(ctx, t, topic{"ConfigMap", ns, "notes"}, "In Sync")
	ch.expect(ctx, t, topic{"CronJob", ns, "sweep"}, "Healthy")
	ch.expect(ctx, t, door, "Healthy")
	ch.expect(ctx, t, app, "Healthy")
	ch.kubectl(ctx, t, "", "delete", "-n", ns, "service/door")
	ch.expect(ctx, t, door, "Missing")
	ch.expect(ctx, t, app, "Missing")
	ch.apply(ctx, t, ns, "delete.yaml")
	ch.expect(ctx, t, door, "Healthy")
	ch.expect(ctx, t, app, "Healthy")
	// One after the other: the first are missing while the last is there.
	ch.kubectl(ctx, t, manifest(t, "../status/scenario/delete.yaml"), "delete", "-n", ns, "-f", "-")
	for _, about := range []topic{{"ConfigMap", ns, "notes"}, {"CronJob", ns, "sweep"}, door, app} {
		ch.expect(ctx, t, about, "Missing?", gone)
	}
}

// release installs with Helm, has a part deleted, upgrades and uninstalls.
func (ch *chronicle) release(ctx context.Context, t testing.TB, h *helm) {
	t.Helper()
	const ns = "st-helm"
	settings, app := topic{"ConfigMap", ns, "oven"}, topic{"application:helm", ns, "oven"}
	chart := filepath.Join("testdata", "oven")
	ch.namespace(ctx, t, ns)
	h.run(ctx, t, "install", "oven", chart)
	ch.expect(ctx, t, settings, "In Sync")
	ch.expect(ctx, t, topic{"Service", ns, "oven"}, "Healthy")
	ch.expect(ctx, t, topic{"Deployment", ns, "oven"}, "Progressing", "Healthy")
	ch.expect(ctx, t, app, "Waiting?", "Progressing?", "Healthy")
	ch.kubectl(ctx, t, "", "delete", "-n", ns, "configmap/oven")
	ch.expect(ctx, t, settings, "Missing")
	ch.expect(ctx, t, app, "Missing")
	for host, s := range ch.last(t, settings) {
		if s.DesiredBy != "helm" || s.Application.Name != "oven" || s.Previous == nil || s.Previous.Status != "In Sync" {
			t.Errorf("%s: what Helm deployed is Missing as %s", host, s.raw)
		}
	}
	h.run(ctx, t, "upgrade", "oven", chart)
	ch.expect(ctx, t, settings, "In Sync")
	ch.expect(ctx, t, app, "Waiting?", "Healthy")
	h.run(ctx, t, "uninstall", "oven")
	for _, about := range []topic{settings, {"Service", ns, "oven"}, {"Deployment", ns, "oven"}} {
		ch.expect(ctx, t, about, "Progressing?", gone)
	}
	ch.expect(ctx, t, app, "Waiting?", "Progressing?", gone)
}

// suspend has a CronJob that does not run.
func (ch *chronicle) suspend(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-suspend"
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "paused.yaml")
	// Suspended is what is asked of it, says Argo CD.
	ch.expect(ctx, t, topic{"CronJob", ns, "paused"}, "Healthy")
	ch.expect(ctx, t, labelled(ns, "paused"), "Healthy")
}

// failJob has the container of a Job fail.
func (ch *chronicle) failJob(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-job"
	migrate, app := topic{"Job", ns, "migrate"}, labelled(ns, "job")
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "job.yaml")
	ch.expect(ctx, t, migrate, "Progressing")
	ch.expect(ctx, t, app, "Progressing")
	ch.kubectl(ctx, t, "", "wait", "-n", ns, "--for=create", "pod", "-l", "job-name=migrate", "--timeout=60s")
	pod := strings.TrimSpace(ch.kubectl(ctx, t, "", "get", "pods", "-n", ns, "-o", "name"))
	status := `{"phase":%q,"startTime":%[2]q,"containerStatuses":[{"name":"migrate","image":"registry.example/migrate:1","imageID":"registry.example/migrate@sha256:0","ready":false,"restartCount":0,"state":{%s}}]}`
	now := time.Now().UTC().Format(time.RFC3339)
	ch.patchStatus(ctx, t, ns, pod, fmt.Sprintf(status, "Running", now, fmt.Sprintf(`"running":{"startedAt":%q}`, now)))
	ch.patchStatus(ctx, t, ns, pod, fmt.Sprintf(status, "Failed", now, fmt.Sprintf(`"running":null,"terminated":{"exitCode":3,"reason":"Error","message":"no such table","startedAt":%[1]q,"finishedAt":%[1]q}`, now)))
	ch.expect(ctx, t, migrate, "Degraded")
	ch.expect(ctx, t, app, "Degraded")
	ch.expect(ctx, t, topic{"Pod", ns, strings.TrimPrefix(pod, "pod/")}, "Progressing", "Degraded")
	for host, s := range ch.last(t, migrate) {
		if s.Reason != "BackoffLimitExceeded" || s.Evidence.Condition.Type != "Failed" {
			t.Errorf("%s: the Job is Degraded as %s", host, s.raw)
		}
	}
	for host, s := range ch.last(t, topic{"Pod", ns, strings.TrimPrefix(pod, "pod/")}) {
		if len(s.Evidence.Containers) != 1 || s.Evidence.Containers[0].ExitCode != 3 {
			t.Errorf("%s: the evidence for the pod is not the container: %s", host, s.raw)
		}
	}
}

// overrunDeadline has a Job take too long.
func (ch *chronicle) overrunDeadline(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-deadline"
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "deadline.yaml")
	ch.expect(ctx, t, topic{"Job", ns, "overdue"}, "Progressing", "Degraded")
	ch.expect(ctx, t, labelled(ns, "deadline"), "Progressing", "Degraded")
	for host, s := range ch.last(t, topic{"Job", ns, "overdue"}) {
		if s.Reason != "DeadlineExceeded" || s.Message != "Job was active longer than specified deadline" {
			t.Errorf("%s: the Job is Degraded as %s", host, s.raw)
		}
	}
}

// claim asks for a volume that is not there, and then is.
func (ch *chronicle) claim(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-claim"
	disk, app := topic{"PersistentVolumeClaim", ns, "disk"}, labelled(ns, "claim")
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "claim.yaml")
	ch.expect(ctx, t, disk, "Progressing")
	ch.expect(ctx, t, app, "Progressing")
	ch.apply(ctx, t, ns, "volume.yaml")
	ch.expect(ctx, t, disk, "Healthy")
	ch.expect(ctx, t, app, "Healthy")
}

// exceedQuota asks for more pods than there may be.
func (ch *chronicle) exceedQuota(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-quota"
	cramped := topic{"ReplicaSet", ns, "cramped"}
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "quota.yaml")
	ch.kubectl(ctx, t, "", "wait", "-n", ns, "--for=jsonpath={.status.hard.pods}=0", "resourcequota/none", "--timeout=60s")
	ch.apply(ctx, t, ns, "cramped.yaml")
	ch.expect(ctx, t, cramped, "Progressing", "Degraded")
	ch.expect(ctx, t, labelled(ns, "quota"), "Progressing?", "Degraded")
	for host, s := range ch.last(t, cramped) {
		if s.Reason != "FailedCreate" || !strings.Contains(s.Message, "exceeded quota") || s.Evidence.Condition.Type != "ReplicaFailure" {
			t.Errorf("%s: the ReplicaSet is Degraded as %s", host, s.raw)
		}
	}
}

// customResource has an operator say how its object is.
func (ch *chronicle) customResource(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-widget"
	gadget, app := topic{"Widget", ns, "gadget"}, labelled(ns, "widget")
	ready := `{"observedGeneration":1,"conditions":[{"type":"Ready","status":%q,"reason":%q,"message":%q,"lastTransitionTime":"2026-11-21T10:00:00Z"}]}`
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "widget.yaml")
	// Whether there is a health before the operator has spoken is up to the rules.
	ch.expect(ctx, t, gadget, "In Sync")
	ch.expect(ctx, t, app, "Healthy")
	ch.patchStatus(ctx, t, ns, "widget/gadget", fmt.Sprintf(ready, "False", "InstallFailed", "could not reach the mill"))
	ch.expect(ctx, t, gadget, "Degraded")
	ch.expect(ctx, t, app, "Degraded")
	for host, s := range ch.last(t, gadget) {
		if s.Reason != "InstallFailed" || s.Message != "could not reach the mill" || s.Evidence.Condition.Type != "Ready" {
			t.Errorf("%s: the widget is Degraded as %s", host, s.raw)
		}
	}
	ch.patchStatus(ctx, t, ns, "widget/gadget", fmt.Sprintf(ready, "True", "Installed", ""))
	ch.expect(ctx, t, gadget, "Healthy")
	ch.expect(ctx, t, app, "Healthy")
}

// noMetrics has an autoscaler that knows nothing to go by.
func (ch *chronicle) noMetrics(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-autoscaler"
	elastic := topic{"HorizontalPodAutoscaler", ns, "elastic"}
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "autoscaler.yaml")
	ch.expect(ctx, t, elastic, "Progressing", "Degraded")
	ch.expect(ctx, t, labelled(ns, "autoscaler"), "Progressing", "Degraded")
	ch.expect(ctx, t, topic{"Deployment", ns, "elastic"}, "Progressing", "Healthy")
	for host, s := range ch.last(t, elastic) {
		if s.Reason != "FailedGetResourceMetric" || s.Evidence.Condition.Type != "ScalingActive" {
			t.Errorf("%s: the autoscaler is Degraded as %s", host, s.raw)
		}
	}
}

// sets has what else there is to roll out, and what waits for a load balancer.
func (ch *chronicle) sets(ctx context.Context, t testing.TB) {
	t.Helper()
	const ns = "st-edge"
	front, balanced, app := topic{"Ingress", ns, "front"}, topic{"Service", ns, "balanced"}, labelled(ns, "edge")
	ch.namespace(ctx, t, ns)
	ch.apply(ctx, t, ns, "edge.yaml")
	ch.expect(ctx, t, topic{"DaemonSet", ns, "agent"}, "Progressing", "Healthy")
	ch.expect(ctx, t, topic{"StatefulSet", ns, "store"}, "Progressing", "Healthy")
	ch.expect(ctx, t, front, "Progressing")
	ch.expect(ctx, t, balanced, "Progressing")
	ch.expect(ctx, t, app, "Progressing")
	for _, object := range []string{"ingress/front", "service/balanced"} {
		ch.patchStatus(ctx, t, ns, object, `{"loadBalancer":{"ingress":[{"ip":"192.0.2.7"}]}}`)
	}
	ch.expect(ctx, t, front, "Healthy")
	ch.expect(ctx, t, balanced, "Healthy")
	ch.expect(ctx, t, app, "Healthy")
}

// checkPods checks what is told of the pods, whose names the controllers choose.
func (ch *chronicle) checkPods(t *testing.T, tl *teller) {
	t.Helper()
	words := map[topic][]string{}
	for _, s := range tl.told(t) {
		if s.Object.Kind == "Pod" && strings.HasPrefix(s.Object.Namespace, "st-") {
			words[s.about()] = append(words[s.about()], s.word())
		}
	}
	failed := 0
	for pod, told := range words {
		// One may be gone or done before anything else is told of it.
		if !matches(told, []string{"Progressing", "Healthy?", "Degraded?", "Progressing?", gone + "?"}) {
			t.Errorf("of %v is told %v", pod, told)
		}
		if strings.HasPrefix(pod.name, "web-") && len(told) > 1 && told[1] == "Degraded" {
			failed++
		}
	}
	if failed == 0 {
		t.Error("no pod whose image cannot be pulled is told to be Degraded")
	}
}
