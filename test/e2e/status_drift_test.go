package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/test/controlplane"
)

// way is how the manifests get into a namespace of its name.
type way struct {
	namespace string
	// told is whether it leaves behind how the objects should be.
	told bool
	// deploy puts the manifests there, again if they have been.
	deploy func(ctx context.Context, t testing.TB, manifests []byte)
}

// What is deployed stays as it was deployed: not what the server adds, not what
// controllers, autoscalers and webhooks do to it, and not a rollout make it drift.
func TestNoFalseDrift(t *testing.T) {
	c := clusterWith(t, controlplane.Options{ControllerManager: true, Scheduler: true, Nodes: 2})
	widgets(t, c)
	mesh := newInjector(t, c)
	ch := tell(t, c, hosts()...)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	ways := ch.ways(t)
	for _, w := range ways {
		ch.namespace(ctx, t, w.namespace)
		ch.kubectl(ctx, t, "", "label", "namespace", w.namespace, "mesh.example.com/inject=yes")
	}
	for tag := 1; tag <= 2 && !t.Failed(); tag++ {
		var all sync.WaitGroup
		for _, w := range ways {
			all.Go(func() {
				floor := tag + 1
				w.deploy(ctx, t, deployedTo(t, w.namespace, tag, floor))
				if t.Failed() {
					return
				}
				ch.rolledOutAll(ctx, t, w.namespace, floor)
				ch.injectBundles(ctx, t, w.namespace)
			})
		}
		all.Wait()
	}
	// Whatever is yet to be told comes within the settling of applications.
	time.Sleep(5 * time.Second)
	if mesh.pods.Load() == 0 || mesh.others.Load() == 0 {
		t.Errorf("%d pods and %d other objects were injected: the webhook was not tested", mesh.pods.Load(), mesh.others.Load())
	}
	for _, tl := range ch.tellers {
		t.Run(tl.run.host.name, func(t *testing.T) {
			tl.process.terminate(t)
			told := tl.told(t)
			checkChains(t, told)
			for _, w := range ways {
				checkNoDrift(t, w, topicsOf(t, deployedTo(t, w.namespace, 2, 3)), told)
			}
			t.Log(kindsOf(told))
		})
	}
}

// ways are those that the manifests are deployed in.
func (ch *chronicle) ways(t testing.TB) []way {
	t.Helper()
	client, server, byHelm := "dr-client", "dr-server", "dr-helm"
	apply := func(namespace string, args ...string) func(context.Context, testing.TB, []byte) {
		return func(ctx context.Context, t testing.TB, manifests []byte) {
			t.Helper()
			ch.kubectl(ctx, t, string(manifests), append([]string{"apply", "-n", namespace, "-f", "-"}, args...)...)
		}
	}
	h := newHelm(t, ch.cluster, byHelm)
	chart := t.TempDir()
	install := func(ctx context.Context, t testing.TB, manifests []byte) {
		t.Helper()
		for name, content := range map[string][]byte{
			"Chart.yaml":         []byte("apiVersion: v2\nname: mall\nversion: 1.0.0\n"),
			"templates/all.yaml": manifests,
		} {
			path := filepath.Join(chart, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Error(err)
			}
		}
		h.run(ctx, t, "upgrade", "--install", "mall", chart, "--force-conflicts")
	}
	return []way{
		{client, true, apply(client)},
		{server, false, apply(server, "--server-side", "--force-conflicts")},
		{byHelm, true, install},
	}
}

// deployedTo are the manifests as they are deployed to a namespace.
func deployedTo(t testing.TB, namespace string, tag, floor int) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "status", "deployed", "*.yaml"))
	if err != nil {
		t.Error(err)
	}
	var all bytes.Buffer
	for _, file := range files {
		content := manifest(t, "../status/deployed/"+filepath.Base(file), "PLACE", namespace, ":TAG", fmt.Sprintf(":%d", tag), "FLOOR", fmt.Sprint(floor))
		all.WriteString("---\n" + content)
	}
	return all.Bytes()
}

// topicsOf are the objects of manifests. Those of no namespace have none.
func topicsOf(t testing.TB, manifests []byte) []topic {
	t.Helper()
	var all []topic
	for doc := range bytes.SplitSeq(manifests, []byte("---\n")) {
		var object metav1.PartialObjectMetadata
		if err := yaml.Unmarshal(doc, &object); err != nil {
			t.Fatal(err)
		}
		if object.Kind != "" {
			all = append(all, topic{object.Kind, object.Namespace, object.Name})
		}
	}
	return all
}

// rolledOutAll waits until everything is rolled out, and the autoscaler has done
// its part.
func (ch *chronicle) rolledOutAll(ctx context.Context, t testing.TB, namespace string, floor int) {
	t.Helper()
	for _, workload := range []string{"deployment/shop", "deployment/least", "statefulset/db", "daemonset/agent"} {
		ch.kubectl(ctx, t, "", "rollout", "status", "-n", namespace, workload, "--timeout=60s")
	}
	ch.kubectl(ctx, t, "", "wait", "-n", namespace, "deployment/elastic", fmt.Sprintf("--for=jsonpath={.spec.replicas}=%d", floor), "--timeout=60s")
	ch.kubectl(ctx, t, "", "rollout", "status", "-n", namespace, "deployment/elastic", "--timeout=60s")
	ch.kubectl(ctx, t, "", "wait", "-n", namespace, "job/once", "--for=condition=Complete", "--timeout=60s")
}

// injectBundles does what cert-manager does to the configurations of webhooks.
func (ch *chronicle) injectBundles(ctx context.Context, t testing.TB, namespace string) {
	t.Helper()
	ca, err := os.ReadFile(ch.cluster.CAFile())
	if err != nil {
		t.Error(err)
	}
	patch := fmt.Sprintf(`[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":%q}]`, base64.StdEncoding.EncodeToString(ca))
	for _, config := range []string{"validatingwebhookconfiguration/" + namespace + "-checks", "mutatingwebhookconfiguration/" + namespace + "-changes"} {
		ch.kubectl(ctx, t, "", "patch", config, "--type=json", "--field-manager=cert-manager-cainjector", "-p", patch)
	}
}

// checkNoDrift checks what was told of the objects that were deployed in one way.
func checkNoDrift(t *testing.T, w way, objects []topic, told []stated) {
	t.Helper()
	syncs := map[topic][]string{}
	for _, s := range told {
		if s.Type != "object_status" {
			continue
		}
		about := s.about()
		syncs[about] = append(syncs[about], cmp.Or(s.Sync, "none"))
		ours := about.namespace == w.namespace || strings.Contains(about.name, w.namespace)
		if !ours {
			continue
		}
		if s.Sync == "Out of Sync" || s.Sync == "Orphaned" || s.Sync == "Unknown" || s.word() == "Missing" || s.word() == "Out of Sync" {
			t.Errorf("%s: a false drift: %s", w.namespace, s.raw)
		}
		if !w.told && s.Sync == "In Sync" && s.DesiredBy == "" {
			t.Errorf("%s: in sync with what nobody told: %s", w.namespace, s.raw)
		}
	}
	if len(objects) < 30 {
		t.Fatalf("%d objects were deployed, want 30 at least", len(objects))
	}
	if !w.told {
		return
	}
	seen := 0
	for _, o := range objects {
		// Manifests name no namespace where the command line does.
		found := syncs[o]
		if len(found) == 0 {
			o.namespace = w.namespace
			found = syncs[o]
		}
		if len(found) == 0 || found[len(found)-1] != "In Sync" {
			t.Errorf("%s: %v is told to be %v, want it In Sync", w.namespace, o, found)
			continue
		}
		seen += len(found)
	}
	t.Logf("%s: %d objects, %d records of them", w.namespace, len(objects), seen)
}
