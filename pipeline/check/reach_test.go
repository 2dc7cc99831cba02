package check

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

func counting(n *int) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { *n++ })
}

func TestReach(t *testing.T) {
	s := httptest.NewServer(api{})
	defer s.Close()
	says(t, only(t, Reach, config.Map{"kube_url": s.URL}), "reach ok: http://127.0.0.1:...: connected to 127.0.0.1:... in ... (from kube_url)")
	says(t, only(t, Reach, config.Map{"kube_url": strings.Replace(s.URL, "127.0.0.1", "localhost", 1)}), "reach ok: http://localhost:...: localhost is ...127.0.0.1..., connected to")
	says(t, only(t, Reach, config.Map{"kube_url": "http://" + refused(t)}), "reach failed: http://127.0.0.1:...: connection refused... -> nothing listens there")
	says(t, only(t, Reach, offline(nil)), "reach skipped: kube_events and kube_objects are off")
}

func TestReachOfNoCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", "")
	t.Setenv("HOME", t.TempDir())
	says(t, only(t, Reach, config.Map{}), "reach failed: find a cluster: ... -> set kube_config, or kube_url")
}

// The proxy is named without its password.
func TestReachThroughAProxy(t *testing.T) {
	s := httptest.NewServer(api{})
	defer s.Close()
	kubeconfig := t.TempDir() + "/config"
	for proxy, want := range map[string]string{
		strings.Replace(s.URL, "http://", "http://user:geheim-1234@", 1): "reach ok: https://kubernetes.example:6443 through the proxy http://127.0.0.1:...: connected to",
		"http://user:geheim-1234@" + refused(t):                          "reach failed: the proxy http://127.0.0.1:... for https://kubernetes.example:6443: connection refused... -> check the proxy",
	} {
		write(t, kubeconfig, []byte(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
users: [{name: u, user: {token: abc}}], clusters: [{name: c, cluster: {server: "https://kubernetes.example:6443", proxy-url: "`+proxy+`"}}]}`))
		rows := only(t, Reach, config.Map{"kube_config": kubeconfig})
		says(t, rows, want)
		if strings.Contains(text(rows), "geheim") {
			t.Errorf("the password is told: %s", text(rows))
		}
	}
}
