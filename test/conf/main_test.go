package conf

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fluent-live/live-status/test/controlplane"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file is the path of one of the repository's files.
func file(t *testing.T, elements ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"..", ".."}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs etcd and an API server for one test.
func start(t *testing.T, opts controlplane.Options) *controlplane.Cluster {
	t.Helper()
	opts.StateDir = t.TempDir()
	cluster, err := controlplane.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		select {
		case err := <-cluster.Failed():
			t.Errorf("a component ended by itself: %v", err)
		default:
		}
	})
	return cluster
}

// entry is what the tests ask of an audit event.
type entry struct {
	Level          string          `json:"level"`
	AuditID        string          `json:"auditID"`
	Stage          string          `json:"stage"`
	RequestURI     string          `json:"requestURI"`
	RequestObject  json.RawMessage `json:"requestObject"`
	ResponseObject json.RawMessage `json:"responseObject"`
	User           struct {
		Username string `json:"username"`
	} `json:"user"`
	ImpersonatedUser *struct {
		Username string `json:"username"`
	} `json:"impersonatedUser"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// logged reads the audit log up to its last whole line, by Audit-ID.
func logged(t *testing.T, cluster *controlplane.Cluster) map[string][]entry {
	t.Helper()
	data, err := os.ReadFile(cluster.AuditLog())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]entry{}
	for line := range bytes.Lines(data[:bytes.LastIndexByte(data, '\n')+1]) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("a line of the audit log is not JSON: %v", err)
		}
		out[e.AuditID] = append(out[e.AuditID], e)
	}
	return out
}

func eventually(t *testing.T, within time.Duration, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(within)
	for !done() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// section is the text of a Markdown file between an HTML comment that opens it
// and the end of the next code block.
func section(t *testing.T, markdown, mark string) []string {
	t.Helper()
	_, rest, found := strings.Cut(markdown, "<!-- "+mark+" -->")
	if !found {
		t.Fatalf("no section %q", mark)
	}
	_, rest, opened := strings.Cut(rest, "```")
	block, _, closed := strings.Cut(rest, "\n```")
	if !opened || !closed {
		t.Fatal(errors.New("no code block after " + mark))
	}
	return strings.Split(block, "\n")[1:]
}
