package conf

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fluent-live/live-status/test/controlplane"
)

// flags are those of a block in docs/AUDIT.md, with the files that stand for
// the paths in it.
func flags(t *testing.T, block string, paths map[string]string) []string {
	t.Helper()
	var out []string
	for _, line := range section(t, read(t, file(t, "docs", "AUDIT.md")), "flags: "+block) {
		name, value, found := strings.Cut(line, "=")
		if !found || !strings.HasPrefix(name, "--audit-") {
			t.Fatalf("%q is no flag", line)
		}
		if strings.HasPrefix(value, "/") {
			path, known := paths[name]
			if !known {
				t.Fatalf("no file for %s", line)
			}
			line = name + "=" + path
		}
		out = append(out, line)
	}
	return out
}

// receiver is the least that an audit webhook is.
type receiver struct {
	server *http.Server
	done   chan struct{}

	mu      sync.Mutex
	posted  map[string]bool
	tokens  map[string]bool
	clients map[string]bool
	paths   map[string]bool
	largest int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var list struct {
		Kind  string  `json:"kind"`
		Items []entry `json:"items"`
	}
	if err := json.Unmarshal(body, &list); err != nil || list.Kind != "EventList" {
		http.Error(w, "no EventList", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.largest = max(r.largest, len(list.Items))
	r.paths[req.URL.Path] = true
	r.tokens[req.Header.Get("Authorization")] = true
	if len(req.TLS.PeerCertificates) > 0 {
		r.clients[req.TLS.PeerCertificates[0].Subject.CommonName] = true
	}
	for _, e := range list.Items {
		r.posted[e.RequestURI+" "+e.Stage] = true
	}
}

// has reports whether a request for the object was posted.
func (r *receiver) has(object, stage string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for posted := range r.posted {
		uri, got, _ := strings.Cut(posted, " ")
		if strings.Contains(uri, object) && got == stage {
			return true
		}
	}
	return false
}

// listen serves until the test ends or close is called.
func listen(t *testing.T, hook controlplane.AuditWebhook) *receiver {
	t.Helper()
	r := &receiver{
		done: make(chan struct{}), posted: map[string]bool{},
		tokens: map[string]bool{}, clients: map[string]bool{}, paths: map[string]bool{},
	}
	config, err := serverTLS(hook.ClientCAFile)
	if err != nil {
		t.Fatal(err)
	}
	r.server = &http.Server{Addr: hook.Address, Handler: r, TLSConfig: config, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(r.done)
		if err := r.server.ListenAndServeTLS(hook.CertFile, hook.KeyFile); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("webhook: %v", err)
		}
	}()
	t.Cleanup(r.close)
	return r
}

func (r *receiver) close() {
	// It closes connections; what it returns is of no interest then.
	_ = r.server.Close()
	<-r.done
}

// kubeconfig is conf/audit-webhook.kubeconfig.yaml for a webhook of this test.
func kubeconfig(t *testing.T, hook controlplane.AuditWebhook, context string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(file(t, "conf", "audit-webhook.kubeconfig.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cluster := config.Clusters["live-status"]
	if !strings.HasPrefix(cluster.Server, "https://") || cluster.TLSServerName == "" || cluster.InsecureSkipTLSVerify {
		t.Errorf("cluster: %+v", cluster)
	}
	_, path, _ := strings.Cut(strings.TrimPrefix(cluster.Server, "https://"), "/")
	cluster.Server = "https://" + hook.Address + "/" + path
	cluster.CertificateAuthority = hook.CAFile
	// The certificates of these tests are for the address.
	cluster.TLSServerName = "127.0.0.1"
	for name, user := range config.AuthInfos {
		if user.TokenFile == "" && user.ClientCertificate == "" {
			t.Errorf("user %s has no credentials", name)
		}
		if user.TokenFile != "" {
			user.TokenFile = hook.TokenFile
		}
		if user.ClientCertificate != "" {
			user.ClientCertificate, user.ClientKey = hook.ClientCertFile, hook.ClientKeyFile
		}
	}
	if config.Contexts[context] == nil {
		t.Fatalf("no context %s", context)
	}
	config.CurrentContext = context
	out := filepath.Join(t.TempDir(), "kubeconfig.yaml")
	if err := clientcmd.WriteToFile(*config, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func createConfigMap(t *testing.T, cluster *controlplane.Cluster, name string) error {
	t.Helper()
	_, err := cluster.Client().CoreV1().ConfigMaps("default").Create(t.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{FieldManager: name})
	return err
}

func TestFileFlags(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "made", "by", "the", "server", "audit.log")
	cluster := start(t, controlplane.Options{APIServerFlags: flags(t, "file", map[string]string{
		"--audit-policy-file": file(t, "conf", "audit-policy.yaml"),
		"--audit-log-path":    log,
	})})
	if err := createConfigMap(t, cluster, "settings"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "the request in the log", func() bool {
		return strings.Contains(read(t, log), "fieldManager=settings")
	})
	for path, want := range map[string]os.FileMode{log: 0o600, filepath.Dir(log): 0o700} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, the documentation says %o", filepath.Base(path), got, want)
		}
	}
}

// TestWebhookFlags posts with each way of proving who posts.
func TestWebhookFlags(t *testing.T) {
	for _, tt := range []struct {
		context string
		auth    controlplane.WebhookAuth
	}{
		{"token", controlplane.WebhookBearerToken},
		{"certificate", controlplane.WebhookMutualTLS},
	} {
		t.Run(tt.context, func(t *testing.T) {
			hook, err := controlplane.NewAuditWebhook(t.Context(), t.TempDir(), tt.auth)
			if err != nil {
				t.Fatal(err)
			}
			r := listen(t, hook)
			cluster := start(t, controlplane.Options{APIServerFlags: flags(t, "webhook", map[string]string{
				"--audit-policy-file":         file(t, "conf", "audit-policy.yaml"),
				"--audit-webhook-config-file": kubeconfig(t, hook, tt.context),
			})})
			if err := createConfigMap(t, cluster, "settings"); err != nil {
				t.Fatal(err)
			}
			eventually(t, 30*time.Second, "the request at the webhook", func() bool {
				return r.has("fieldManager=settings", "ResponseComplete")
			})
			r.mu.Lock()
			defer r.mu.Unlock()
			switch tt.auth {
			case controlplane.WebhookBearerToken:
				if token := strings.TrimSpace(read(t, hook.TokenFile)); len(r.tokens) != 1 || !r.tokens["Bearer "+token] {
					t.Errorf("%d Authorization headers, want the token in each", len(r.tokens))
				}
			case controlplane.WebhookMutualTLS:
				if len(r.clients) != 1 || !r.clients["kube-apiserver"] {
					t.Errorf("client certificates %v", r.clients)
				}
			}
			if !r.paths["/audit"] || len(r.paths) != 1 {
				t.Errorf("posted to %v", r.paths)
			}
			if r.largest > 100 {
				t.Errorf("a batch of %d entries, over --audit-webhook-batch-max-size", r.largest)
			}
		})
	}
}

// TestBlockingStrict shows that the mode is strict with a policy that has the
// stage RequestReceived, and only then.
func TestBlockingStrict(t *testing.T) {
	policy := read(t, file(t, "conf", "audit-policy.yaml"))
	// What docs/AUDIT.md says to do with sed.
	strict := regexp.MustCompile(`(omitStages:.*)RequestReceived,? ?`).ReplaceAllString(policy, "$1")
	if strict == policy {
		t.Fatal("the policy has no stage that could be taken out")
	}
	for _, tt := range []struct {
		name, policy string
		fails        bool
	}{
		{"without RequestReceived", policy, false},
		{"with RequestReceived", strict, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hook, err := controlplane.NewAuditWebhook(t.Context(), t.TempDir(), controlplane.WebhookBearerToken)
			if err != nil {
				t.Fatal(err)
			}
			r := listen(t, hook)
			cluster := start(t, controlplane.Options{APIServerFlags: flags(t, "webhook strict", map[string]string{
				"--audit-policy-file":         write(t, filepath.Join(t.TempDir(), "policy.yaml"), tt.policy),
				"--audit-webhook-config-file": kubeconfig(t, hook, "token"),
			})})
			if err := createConfigMap(t, cluster, "before"); err != nil {
				t.Fatal(err)
			}
			// Nothing is buffered: it was posted before the answer.
			if !r.has("fieldManager=before", "ResponseComplete") || r.has("fieldManager=before", "RequestReceived") != tt.fails {
				t.Errorf("posted: %v", r.posted)
			}
			r.close()
			began := time.Now()
			err = createConfigMap(t, cluster, "after")
			t.Logf("a write without a webhook took %s", time.Since(began).Round(time.Millisecond))
			rejected := apierrors.IsInternalError(err) && strings.Contains(err.Error(), "failed to store audit event")
			if rejected != tt.fails || !tt.fails && err != nil {
				t.Errorf("a write without a webhook: %v", err)
			}
			metrics, err := cluster.Kubectl(t.Context(), nil, "get", "--raw", "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			checkMetrics(t, metrics, tt.fails)
		})
	}
}

// checkMetrics looks for the metrics that docs/AUDIT.md tells to watch.
func checkMetrics(t *testing.T, metrics string, rejected bool) {
	t.Helper()
	value := func(name string) string {
		for line := range strings.Lines(metrics) {
			if rest, found := strings.CutPrefix(line, name+" "); found {
				return strings.TrimSpace(rest)
			}
		}
		return ""
	}
	for _, name := range []string{"apiserver_audit_event_total", `apiserver_audit_error_total{plugin="webhook"}`, `apiserver_audit_level_total{level="Request"}`} {
		if v := value(name); v == "" || v == "0" {
			t.Errorf("metric %s is %q", name, v)
		}
	}
	if v := value("apiserver_audit_requests_rejected_total"); (v != "0") != rejected {
		t.Errorf("metric apiserver_audit_requests_rejected_total is %q", v)
	}
}
