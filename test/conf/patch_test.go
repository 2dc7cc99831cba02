package conf

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fluent-live/live-status/test/controlplane"
)

// An API server takes the body of every patch for JSON when it logs it, and
// loses the entry when it is not. These tests pin down what is lost with it.

// patch sends a body as it is and returns the code. The Audit-ID is the name.
func patch(t *testing.T, cluster *controlplane.Cluster, kind types.PatchType, name, body string) int {
	t.Helper()
	var code int
	// An error is told by the code as well.
	_ = cluster.Client().CoreV1().RESTClient().Patch(kind).
		AbsPath("/api/v1/namespaces/default/configmaps/"+name).
		Param("fieldManager", "patch-test").
		SetHeader("Audit-ID", name).
		Body([]byte(body)).Do(t.Context()).StatusCode(&code)
	return code
}

func configMapYAML(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  colour: red\n"
}

// lost is the metric of the entries that a plugin of the API server has lost.
func lost(t *testing.T, cluster *controlplane.Cluster, plugin string) int {
	t.Helper()
	metrics, err := cluster.Kubectl(t.Context(), nil, "get", "--raw", "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(metrics) {
		if value, found := strings.CutPrefix(line, fmt.Sprintf("apiserver_audit_error_total{plugin=%q} ", plugin)); found {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// TestPatchOfYAMLInFile shows that the log loses the end of a patch whose body
// is not JSON, that the policy keeps its beginning, and where else it is told.
func TestPatchOfYAMLInFile(t *testing.T) {
	cluster := start(t, controlplane.Options{AuditPolicyFile: file(t, "conf", "audit-policy.yaml")})
	both, beginning := "RequestReceived ResponseComplete", "RequestReceived"
	rows := []struct {
		name string
		kind types.PatchType
		body string
		code int
		want string
	}{
		{"apply-json", types.ApplyPatchType, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"apply-json"}}`, http.StatusCreated, both},
		{"apply-yaml", types.ApplyPatchType, configMapYAML("apply-yaml"), http.StatusCreated, beginning},
		// It need not succeed.
		{"no-json", types.MergePatchType, "{", http.StatusNotFound, beginning},
	}
	for _, r := range rows {
		if code := patch(t, cluster, r.kind, r.name, r.body); code != r.code {
			t.Errorf("%s: code %d, want %d", r.name, code, r.code)
		}
	}
	manifest := write(t, filepath.Join(t.TempDir(), "manifest.yaml"), configMapYAML("by-kubectl"))
	if out, err := cluster.Kubectl(t.Context(), nil, "apply", "--server-side", "-f", manifest); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := createConfigMap(t, cluster, "end"); err != nil {
		t.Fatal(err)
	}
	find := func(uri string) (stages []string, bodies int) {
		for _, entries := range logged(t, cluster) {
			for _, e := range entries {
				if strings.Contains(e.RequestURI, uri) {
					stages = append(stages, e.Stage)
					bodies += min(len(e.RequestObject), 1)
				}
			}
		}
		return stages, bodies
	}
	// Entries are written before responses end, one after another.
	eventually(t, 30*time.Second, "the last request in the log", func() bool {
		stages, _ := find("fieldManager=end")
		return len(stages) > 0
	})

	log := read(t, cluster.LogFile("kube-apiserver"))
	for _, r := range rows {
		stages, bodies := find("configmaps/" + r.name + "?")
		if got := strings.Join(stages, " "); got != r.want || (bodies == 1) != (r.want == both) {
			t.Errorf("%s: stages %s with %d bodies, want %s", r.name, got, bodies, r.want)
		}
		told := strings.Contains(log, fmt.Sprintf(`AUDIT: id=%q stage="ResponseComplete"`, r.name))
		if told != (r.want == beginning) {
			t.Errorf("%s: in the API server's own log: %t", r.name, told)
		}
	}
	if stages, bodies := find("configmaps/by-kubectl?"); len(stages) < 2 || bodies == 0 {
		t.Errorf("kubectl apply --server-side: stages %v with %d bodies", stages, bodies)
	}
	if n := lost(t, cluster, "log"); n != 2 {
		t.Errorf("metric: %d lost, want 2", n)
	}
	if !strings.Contains(log, "Error in audit plugin 'log' affecting 1 audit events") {
		t.Error("no word of the loss in the API server's own log")
	}
}

// TestPatchOfYAMLToWebhook shows that the patch takes its batch with it, unless
// truncation is on, which looks at each entry before it is put into a batch.
func TestPatchOfYAMLToWebhook(t *testing.T) {
	for _, truncate := range []bool{true, false} {
		t.Run(fmt.Sprintf("truncate=%t", truncate), func(t *testing.T) {
			hook, err := controlplane.NewAuditWebhook(t.Context(), t.TempDir(), controlplane.WebhookBearerToken)
			if err != nil {
				t.Fatal(err)
			}
			r := listen(t, hook)
			args := append(flags(t, "webhook", map[string]string{
				"--audit-policy-file":         file(t, "conf", "audit-policy.yaml"),
				"--audit-webhook-config-file": kubeconfig(t, hook, "token"),
			}), "--audit-webhook-batch-max-wait=5s", "--audit-webhook-initial-backoff=50ms",
				fmt.Sprintf("--audit-webhook-truncate-enabled=%t", truncate))
			cluster := start(t, controlplane.Options{APIServerFlags: args})

			// The end of a batch can fall between two of these, but not on both
			// sides of the patch.
			began := time.Now()
			for _, name := range []string{"neighbour-1", "neighbour-2"} {
				if name == "neighbour-2" {
					if code := patch(t, cluster, types.ApplyPatchType, "apply-yaml", configMapYAML("apply-yaml")); code != http.StatusCreated {
						t.Fatalf("code %d", code)
					}
				}
				if err := createConfigMap(t, cluster, name); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(began); took > 4*time.Second {
				t.Skipf("a machine too slow for one batch: %s", took)
			}
			plugin := "truncate"
			if !truncate {
				plugin = "webhook"
			}
			eventually(t, time.Minute, "a loss", func() bool { return lost(t, cluster, plugin) > 0 })
			if err := createConfigMap(t, cluster, "end"); err != nil {
				t.Fatal(err)
			}
			posted := func(name string) bool { return r.has("fieldManager="+name, "ResponseComplete") }
			eventually(t, 30*time.Second, "the last request at the webhook", func() bool { return posted("end") })

			n := lost(t, cluster, plugin)
			neighbours := posted("neighbour-1") && posted("neighbour-2")
			t.Logf("%d entries lost", n)
			if r.has("configmaps/apply-yaml", "ResponseComplete") {
				t.Error("the patch arrived with its result")
			}
			if truncate && (n != 1 || !neighbours || !r.has("configmaps/apply-yaml", "RequestReceived")) {
				t.Errorf("%d lost, neighbours posted: %t, beginning posted: %t", n, neighbours, r.has("configmaps/apply-yaml", "RequestReceived"))
			}
			if !truncate && (n < 2 || neighbours) {
				t.Errorf("%d lost, neighbours posted: %t", n, neighbours)
			}
		})
	}
}
