package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/test/controlplane"
)

// target is an instance that is scraped.
type target struct {
	url       string
	authority *authority
	// certificate is the file of the one that it serves, key that of its key.
	certificate, key string
}

// newTarget chooses an address and makes a certificate for it.
func newTarget(t testing.TB) *target {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	tg := &target{
		url: "https://" + address, authority: newAuthority(t, "monitoring"),
		certificate: filepath.Join(dir, "tls.crt"), key: filepath.Join(dir, "tls.key"),
	}
	tg.certify(t)
	return tg
}

// certify writes a new certificate, as a kubelet does where a Secret was renewed.
func (tg *target) certify(t testing.TB) {
	t.Helper()
	made := tg.authority.server(t, "localhost", "127.0.0.1")
	key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		tg.certificate: {Type: "CERTIFICATE", Bytes: made.Certificate[0]}, tg.key: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// options are those of an input that lets itself be scraped.
func (tg *target) options(input map[string]string) map[string]string {
	input["metrics_listen"] = strings.TrimPrefix(tg.url, "https://")
	input["metrics_tls_crt_file"], input["metrics_tls_key_file"] = tg.certificate, tg.key
	input["metrics_objects"] = "all"
	return input
}

// response is what a target answered.
type response struct {
	status            int
	body, contentType string
	header            http.Header
	// serial is that of the certificate.
	serial string
}

// get asks for a path on a connection of its own.
func (tg *target) get(ctx context.Context, path, token, accept string) (response, error) {
	pool := x509.NewCertPool()
	pool.AddCert(tg.authority.cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, tg.url+path, nil)
	if err != nil {
		return response{}, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	resp, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return response{
		resp.StatusCode, string(body), resp.Header.Get("Content-Type"), resp.Header, resp.TLS.PeerCertificates[0].SerialNumber.String(),
	}, err
}

// must is get where an answer must come.
func (tg *target) must(t testing.TB, path, token, accept string) response {
	t.Helper()
	got, err := tg.get(t.Context(), path, token, accept)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// scraper is an account of Prometheus' and a token of it.
func scraper(t testing.TB, c *controlplane.Cluster, name string) (token string) {
	t.Helper()
	accounts := c.Client().CoreV1().ServiceAccounts(accountNamespace)
	if _, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	token, err := c.ServiceAccountToken(t.Context(), accountNamespace, name, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// What a name of an object must not tell, and how it is told.
const password, plainly = "tangerine-dreamweaver", "[redacted:PASSWORD]"

// Prometheus scrapes the plugin: who may, gets what the records said; who may not,
// nothing; who it is the API server says.
func TestMetrics(t *testing.T) {
	c := clusterWith(t, controlplane.Options{})
	acc := newAccount(t, c, filepath.Join("testdata", "metrics", "rbac.yaml"))
	prometheus, stranger, former := scraper(t, c, "prometheus"), scraper(t, c, "stranger"), scraper(t, c, "former")
	if err := c.Client().CoreV1().ServiceAccounts(accountNamespace).Delete(t.Context(), "former", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	// Who gets such a token, Vault for example, must not scrape with it.
	forVault, err := c.Client().CoreV1().ServiceAccounts(accountNamespace).CreateToken(t.Context(), "prometheus", &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{Audiences: []string{"vault"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	values := filepath.Join(t.TempDir(), "values.env")
	if err := os.WriteFile(values, []byte("PASSWORD="+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl := func(stdin string, args ...string) {
		t.Helper()
		if _, err := c.Kubectl(t.Context(), strings.NewReader(stdin), args...); err != nil {
			t.Fatal(err)
		}
	}
	manifests, err := os.ReadFile(filepath.Join("testdata", "metrics", "shop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	kubectl(strings.ReplaceAll(string(manifests), "SENSITIVE", password), "apply", "-f", "-")
	kubectl("", "patch", "-n", "shop", "deployment/web", "--subresource=status", "--type=merge", "-p",
		`{"status":{"observedGeneration":1,"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}]}}`)

	var targets []*target
	var runs []*run
	var processes []*process
	for _, h := range hosts() {
		tg := newTarget(t)
		r := newRun(t, h)
		input := tg.options(acc.options(filepath.Join(r.dir, "cursor.db")))
		input["redact_values_path"], input["instance_name"] = values, "one-of-"+h.name
		r.inputs = append(r.inputs, input)
		r.configure(t)
		targets, runs, processes = append(targets, tg), append(runs, r), append(processes, r.start(t))
	}
	for i, tg := range targets {
		t.Run(runs[i].host.name, func(t *testing.T) {
			eventually(t, 2*time.Minute, "ready", func() bool {
				got, err := tg.get(t.Context(), "/readyz", "", "")
				return err == nil && got.status == http.StatusOK
			})
			tg.agrees(t, runs[i], prometheus)
			tg.refuses(t, map[string]turnedAway{
				"no token":           {"", 401, "token is needed"},
				"garbage":            {"garbage", 401, "does not know"},
				"a token of nobody":  {prometheus[:len(prometheus)-8] + "AAAAAAAA", 401, "does not know"},
				"a deleted account":  {former, 401, "does not know"},
				"another audience":   {forVault.Status.Token, 401, "does not know"},
				"no right":           {stranger, 403, `nonResourceURLs ["/metrics"]`},
				"not even a token's": {"two words", 401, "no token"},
			})
			tg.rotates(t, prometheus)
			tg.reloads(t, runs[i], processes[i], prometheus)
			if log := runs[i].logged(t); strings.Contains(log, prometheus[:100]) || strings.Contains(log, password) {
				t.Error("the log has a token or a sensitive value")
			}
		})
	}
	// Nobody new is let in while nobody can be asked. Who scrapes goes on for a while.
	unheard, err := c.ServiceAccountToken(t.Context(), accountNamespace, "prometheus", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.StopAPIServer(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for i, tg := range targets {
		t.Run(runs[i].host.name+" without API server", func(t *testing.T) {
			if got := tg.must(t, "/metrics", unheard, ""); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "live_status_info") {
				t.Errorf("%d %.200s", got.status, got.body)
			}
			if got := tg.must(t, "/readyz", "", ""); got.status != http.StatusOK {
				t.Errorf("what was ready is not any more: %s", got.body)
			}
		})
	}
}

// turnedAway is who is refused and how.
type turnedAway struct {
	token  string
	status int
	says   string
}

func (tg *target) refuses(t *testing.T, all map[string]turnedAway) {
	t.Helper()
	for name, r := range all {
		got := tg.must(t, "/metrics", r.token, "")
		if got.status != r.status || !strings.Contains(got.body, r.says) || strings.Contains(got.body, "live_status_info") {
			t.Errorf("%s: %d %.200s", name, got.status, got.body)
		}
		if challenge := got.header.Get("WWW-Authenticate"); (r.status == http.StatusUnauthorized) != (challenge != "") {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
}

// rotates has the target serve another certificate.
func (tg *target) rotates(t *testing.T, token string) {
	t.Helper()
	before := tg.must(t, "/metrics", token, "")
	tg.certify(t)
	eventually(t, time.Minute, "the new certificate", func() bool {
		got := tg.must(t, "/metrics", token, "")
		return got.status == http.StatusOK && got.serial != before.serial
	})
}

// wanted are parts of series that a scrape has once everything was told.
var wanted = []string{
	`kind="Deployment", name="` + plainly + `", namespace="shop", status="Progressing"`,
	`application="shop", cluster="e2e", environment="", namespace="shop", status="Degraded", tenant="", tool="labels"`,
	`__name__="live_status_application_deciding", application="shop", cluster="e2e", environment="", kind="Deployment"`,
	`reason="ProgressDeadlineExceeded"`,
	`kind="PersistentVolumeClaim", name="disk", namespace="shop", status="Progressing"`,
	`__name__="live_status_watch_age_seconds", namespace="", resource="deployments.apps"`,
	`__name__="live_status_watch_troubled", namespace="", resource="secrets", state="forbidden"`,
	`__name__="live_status_cursor_size_bytes", file="db"`,
	`__name__="live_status_object_transitions_total", from="None", to="Degraded"`,
	`__name__="live_status_source_state", scope="*", source="events", state="watching"`,
	`__name__="live_status_permissions", state="missing"`,
	`__name__="process_resident_memory_bytes"`,
}

// reloads has the host make its instances anew, which need the same address.
func (tg *target) reloads(t *testing.T, r *run, p *process, token string) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "a scrape of the next instance", func() bool {
		got, err := tg.get(t.Context(), "/metrics", token, "")
		return err == nil && got.status == http.StatusOK && strings.Count(r.logged(t), "metrics: listening") == 2
	})
	eventually(t, time.Minute, "ready again", func() bool {
		got, err := tg.get(t.Context(), "/readyz", "", "")
		return err == nil && got.status == http.StatusOK
	})
}

// agrees waits until a scrape says of all objects and applications what their last
// records did.
func (tg *target) agrees(t *testing.T, r *run, token string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		got := tg.must(t, "/metrics", token, "")
		if got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		scrape := parsed(t, got)
		difference := scrape.differs(t, r)
		for _, text := range wanted {
			if !scrape.has(text) {
				difference = "no series with " + text
			}
		}
		if difference == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s\n%s", difference, got.body)
		}
		time.Sleep(200 * time.Millisecond)
	}
	open := tg.must(t, "/metrics", token, "application/openmetrics-text;version=1.0.0")
	if !strings.HasPrefix(open.contentType, "application/openmetrics-text") {
		t.Errorf("asked for OpenMetrics, got %s", open.contentType)
	}
	for _, body := range []response{tg.must(t, "/metrics", token, ""), open} {
		scrape := parsed(t, body)
		if strings.Contains(body.body, password) {
			t.Error("a sensitive value is told")
		}
		if !scrape.has(`__name__="live_status_info", cluster="e2e", instance_name="one-of-` + r.host.name + `"`) {
			t.Error("no live_status_info of this instance")
		}
	}
}
