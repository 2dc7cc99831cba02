package controlplane_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: RequestResponse
  resources: [{group: "", resources: [events]}]
- level: Metadata
`

// trail is a set of stages of requests.
type trail struct {
	mu   sync.Mutex
	seen map[string]bool
}

type auditEvent struct {
	AuditID string `json:"auditID"`
	Stage   string `json:"stage"`
}

func (tr *trail) add(events ...auditEvent) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, ev := range events {
		tr.seen[ev.AuditID+" "+ev.Stage] = true
	}
}

func (tr *trail) holds(other *trail) bool {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	for key := range other.seen {
		if !tr.seen[key] {
			return false
		}
	}
	return true
}

// TestAudit sends the audit trail to a webhook and to files that rotate: both
// get the same.
func TestAudit(t *testing.T) {
	for _, auth := range []controlplane.WebhookAuth{controlplane.WebhookMutualTLS, controlplane.WebhookBearerToken} {
		t.Run(string(auth), func(t *testing.T) {
			dir := t.TempDir()
			webhook, err := controlplane.NewAuditWebhook(t.Context(), dir, auth)
			if err != nil {
				t.Fatal(err)
			}
			posted := receive(t, webhook)
			policy := filepath.Join(dir, "policy.yaml")
			if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
				t.Fatal(err)
			}
			cluster := start(t, controlplane.Options{
				AuditPolicyFile: policy, AuditWebhookFile: webhook.Kubeconfig,
				APIServerFlags: []string{
					"--audit-log-maxsize=1", "--audit-log-maxbackup=0",
					"--audit-webhook-mode=batch", "--audit-webhook-batch-max-wait=200ms",
				},
			})
			for i := range 400 {
				createEvent(t.Context(), t, cluster.Client(), fmt.Sprintf("audited-%d", i))
			}
			var files []string
			deadline := time.Now().Add(time.Minute)
			for {
				logged := &trail{seen: map[string]bool{}}
				files, err = cluster.AuditLogs()
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					read(t, file, logged)
				}
				if len(logged.seen) < 800 {
					t.Fatalf("%d stages of requests are logged, want at least two of each request", len(logged.seen))
				}
				if posted.holds(logged) {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("what was logged was not posted within a minute")
				}
				time.Sleep(50 * time.Millisecond)
			}
			if len(files) < 2 {
				t.Errorf("the log did not rotate: %v", files)
			}
		})
	}
}

func TestUnknownWebhookAuth(t *testing.T) {
	if _, err := controlplane.NewAuditWebhook(t.Context(), t.TempDir(), "kerberos"); err == nil {
		t.Error("got no error")
	}
}

// receive serves the webhook and collects what is posted by who may.
func receive(t *testing.T, webhook controlplane.AuditWebhook) *trail {
	t.Helper()
	posted := &trail{seen: map[string]bool{}}
	var token string
	if webhook.TokenFile != "" {
		token = strings.TrimSpace(string(content(t, webhook.TokenFile)))
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token != "" && r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		var list struct {
			Items []auditEvent `json:"items"`
		}
		if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
			t.Errorf("a body of the API server: %v", err)
		}
		posted.add(list.Items...)
	})}
	if webhook.ClientCAFile != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(content(t, webhook.ClientCAFile))
		server.TLSConfig = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	}
	listener, err := net.Listen("tcp", webhook.Address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(listener, webhook.CertFile, webhook.KeyFile) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), <-done); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return posted
}

// read adds the whole lines of a log.
func read(t *testing.T, file string, to *trail) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(string(content(t, file))))
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var ev auditEvent
		if json.Unmarshal(lines.Bytes(), &ev) == nil {
			to.add(ev)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
