package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fluent-live/live-status/test/controlplane"
)

// scenario deploys applications as their tools and people do.
type scenario struct {
	cluster *controlplane.Cluster
	witness *witness
	helm    *helm
	// argocd and flux are kubeconfigs of the controllers' accounts.
	argocd, flux string
	// known waits until what watches the cluster has noticed a new kind.
	known func()
}

func newScenario(t testing.TB, c *controlplane.Cluster) *scenario {
	t.Helper()
	s := &scenario{cluster: c, helm: newHelm(t, c, "bakery")}
	for user, kubeconfig := range map[string]*string{
		"system:serviceaccount:argocd:argocd-application-controller": &s.argocd,
		"system:serviceaccount:flux-system:kustomize-controller":     &s.flux,
	} {
		path, err := c.KubeconfigFor(user, "system:masters")
		if err != nil {
			t.Fatal(err)
		}
		*kubeconfig = path
	}
	s.apply(t.Context(), t, "crds.yaml")
	s.kubectl(t.Context(), t, "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
	s.witness = newWitness(t, c)
	return s
}

// manifest reads a manifest, with what it leaves open filled in.
func manifest(t testing.TB, name string, replace ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "applications", name))
	if err != nil {
		t.Error(err)
	}
	return strings.NewReplacer(replace...).Replace(string(data))
}

// apply applies a manifest as the administrator with kubectl.
func (s *scenario) apply(ctx context.Context, t testing.TB, name string, replace ...string) {
	t.Helper()
	s.pipe(ctx, t, manifest(t, name, replace...), "apply", "-f", "-")
}

func (s *scenario) kubectl(ctx context.Context, t testing.TB, args ...string) string {
	t.Helper()
	return s.pipe(ctx, t, "", args...)
}

func (s *scenario) pipe(ctx context.Context, t testing.TB, stdin string, args ...string) string {
	t.Helper()
	out, err := s.cluster.Kubectl(ctx, strings.NewReader(stdin), args...)
	if err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	return out
}

// rolledOut waits until a Deployment is.
func (s *scenario) rolledOut(ctx context.Context, t testing.TB, namespace, name string) {
	t.Helper()
	s.kubectl(ctx, t, "rollout", "status", "-n", namespace, "deployment/"+name, "--timeout=120s")
}

// run deploys everything, each application on its own, and returns when all is
// done and what was deleted is gone.
func (s *scenario) run(ctx context.Context, t testing.TB) {
	t.Helper()
	s.apply(ctx, t, "namespaces.yaml")
	var all sync.WaitGroup
	for _, deploy := range []func(context.Context, testing.TB){
		s.byHelm, s.byArgoCD, s.byFlux, s.byOctopus, s.byHand, s.byOperator, s.byRollouts, s.bySelection,
	} {
		all.Go(func() { deploy(ctx, t) })
	}
	all.Wait()
}

// byHelm installs, upgrades, fails to upgrade, rolls back and uninstalls.
func (s *scenario) byHelm(ctx context.Context, t testing.TB) {
	t.Helper()
	chart := filepath.Join("testdata", "oven")
	s.helm.run(ctx, t, "install", "oven", chart)
	s.rolledOut(ctx, t, "bakery", "oven")
	s.helm.run(ctx, t, "upgrade", "oven", chart, "--set", "image=registry.example/oven:1.5.0,temperature=200")
	s.rolledOut(ctx, t, "bakery", "oven")
	s.helm.refuses(ctx, t, "upgrade", "oven", chart, "--set", "port=0")
	s.helm.run(ctx, t, "rollback", "oven", "1")
	s.rolledOut(ctx, t, "bakery", "oven")
	s.helm.run(ctx, t, "uninstall", "oven", "--wait")
	s.kubectl(ctx, t, "wait", "-n", "bakery", "--for=delete", "pods", "--all", "--timeout=60s")
}

// byArgoCD does what its controller does: the Application, its status, and what
// it tracks. Somebody copies some of that, too.
func (s *scenario) byArgoCD(ctx context.Context, t testing.TB) {
	t.Helper()
	patch := func(status string) {
		t.Helper()
		s.kubectl(ctx, t, "--kubeconfig", s.argocd, "patch", "-n", "argocd", "applications.argoproj.io/orchard", "--type=merge", "-p", `{"status":{`+status+"}}")
	}
	// The controller compares before it syncs, and then says what there is.
	compared := func(status, revision string) {
		t.Helper()
		patch(fmt.Sprintf(`"sync":{"status":%[1]q,"revision":%[2]q},"resources":[
			{"group":"apps","version":"v1","kind":"Deployment","namespace":"orchard","name":"apples","status":%[1]q},
			{"version":"v1","kind":"Service","namespace":"orchard","name":"apples","status":%[1]q},
			{"version":"v1","kind":"ConfigMap","namespace":"orchard","name":"apples","status":%[1]q}]`, status, revision))
	}
	operation := func(phase, revision string) {
		t.Helper()
		now, finished := time.Now().UTC().Format(time.RFC3339), "null"
		if phase != "Running" {
			finished = fmt.Sprintf("%q", now)
		}
		patch(fmt.Sprintf(`"operationState":{"phase":%q,"startedAt":%q,"finishedAt":%s,"message":"told by a test",
			"operation":{"initiatedBy":{"username":"carol"},"sync":{"revision":%q}},
			"syncResult":{"revision":%[4]q,"source":{"repoURL":"https://git.example/orchard.git","path":"deploy"}}}`,
			phase, now, finished, revision))
	}
	manifests := manifest(t, "argocd.yaml")
	s.pipe(ctx, t, manifest(t, "argocd-application.yaml"), "--kubeconfig", s.argocd, "apply", "-f", "-")
	compared("OutOfSync", "3f2a")
	operation("Running", "3f2a")
	s.pipe(ctx, t, manifests, "--kubeconfig", s.argocd, "apply", "-f", "-")
	s.rolledOut(ctx, t, "orchard", "apples")
	operation("Succeeded", "3f2a")
	compared("Synced", "3f2a")
	s.apply(ctx, t, "argocd-copy.yaml")
	s.rolledOut(ctx, t, "copies", "apples")
	operation("Running", "9c1d")
	operation("Failed", "9c1d")
	s.pipe(ctx, t, manifests, "--kubeconfig", s.argocd, "delete", "-f", "-")
	s.kubectl(ctx, t, "wait", "-n", "orchard", "--for=delete", "pods", "--all", "--timeout=60s")
	// It is asked for once more when it is gone.
	s.kubectl(ctx, t, "get", "-n", "orchard", "deployment/apples", "--ignore-not-found")
}

// byFlux does what its controller does.
func (s *scenario) byFlux(ctx context.Context, t testing.TB) {
	t.Helper()
	status := func(revisions, ready, reason string) {
		t.Helper()
		now := time.Now().UTC().Format(time.RFC3339)
		patch := fmt.Sprintf(`{"status":{"observedGeneration":1,%s,"conditions":[{"type":"Ready","status":%q,"reason":%q,"message":"told by a test","lastTransitionTime":%q,"observedGeneration":1}],
			"inventory":{"entries":[{"id":"harbor_quay_apps_Deployment","v":"v1"},{"id":"harbor_quay__Service","v":"v1"},{"id":"harbor_tides__ConfigMap","v":"v1"},{"id":"_harbor__Namespace","v":"v1"}]}}}`,
			revisions, ready, reason, now)
		s.kubectl(ctx, t, "--kubeconfig", s.flux, "patch", "-n", "flux-system", "kustomizations.kustomize.toolkit.fluxcd.io/harbor",
			"--subresource=status", "--type=merge", "-p", patch)
	}
	s.apply(ctx, t, "flux-kustomization.yaml")
	status(`"lastAttemptedRevision":"main@sha1:aaaa"`, "Unknown", "Progressing")
	s.pipe(ctx, t, manifest(t, "flux.yaml"), "--kubeconfig", s.flux, "apply", "--server-side", "--field-manager=kustomize-controller", "-f", "-")
	s.rolledOut(ctx, t, "harbor", "quay")
	status(`"lastAttemptedRevision":"main@sha1:aaaa","lastAppliedRevision":"main@sha1:aaaa"`, "True", "ReconciliationSucceeded")
	status(`"lastAttemptedRevision":"main@sha1:bbbb","lastAppliedRevision":"main@sha1:aaaa"`, "Unknown", "Progressing")
	status(`"lastAttemptedRevision":"main@sha1:bbbb","lastAppliedRevision":"main@sha1:aaaa"`, "False", "BuildFailed")
}

// byOctopus deploys twice.
func (s *scenario) byOctopus(ctx context.Context, t testing.TB) {
	t.Helper()
	for _, deployment := range []string{"77", "78"} {
		s.apply(ctx, t, "octopus.yaml", "DEPLOYMENT", deployment)
		s.rolledOut(ctx, t, "market", "stall")
	}
}

// byHand applies YAML, and does with kubectl what people do.
func (s *scenario) byHand(ctx context.Context, t testing.TB) {
	t.Helper()
	s.apply(ctx, t, "raw.yaml")
	s.rolledOut(ctx, t, "depot", "forklift")
	s.kubectl(ctx, t, "create", "job", "-n", "depot", "tally-now", "--from=cronjob/tally")
	s.kubectl(ctx, t, "scale", "-n", "depot", "deployment/forklift", "--replicas=3")
	s.kubectl(ctx, t, "wait", "-n", "depot", "--for=condition=Complete", "job/tally-now", "--timeout=60s")
	s.kubectl(ctx, t, "delete", "-n", "depot", "job/tally-now")
	s.kubectl(ctx, t, "delete", "-n", "depot", "pods", "-l", "lifts=pallets", "--wait=false")
	s.rolledOut(ctx, t, "depot", "forklift")
	s.kubectl(ctx, t, "delete", "-n", "depot", "deployment/forklift", "configmap/notes", "pod/debug")
	s.kubectl(ctx, t, "wait", "-n", "depot", "--for=delete", "pods", "-l", "lifts=pallets", "--timeout=60s")
}

// byOperator introduces a kind, an instance of which owns what its operator makes
// of it, and takes all of it away.
func (s *scenario) byOperator(ctx context.Context, t testing.TB) {
	t.Helper()
	s.apply(ctx, t, "crd.yaml")
	s.kubectl(ctx, t, "wait", "--for=condition=Established", "crd/grinders.mill.example.com", "--timeout=60s")
	s.witness.follow(t, schema.GroupVersionResource{Group: "mill.example.com", Version: "v1", Resource: "grinders"}, "Grinder")
	s.known()
	s.apply(ctx, t, "crd-instance.yaml")
	uid := s.kubectl(ctx, t, "get", "-n", "mill", "grinder/wheat", "-o", "jsonpath={.metadata.uid}")
	s.apply(ctx, t, "crd-owned.yaml", "UID", uid)
	s.rolledOut(ctx, t, "mill", "wheat")
	s.kubectl(ctx, t, "delete", "-n", "mill", "grinder/wheat")
	s.kubectl(ctx, t, "wait", "-n", "mill", "--for=delete", "pods", "--all", "--timeout=60s")
	s.kubectl(ctx, t, "delete", "crd/grinders.mill.example.com")
}

// byRollouts rolls a Deployment over three times and then deletes its namespace.
func (s *scenario) byRollouts(ctx context.Context, t testing.TB) {
	t.Helper()
	s.apply(ctx, t, "rollout.yaml")
	s.rolledOut(ctx, t, "dough", "dough")
	for _, tag := range []string{"2", "3", "4"} {
		s.kubectl(ctx, t, "set", "image", "-n", "dough", "deployment/dough", "dough=registry.example/dough:"+tag)
		s.rolledOut(ctx, t, "dough", "dough")
	}
	// A terminating namespace takes no events, without which the pods here do not end.
	s.kubectl(ctx, t, "delete", "-n", "dough", "deployment/dough")
	s.kubectl(ctx, t, "wait", "-n", "dough", "--for=delete", "pods", "--all", "--timeout=60s")
	s.kubectl(ctx, t, "delete", "namespace", "dough", "--timeout=120s")
}

// bySelection applies what is recognised by an Application's selector, and by a
// rule of the organisation's own.
func (s *scenario) bySelection(ctx context.Context, t testing.TB) {
	t.Helper()
	s.apply(ctx, t, "selected.yaml")
	s.apply(ctx, t, "own.yaml")
	s.rolledOut(ctx, t, "garden", "carrots")
	s.rolledOut(ctx, t, "annex", "lamp")
}

// rolledOver counts the ReplicaSets that a Deployment has had.
func (s *scenario) rolledOver(deployment named) int {
	s.witness.mu.Lock()
	defer s.witness.mu.Unlock()
	n := 0
	for _, seen := range s.witness.byUID {
		owner := metav1.GetControllerOfNoCopy(&metav1.ObjectMeta{OwnerReferences: seen.owners})
		if owner != nil && seen.resource == "replicasets.apps" && seen.namespace == deployment.namespace && owner.Name == deployment.name {
			n++
		}
	}
	return n
}
