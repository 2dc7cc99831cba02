package docs

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// serveMetrics runs the input with metrics, as docs/CHECKMK.md takes them for granted:
// over TLS and for those whom the API server lets. $METRICS is where.
func (p *place) serveMetrics(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	// Any certificate for 127.0.0.1 will do.
	hook, err := controlplane.NewAuditWebhook(t.Context(), dir, controlplane.WebhookBearerToken)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "live-status-ca.pem", read(t, hook.CAFile))
	link(t, repository(t, "build", "live-status"), filepath.Join(p.dir, "live-status"))
	for _, folder := range []string{"local/bin", "etc"} {
		if err := os.MkdirAll(filepath.Join(p.home, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	address := freeAddress(t)
	cmd := exec.CommandContext(t.Context(), filepath.Join(p.bin, "live-status-host"), "-e", repository(t, "build", "in_live_status.so"), "-i", "live_status",
		"-p", "kube_config="+p.cluster.Kubeconfig(), "-p", "metrics_listen="+address,
		"-p", "metrics_tls_crt_file="+hook.CertFile, "-p", "metrics_tls_key_file="+hook.KeyFile)
	out := &output{}
	cmd.Stderr = out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(time.Minute); ; {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no metrics: %v\n%s", err, tail(out.String()))
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.env = append(p.env, "METRICS=https://"+address)
	if !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("metrics at %s", address)
	}
}
