package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestArguments(t *testing.T) {
	for _, tt := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"version", 0, "dev\n", ""},
		{"help", 0, usage, ""},
		{"walk", 2, "", `unknown command "walk"`},
		{"run --kube_config x", 2, "", `unexpected argument "--kube_config"`},
		{"run -p kube_config", 2, "", `"kube_config" is no key=value`},
		{"run -p kube_namspace=shop", 2, "", `did you mean "kube_namespace"?`},
		{"run -p nonsense=1", 2, "", `unknown key "nonsense"`},
		{"run -p kube_retention_time=soon", 2, "", `kube_retention_time "soon"`},
		{"run -p kube_config=/does/not/exist", 2, "", `kube_config "/does/not/exist"`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), strings.Fields(tt.args), strings.NewReader(""), &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if stdout.String() != tt.stdout || !strings.Contains(stderr.String(), tt.stderr) || (tt.stderr == "" && stderr.Len() > 0) {
				t.Errorf("stdout %q, stderr %q", &stdout, &stderr)
			}
		})
	}
}

// A run ends with everything that was read, and says that it ends.
func TestRunEndsInOrder(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := `{"metadata":{"uid":"cluster-1","resourceVersion":"9"},"items":[]}`
		if r.URL.Query().Get("watch") != "" {
			body = fmt.Sprintf(`{"type":"ADDED","object":{"metadata":{"name":"e","namespace":"shop","uid":"u","resourceVersion":"9","creationTimestamp":%q},"regarding":{"kind":"Pod","name":"web"}}}
{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}
`, time.Now().UTC().Format(time.RFC3339))
		}
		// A client that has gone needs no answer.
		_, _ = io.WriteString(w, body)
	}))
	defer srv.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: %q}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n", srv.URL)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stdout := &watched{seen: func(s string) {
		if strings.Contains(s, `"type":"event"`) {
			cancel()
		}
	}}
	var stderr bytes.Buffer
	if code := run(ctx, []string{"run", "-p", "kube_config=" + kubeconfig}, strings.NewReader(""), stdout, &stderr); code != 0 {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	var got []string
	for line := range strings.Lines(stdout.String()) {
		var rec struct {
			Type    string
			Monitor struct{ Phase string }
		}
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatal(err)
		}
		got = append(got, rec.Type+rec.Monitor.Phase)
	}
	if want := []string{"monitor_statusstart", "event", "monitor_statusstop"}; !slices.Equal(got, want) {
		t.Errorf("records %v, want %v", got, want)
	}
}

// watched tells what is written to it.
type watched struct {
	bytes.Buffer
	seen func(string)
}

func (w *watched) Write(p []byte) (int, error) {
	w.seen(string(p))
	return w.Buffer.Write(p)
}
