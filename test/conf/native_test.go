package conf

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/fluentbit"
)

// down reports whether nobody answers any more, as after a stop.
func down(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

func get(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer http.DefaultClient.CloseIdleConnections()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}

// forwarded starts the downstream that the output plugin is to send to.
func forwarded(t *testing.T, p *place) *received {
	t.Helper()
	r := newReceived()
	certificate, err := tls.LoadX509KeyPair(p.hook.CertFile, p.hook.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(lines(t, r))
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
	s.StartTLS()
	t.Cleanup(s.Close)
	p.replace(t, "https://collector.example.com/live-status", s.URL+"/live-status")
	return r
}

func forwardsEvents(t *testing.T, p *place) func() error {
	t.Helper()
	r := forwarded(t, p)
	return func() error {
		return r.has([]string{"event", "object_status", "application_status", "monitor_status"}, "application", "matched")
	}
}

// forwardsTrail has the log read in both of the ways that the file shows.
func forwardsTrail(t *testing.T, p *place) func() error {
	t.Helper()
	r := forwarded(t, p)
	entries := p.trail(t)
	p.replace(t, "    # - name: tail", "    - name: tail")
	_, rest, _ := strings.Cut(p.text, "tag: audit.lines")
	for line := range strings.Lines(rest) {
		if option, found := strings.CutPrefix(line, "    #   "); found {
			p.text = strings.ReplaceAll(p.text, line, "      "+option)
		}
	}
	// The second reads other entries than the first, so that each is seen to work.
	half := len(entries) / 2
	p.write(t, "audit/audit.log", strings.Join(entries[:half], "\n")+"\n")
	p.write(t, "audit/parsed.log", strings.Join(entries[half:], "\n")+"\n")
	before, after, _ := strings.Cut(p.text, "tag: audit.parsed")
	p.text = before + "tag: audit.parsed" + strings.Replace(after, "audit.log", "parsed.log", 1)
	want := auditIDs(t, entries)
	return func() error {
		if n := r.audited(); n != want {
			return errors.Join(fmt.Errorf("%d audit events of %d", n, want), r.has(nil))
		}
		return r.has([]string{"audit", "monitor_status"}, "not_watched")
	}
}

// auditIDs counts the audit events of a log, but for those that are left out:
// beginnings of what lasts.
func auditIDs(t *testing.T, entries []string) int {
	t.Helper()
	ids := map[string]bool{}
	for _, line := range entries {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Stage != "ResponseStarted" {
			ids[e.AuditID] = true
		}
	}
	return len(ids)
}

func receivesPosts(t *testing.T, p *place) func() error {
	t.Helper()
	r := forwarded(t, p)
	listenAt(t, p, "9443")
	return func() error {
		if n := r.audited(); n != posted {
			return errors.Join(fmt.Errorf("%d audit events of %d", n, posted), r.has(nil))
		}
		return r.has([]string{"audit", "monitor_status"})
	}
}

func listenAt(t *testing.T, p *place, port string) {
	t.Helper()
	_, free, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	p.replace(t, "listen: 0.0.0.0", "listen: 127.0.0.1")
	p.replace(t, "port: "+port, "port: "+free)
	p.write(t, "port", free)
}

// posted is how many audit events a batch of post has: 100 of 160 KiB, the most
// that docs/AUDIT.md has an API server send at once.
const posted, postedSize = 100, 160 << 10

// post sends a batch as the API server does, which the default size of a body
// would not let pass.
func post(t *testing.T, p *place) {
	t.Helper()
	var list struct {
		Kind       string           `json:"kind"`
		APIVersion string           `json:"apiVersion"`
		Items      []map[string]any `json:"items"`
	}
	list.Kind, list.APIVersion = "EventList", "audit.k8s.io/v1"
	template, _, _ := strings.Cut(recorded(t, "audit-metadata.jsonl.gz"), "\n")
	for i := range posted {
		var item map[string]any
		if err := json.Unmarshal([]byte(template), &item); err != nil {
			t.Fatal(err)
		}
		item["auditID"] = fmt.Sprintf("posted-%d", i)
		item["level"] = "Request"
		item["requestObject"] = map[string]any{
			"kind": "ConfigMap", "apiVersion": "v1", "metadata": map[string]any{"name": "large"},
			"data": map[string]any{"text": strings.Repeat("a long text ", postedSize/len("a long text "))},
		}
		list.Items = append(list.Items, item)
	}
	body, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(read(t, p.hook.CAFile))) {
		t.Fatal("no certificate of an authority")
	}
	certificate, err := tls.LoadX509KeyPair(p.hook.ClientCertFile, p.hook.ClientKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	url := "https://127.0.0.1:" + read(t, p.path("port")) + "/audit"
	for _, c := range []struct {
		certificates []tls.Certificate
		taken        bool
	}{{nil, false}, {[]tls.Certificate{certificate}, true}} {
		transport := &http.Transport{
			ForceAttemptHTTP2: true,
			TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: c.certificates},
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := (&http.Client{Transport: transport, Timeout: time.Minute}).Do(req)
		status := 0
		if err == nil {
			status = resp.StatusCode
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
		}
		transport.CloseIdleConnections()
		if (status == http.StatusOK) != c.taken {
			t.Errorf("a batch of %d bytes, with %d certificates: %d, %v", len(body), len(c.certificates), status, err)
		}
	}
	// The one without certificate is told of.
	p.expected = append(p.expected, "peer did not return a certificate")
}

const sharedKey = "a-shared-key"

func receivesForward(t *testing.T, p *place) func() error {
	t.Helper()
	r := forwarded(t, p)
	listenAt(t, p, "24224")
	p.env = append(p.env, "FORWARD_SHARED_KEY="+sharedKey)
	want := auditIDs(t, p.trail(t))
	return func() error {
		if n := r.audited(); n != want {
			return errors.Join(fmt.Errorf("%d audit events of %d", n, want), r.has(nil))
		}
		return r.has([]string{"audit", "monitor_status"})
	}
}

// sendForward has another Fluent Bit send the trail, as one on a node does.
func sendForward(t *testing.T, p *place) {
	t.Helper()
	config := p.write(t, "sender.yaml", fmt.Sprintf(`service:
  flush: 1
pipeline:
  inputs:
    - name: tail
      tag: node.audit
      path: %s
      read_from_head: on
  outputs:
    - name: forward
      match: '*'
      host: 127.0.0.1
      port: %s
      tls: on
      tls.ca_file: %s
      shared_key: %s
      self_hostname: node
      require_ack_response: on
      retry_limit: no_limits
`, p.path("audit", "audit.log"), read(t, p.path("port")), p.hook.CAFile, sharedKey))
	launch(t, fluentbit.Path(), []string{"-c", config}, p.path("sender.out"), p.path("sender.log"))
}
