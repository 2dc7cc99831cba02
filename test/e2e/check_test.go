package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/test/controlplane"
)

// checkTarget is a cluster that `live-status check` looks at.
type checkTarget struct {
	cluster *controlplane.Cluster
	account *account
	dir     string
}

// checked is a row of the command's JSON.
type checked struct{ Check, Result, Detail, Fix string }

// check runs the command with these options in place of those of a sound target, and
// returns what it found and its exit code. Options with an empty value are left out.
func (x *checkTarget) check(t *testing.T, change map[string]string, more ...string) ([]checked, int) {
	t.Helper()
	options := map[string]string{
		"kube_url": x.cluster.URL(), "kube_ca_file": x.cluster.CAFile(), "kube_token_file": x.account.token,
		"audit_path": x.cluster.AuditLog(), "db": filepath.Join(x.dir, "live-status.db"), "cluster_name": "check",
	}
	maps.Copy(options, change)
	args := append([]string{"check", "--format", "json", "--timeout", "30s"}, more...)
	for k, v := range options {
		if v != "" {
			args = append(args, "-p", k+"="+v)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	token, err := os.ReadFile(x.account.token)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(stdout.String()+stderr.String(), string(bytes.TrimSpace(token))) {
		t.Error("the token is told")
	}
	var out struct{ Checks []checked }
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		t.Fatalf("%v: %s%s", err, stdout.String(), stderr.String())
	}
	return out.Checks, cmd.ProcessState.ExitCode()
}

// expect looks for findings of these checks: a result, and a part of what it says or of
// its fix.
func expect(t *testing.T, rows []checked, want map[string][2]string) {
	t.Helper()
	for name, w := range want {
		found := false
		for _, r := range rows {
			found = found || r.Check == name && r.Result == w[0] && strings.Contains(r.Detail+" -> "+r.Fix, w[1])
		}
		if !found {
			t.Errorf("%s: nothing is %s and says %q", name, w[0], w[1])
		}
	}
	if t.Failed() {
		for _, r := range rows {
			t.Logf("%s %s: %s -> %s", r.Check, r.Result, r.Detail, r.Fix)
		}
	}
}

// Every failure that can be made is made, on a real API server, and told with its fix.
func TestCheck(t *testing.T) {
	c := clusterWith(t, controlplane.Options{AuditPolicyFile: auditPolicy(t)})
	x := &checkTarget{cluster: c, account: newAccount(t, c, filepath.Join("..", "..", "conf", "rbac-helm.yaml")), dir: t.TempDir()}
	// The trail may not have been written to since the API server started.
	if _, err := c.Client().CoreV1().ConfigMaps("default").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "news"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}

	t.Run("sound", func(t *testing.T) {
		began := time.Now()
		rows, code := x.check(t, nil)
		t.Logf("it took %s", time.Since(began).Round(time.Millisecond))
		expect(t, rows, map[string][2]string{
			"configuration": {"ok", "cluster_name check"}, "reach": {"ok", "connected to 127.0.0.1"}, "tls": {"ok", "verified by CN="},
			"identity": {"ok", "user system:serviceaccount:live-status:live-status"}, "permissions": {"ok", "all that is needed"},
			"versions": {"ok", "Kubernetes v1."}, "clock": {"ok", "our clock"}, "discovery": {"ok", "versions answered for"},
			"audit-file": {"ok", "newest event"}, "cursor": {"ok", "made at the first start"}, "salt": {"ok", "made at the first start"},
			"redaction": {"ok", "rules"}, "downstream": {"skipped", "forward_to"},
		})
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
		if entries, err := os.ReadDir(x.dir); err != nil || len(entries) != 0 {
			t.Errorf("the folder of db holds %v, %v", entries, err)
		}
	})
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	stranger.StartTLS()
	defer stranger.Close()
	down := httptest.NewServer(nil)
	down.Close()
	for _, tt := range []struct {
		name   string
		change map[string]string
		want   map[string][2]string
	}{
		{"wrong authority", map[string]string{"kube_ca_file": x.foreign(t, stranger)}, map[string][2]string{
			"tls": {"failed", "signed by an unknown authority"}, "identity": {"skipped", "needs tls, which failed"}, "audit-file": {"ok", ""},
		}},
		{"unknown token", map[string]string{"kube_token_file": x.file(t, "token", "nonsense")}, map[string][2]string{
			"tls": {"ok", ""}, "identity": {"failed", "401 Unauthorized"}, "permissions": {"skipped", "needs identity"}, "clock": {"ok", ""},
		}},
		{"expired token", map[string]string{"kube_token_file": x.file(t, "token", ended())}, map[string][2]string{
			"identity": {"failed", "it expired 1h0m0s ago -> have a new one written there"},
		}},
		{"no rights", map[string]string{"kube_token_file": x.without(t)}, map[string][2]string{
			"identity": {"ok", "user system:serviceaccount:live-status:nobody"}, "permissions": {"failed", "add to a ClusterRole"}, "versions": {"ok", ""},
		}},
		{"clock behind", map[string]string{"kube_url": x.shifted(t, time.Hour)}, map[string][2]string{
			"clock": {"failed", "behind the API server's -> let both machines take their time from NTP"}, "tls": {"warning", "there is no TLS"},
		}},
		{"clock a little ahead", map[string]string{"kube_url": x.shifted(t, -20*time.Second)}, map[string][2]string{"clock": {"warning", "ahead of the API server's"}}},
		{"API server down", map[string]string{"kube_url": down.URL}, map[string][2]string{"reach": {"failed", "connection refused"}, "tls": {"skipped", "needs reach"}}},
		{"audit log missing", map[string]string{"audit_path": filepath.Join(x.dir, "none.log")}, map[string][2]string{
			"audit-file": {"failed", "--audit-log-path of kube-apiserver"}, "identity": {"ok", ""},
		}},
		{"audit log stale", map[string]string{"audit_path": x.file(t, "audit.log", `{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","stage":"Panic","stageTimestamp":"2020-01-01T00:00:00Z"}`+"\n")}, map[string][2]string{
			"audit-file": {"warning", "kube-apiserver writes all the time"},
		}},
		{"downstream refuses", map[string]string{"forward_to": down.URL}, map[string][2]string{"downstream": {"failed", "connection refused -> nothing listens there"}}},
		{"downstream of a stranger", map[string]string{"forward_to": stranger.URL, "forward_tls_ca_file": c.CAFile()}, map[string][2]string{
			"downstream": {"failed", "unknown authority, O=Acme Co"},
		}},
		{"mistake", map[string]string{"kube_retention_time": "soon"}, map[string][2]string{
			"configuration": {"failed", `kube_retention_time "soon"`}, "audit-file": {"ok", ""}, "cursor": {"ok", ""},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var more []string
			if strings.HasPrefix(tt.name, "clock") {
				// The proxy is for that.
				more = []string{"--only", "tls,clock"}
			}
			rows, code := x.check(t, tt.change, more...)
			expect(t, rows, tt.want)
			failed := false
			for _, w := range tt.want {
				failed = failed || w[0] == "failed"
			}
			if failed != (code == 1) {
				t.Errorf("exit code %d", code)
			}
		})
	}
	t.Run("files of others", x.othersFiles)
}

// foreign is the certificate of a server of another authority.
func (x *checkTarget) foreign(t *testing.T, s *httptest.Server) string {
	return x.file(t, "ca.crt", pemOf(s.Certificate().Raw))
}

func (x *checkTarget) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pemOf(der []byte) string {
	return "-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END CERTIFICATE-----\n"
}

// ended is a token that expired an hour ago.
func ended() string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(fmt.Appendf(nil, `{"exp":%d}`, time.Now().Add(-time.Hour).Unix())) + ".c2ln"
}

// without is the token of an account that nobody has granted anything.
func (x *checkTarget) without(t *testing.T) string {
	t.Helper()
	accounts := x.cluster.Client().CoreV1().ServiceAccounts(accountNamespace)
	if _, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "nobody"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	token, err := x.cluster.ServiceAccountToken(t.Context(), accountNamespace, "nobody", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return x.file(t, "token", token)
}

// shifted is a proxy that tells another time.
func (x *checkTarget) shifted(t *testing.T, by time.Duration) string {
	t.Helper()
	to, err := url.Parse(x.cluster.URL())
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(x.cluster.RESTConfig()))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: transport,
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
			return nil
		},
	})
	t.Cleanup(s.Close)
	return s.URL
}

// othersFiles has the command run by a user who may neither read the log nor write
// the folder of db.
func (x *checkTarget) othersFiles(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o555); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "audit.log")
	if err := os.WriteFile(log, []byte("{}\n"), 0o000); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "live-status")
	if err := copyProgram(program, command); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "check", "--format", "json", "-p", "kube_events=off", "-p", "cluster_name=c",
		"-p", "audit_path="+log, "-p", "db="+filepath.Join(closed, "live-status.db"))
	cmd.Dir = dir
	if os.Geteuid() == 0 {
		// Root may do everything.
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	raw, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%v: %s", err, raw)
	}
	var out struct{ Checks []checked }
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	expect(t, out.Checks, map[string][2]string{
		"configuration": {"failed", "db "}, "audit-file": {"failed", "permission denied -> let this process read it"}, "cursor": {"skipped", "db is wrong, see configuration"},
	})
}

func copyProgram(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
