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

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestArguments(t *testing.T) {
	for _, tt := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"", 0, usage, ""},
		{"version", 0, "dev\n", ""},
		{"--version", 0, "dev\n", ""},
		{"version now", 2, "", `unexpected argument "now"`},
		{"help", 0, usage, ""},
		{"--help", 0, usage, ""},
		{"-h", 0, usage, ""},
		{"help assess", 0, assessUsage, ""},
		{"assess --help", 0, assessUsage, ""},
		{"help redact", 0, redactUsage, ""},
		{"help walk", 2, "", `unknown command "walk"`},
		{"help completion", 0, completionUsage, ""},
		{"run --help", 0, runUsage + optionUsage(config.Options()), ""},
		{"replay -h", 0, replayUsage + optionUsage(config.ReplayOptions()), ""},
		{"walk", 2, "", `unknown command "walk"`},
		{"reply", 2, "", `unknown command "reply": did you mean "replay"?`},
		{"--verbose", 2, "", "unknown flag --verbose"},
		{"completion", 2, "", "write one shell: bash, zsh, fish, powershell"},
		{"completion csh", 2, "", `unknown shell "csh"`},
		{"run -p kube_config", 2, "", `"kube_config" is no key=value`},
		{"run -p kube_namspace=shop", 2, "", `did you mean "kube_namespace"?`},
		{"run --kube-namspace shop", 2, "", "unknown flag --kube-namspace: did you mean --kube-namespace?"},
		{"run -p nonsense=1", 2, "", `unknown key "nonsense"`},
		{"run -p forward_to=stdout", 2, "", "forward_to is of no use for run"},
		{"run --nonsense", 2, "", "unknown flag --nonsense\nlive-status: `live-status run --help` lists the arguments"},
		{"run -x", 2, "", "unknown flag -x"},
		{"run --kube-config", 2, "", "flag needs an argument: --kube-config"},
		{"run --kube-config=", 2, "", "--kube-config: no value is given"},
		{"run kube_config=x", 2, "", `unexpected argument "kube_config=x": write -p kube_config=x`},
		{"run x", 2, "", `unexpected argument "x": write -p key=value`},
		{"run --kube-events off", 2, "", "takes its value with =, as in"},
		{"run -p kube_retention_time=soon", 2, "", `kube_retention_time "soon"`},
		{"run --kube-retention-time soon", 2, "", `kube_retention_time "soon"`},
		{"run -p kube_config=/does/not/exist", 2, "", `kube_config "/does/not/exist"`},
		{"run --kube_config /does/not/exist", 2, "", `kube_config "/does/not/exist"`},
		{"run --db.sync sometimes", 2, "", `db.sync "sometimes"`},
		{"run --only events", 2, "", `--only: "events" is no type of records: write some of event, audit,`},
		{"run --input x", 2, "", "--input chooses from a file: write -c FILE too"},
		{"run -c nowhere.yaml", 2, "", "-c: open nowhere.yaml: no such file or directory"},
		{"run --kube-events=off --audit-path x --cluster-name c -o nowhere/x", 2, "", "-o: open nowhere/x: no such file or directory"},
		{"run --kube-events=off --audit-path x --cluster-name c -o .", 2, "", "-o: open .: is a directory"},
		{"replay", 2, "", "nothing is named to replay"},
		{"replay audit.log", 2, "", `unexpected argument "audit.log": write --audit`},
		{"replay --audit", 2, "", "flag needs an argument: --audit"},
		{"replay --audit=", 2, "", "--audit: no file is named"},
		{"replay --audit nowhere.log", 2, "", "open nowhere.log: no such file or directory"},
		{"replay --audit . --events nowhere", 2, "", ".: is a folder: name the files in it\nlive-status: open nowhere:"},
		{"replay --audit - --events -", 2, "", "standard input can be read once"},
		{"replay --audit - -", 2, "", "standard input can be read once"},
		{"replay --audit - -o yaml", 2, "", `-o: "yaml" is no format: write table, json or jsonl`},
		{"replay --audit - --type x", 2, "", `--type: "x" is no type of records`},
		{"replay --audit - --object web", 2, "", `--object: "web" names no object`},
		{"replay --audit - --application a/b/c", 2, "", "--application: \"a/b/c\" is neither"},
		{"replay --audit - --user=", 2, "", "--user: no user is named"},
		{"replay --audit - --since noon", 2, "", `--since: "noon" is no time: write 2026-`},
		{"replay --audit - --since 1h --until 2h", 2, "", "is before --since"},
		{"replay --audit - -p kube_config=x", 2, "", "kube_config is of no use for replay"},
		{"replay --audit - --kube-config x", 2, "", "unknown flag --kube-config"},
		{"replay --audit - --redact-rules-file nowhere", 2, "", "redact_rules_file \"nowhere\""},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Chdir(t.TempDir())
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
