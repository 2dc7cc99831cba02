package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// An API server that logs and posts tells everything twice; each event makes one
// record.
func TestBothAuditSourcesAtOnce(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		webhook := newWebhook(t, controlplane.WebhookMutualTLS)
		r := newRun(t, h)
		opts := controlplane.Options{
			AuditPolicyFile: auditPolicy(t), AuditWebhookFile: webhook.Kubeconfig, StateDir: filepath.Join(r.dir, "cluster"),
			APIServerFlags: []string{"--audit-log-maxsize=1", "--audit-log-maxbackup=0", "--audit-webhook-batch-max-wait=300ms"},
		}
		input := auditOptions(filepath.Join(r.dir, "cursor.db"))
		maps.Copy(input, webhookOptions(webhook))
		input["audit_path"] = filepath.Join(opts.StateDir, "audit")
		r.inputs = append(r.inputs, input)
		r.configure(t)
		p := r.start(t)
		arrived := newArrivals(r)
		p.listens(t, webhook.Address)
		c := clusterWith(t, opts)
		q := newRequester(t, c)
		q.requests(t.Context(), t, 5000, 800)
		want := logged(t, c)
		arrived.await(t, time.Minute, want)
		// Both have told it: wait until the slower one has, too.
		eventually(t, time.Minute, "the repeats of the second source", func() bool {
			return counter(arrived.reader.read(t), "deduplicated") >= int64(len(want))
		})
		end(t, c)
		p.terminate(t)
		if arrived.follow(t); arrived.repeats > 0 {
			t.Errorf("%d of %d records are repeats", arrived.repeats, len(arrived.order))
		}
		if dropped := givenUp(t, c); len(dropped) > 0 {
			t.Errorf("the API server gave up on %d events", len(dropped))
		}
	})
}

// counter returns a counter of the plugin's last report on itself.
func counter(records []record, name string) int64 {
	for _, rec := range slices.Backward(records) {
		if n, ok := rec.Monitor.Counters[name].(float64); ok {
			return int64(n)
		}
	}
	return 0
}

// tight are options that let the spool fill: little is taken from it at a time.
func tight(db string) map[string]string {
	options := auditOptions(db)
	options["audit_spool_max_size"], options["audit_max_body"] = "1MiB", "512KiB"
	options["batch_max_bytes"] = "256KiB"
	options["monitor_interval"] = "1s"
	return options
}

// Whoever posts to a full spool is told to come again, and when.
func TestAFullSpoolRefuses(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		webhook := newWebhook(t, controlplane.WebhookMutualTLS)
		r := newRun(t, h)
		input := tight(filepath.Join(r.dir, "cursor.db"))
		maps.Copy(input, webhookOptions(webhook))
		r.inputs = append(r.inputs, input)
		r.configure(t)
		p := r.start(t)
		arrived := newArrivals(r)
		p.listens(t, webhook.Address)

		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		client := poster(t, webhook)
		want, refused := trail{}, 0
		for i := range 40 {
			body := eventList(i, 80, want)
			for {
				code, after := post(ctx, t, client, webhook.URL, body)
				if code == http.StatusOK {
					break
				}
				if code != http.StatusTooManyRequests || after < time.Second {
					t.Fatalf("answered %d, to be tried again after %s; want 429 and a second at least", code, after)
				}
				refused++
				time.Sleep(200 * time.Millisecond)
			}
		}
		if refused == 0 {
			t.Error("nothing was refused: the spool was never full")
		}
		arrived.await(t, time.Minute, want)
		p.terminate(t)
		if invented := arrived.follow(t).without(want); len(invented) > 0 || arrived.repeats > 0 {
			t.Errorf("%d records are of nothing that was posted, and %d are repeats", len(invented), arrived.repeats)
		}
		t.Logf("%d events taken, %d posts refused", len(want), refused)
	})
}

// An API server keeps what a full spool refuses, and sends it again.
func TestAFullSpoolLosesNothing(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		webhook := newWebhook(t, controlplane.WebhookBearerToken)
		r := newRun(t, h)
		input := tight(filepath.Join(r.dir, "cursor.db"))
		maps.Copy(input, webhookOptions(webhook))
		r.inputs = append(r.inputs, input)
		r.configure(t)
		p := r.start(t)
		arrived := newArrivals(r)
		p.listens(t, webhook.Address)
		c := clusterWith(t, controlplane.Options{
			AuditPolicyFile: auditPolicy(t), AuditWebhookFile: webhook.Kubeconfig,
			APIServerFlags: []string{
				"--audit-log-maxsize=0", "--audit-webhook-batch-max-wait=300ms", "--audit-webhook-batch-max-size=200",
				"--audit-webhook-initial-backoff=2s",
			},
		})
		q := newRequester(t, c)
		q.requests(t.Context(), t, 1200, 0)
		arrived.await(t, 2*time.Minute, logged(t, c))
		end(t, c)
		p.terminate(t)
		invented := arrived.follow(t).without(logged(t, c))
		if len(invented) > 0 {
			t.Errorf("%d records are of nothing that was logged: %v", len(invented), invented.some())
		}
		if dropped := givenUp(t, c); len(dropped) > 0 {
			t.Errorf("the API server gave up on %d events", len(dropped))
		}
		refused := 0.0
		for _, rec := range arrived.reader.read(t) {
			for _, source := range rec.Monitor.Sources {
				if n, ok := source["refused"].(float64); ok {
					refused = max(refused, n)
				}
			}
		}
		if refused == 0 {
			t.Error("nothing was refused: the spool was never full")
		}
		t.Logf("%d records, %d of them repeats; %.0f posts refused", len(arrived.order), arrived.repeats, refused)
	})
}

// poster is a client that the webhook knows.
func poster(t testing.TB, webhook controlplane.AuditWebhook) *http.Client {
	t.Helper()
	ca, err := os.ReadFile(webhook.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if webhook.ClientCertFile != "" {
		pair, err := tls.LoadX509KeyPair(webhook.ClientCertFile, webhook.ClientKeyFile)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// post returns the answer's code, and after what time it asks to be tried again.
func post(ctx context.Context, t testing.TB, client *http.Client, url string, body []byte) (code int, after time.Duration) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	if s := response.Header.Get("Retry-After"); s != "" {
		seconds, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("Retry-After: %v", err)
		}
		after = time.Duration(seconds) * time.Second
	}
	return response.StatusCode, after
}

// eventList makes the i-th body of n events, about a kilobyte each, and adds them
// to the trail.
func eventList(i, n int, to trail) []byte {
	var b bytes.Buffer
	b.WriteString(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[`)
	for k := range n {
		if k > 0 {
			b.WriteByte(',')
		}
		id := fmt.Sprintf("00000000-0000-4000-8000-%06d%06d", i, k)
		now := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z07:00")
		fmt.Fprintf(&b, `{"level":"Metadata","auditID":%q,"stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods/web-%d","verb":"get",`+
			`"user":{"username":"alice","groups":["system:authenticated"]},"sourceIPs":["192.0.2.1"],"userAgent":%q,`+
			`"objectRef":{"resource":"pods","namespace":"shop","name":"web-%d","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":200},`+
			`"requestReceivedTimestamp":%q,"stageTimestamp":%q,"annotations":{"authorization.k8s.io/decision":"allow"}}`,
			id, k, "agent/"+strings.Repeat("x", 400), k, now, now)
		to[step{id, complete}] = true
	}
	b.WriteString("]}")
	return b.Bytes()
}
