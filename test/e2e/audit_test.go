package e2e

import (
	"context"
	"maps"
	"math/rand/v2"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// auditKills is how often the plugin is killed while it is told of requests.
const auditKills = 20

// auditMode is a way in which the API server hands out its audit trail.
type auditMode struct {
	name     string
	requests int
	// perSecond leaves the plugin some two seconds from kill to kill.
	perSecond int
	// webhook says how the API server proves who it is; empty for files.
	webhook controlplane.WebhookAuth
	flags   []string
	// compressed and strict say what the flags ask for.
	compressed, strict bool
}

var auditModes = []auditMode{
	{
		name: "file", requests: 50_000, perSecond: 1200,
		flags: []string{"--audit-log-maxsize=1", "--audit-log-maxbackup=0"},
	},
	{
		name: "file-compressed", requests: 12_000, perSecond: 400, compressed: true,
		flags: []string{"--audit-log-maxsize=1", "--audit-log-maxbackup=0", "--audit-log-compress"},
	},
	{
		// Five attempts from one second on outlast every outage of this test, so
		// that nothing is lost before it reaches the plugin. Without the throttle,
		// no more than is on its way at a kill comes again.
		name: "webhook-batch", requests: 50_000, perSecond: 1200, webhook: controlplane.WebhookMutualTLS,
		flags: []string{
			"--audit-log-maxsize=0", "--audit-webhook-mode=batch", "--audit-webhook-initial-backoff=1s",
			"--audit-webhook-batch-max-wait=500ms", "--audit-webhook-batch-throttle-enable=false",
		},
	},
	{
		// Attempts that end before the plugin is back: requests are refused.
		name: "webhook-blocking-strict", requests: 12_000, perSecond: 400, webhook: controlplane.WebhookBearerToken, strict: true,
		flags: []string{
			"--audit-log-maxsize=0", "--audit-webhook-mode=blocking-strict", "--audit-webhook-initial-backoff=10ms",
		},
	},
}

// TestAuditIsNotLost makes requests while the plugin is killed at random moments,
// and compares the records with what the API server itself has logged. Each
// audit event must arrive, none may be made up, and only what was handed over and
// not committed before a kill may come twice.
func TestAuditIsNotLost(t *testing.T) {
	for _, mode := range auditModes {
		t.Run(mode.name, func(t *testing.T) {
			eachHost(t, func(t *testing.T, h host) { auditIsNotLost(t, h, mode) })
		})
	}
}

func auditIsNotLost(t *testing.T, h host, mode auditMode) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	s := newAudit(t, h, mode)
	began := time.Now()
	writing := make(chan struct{})
	go func() {
		defer close(writing)
		s.requests(ctx, t, mode.requests, mode.perSecond)
	}()
	for i := range auditKills {
		s.until(t, int64((float64(i)+rand.Float64())*float64(mode.requests)/auditKills))
		s.process.kill()
		s.start(t)
	}
	<-writing
	written := time.Since(began)

	want := logged(t, s.cluster)
	if missing := s.unaudited(want, complete); len(missing) > 0 {
		t.Fatalf("the API server did not log %d of the requests that it served: %v", len(missing), missing.some())
	}
	dropped := givenUp(t, s.cluster)
	switch {
	case mode.strict:
		// What the API server has given up on is in its log and on its way to
		// nobody. But it serves no request of which the plugin has not stored the
		// receipt.
		for id := range s.answered {
			if dropped[step{id, received}] {
				t.Errorf("request %s was served although its receipt was not stored", id)
			}
		}
		if len(s.refused) == 0 {
			t.Error("no request was refused: the plugin was never away for long enough to show anything")
		}
		want = want.without(dropped)
	case len(dropped) > 0:
		t.Fatalf("the API server gave up on %d audit events: this test was too slow with the plugin's restart", len(dropped))
	}
	s.await(t, 2*time.Minute, want)
	arrived := time.Since(began)

	// The last batch is committed once the next one is asked for.
	s.live(t, 3*time.Second)
	end(t, s.cluster)
	s.process.terminate(t)
	if invented := s.follow(t).without(logged(t, s.cluster)); len(invented) > 0 {
		t.Errorf("%d records are of nothing that was logged: %v", len(invented), invented.some())
	}
	if !h.real {
		checkBatches(t, s.order, s.lives)
	}
	files, gz := rotated(t, s.cluster)
	if mode.webhook == "" && files < 10 || mode.compressed && gz < 10 {
		t.Errorf("the log was rotated %d times and %d files compressed: too few to show anything", files, gz)
	}
	t.Logf("%d requests (%d refused), %d audit events, %d given up by the API server, %d records; %d kills repeated %d records (%.1f per kill); %d lines torn by a kill; %d rotated files, %d of them compressed; the requests took %.0f s, all had arrived after %.0f s",
		len(s.answered), len(s.refused), len(want), len(dropped), len(s.order), auditKills, s.repeats, float64(s.repeats)/auditKills,
		s.reader.torn, files, gz, written.Seconds(), arrived.Seconds())
}

// audit is one plugin with a server that tells it what it is asked.
type audit struct {
	*requester
	*arrivals
	cluster *controlplane.Cluster
	run     *run
	process *process
	// lives are the numbers of records that had come when a life began.
	lives []int
}

// newAudit starts the plugin and then the server: one that has to tell somebody
// serves nothing before it can.
func newAudit(t *testing.T, h host, mode auditMode) *audit {
	t.Helper()
	r := newRun(t, h)
	opts := controlplane.Options{AuditPolicyFile: auditPolicy(t), StateDir: filepath.Join(r.dir, "cluster"), APIServerFlags: mode.flags}
	input := auditOptions(filepath.Join(r.dir, "cursor.db"))
	if mode.webhook == "" {
		input["audit_path"] = filepath.Join(opts.StateDir, "audit")
	} else {
		webhook := newWebhook(t, mode.webhook)
		opts.AuditWebhookFile = webhook.Kubeconfig
		maps.Copy(input, webhookOptions(webhook))
		input["audit_spool_file"] = filepath.Join(r.dir, "spool.db")
	}
	r.inputs = append(r.inputs, input)
	r.configure(t)
	s := &audit{arrivals: newArrivals(r), run: r}
	s.start(t)
	if mode.webhook != "" {
		s.process.listens(t, input["audit_webhook_listen"])
	}
	s.cluster = clusterWith(t, opts)
	s.requester = newRequester(t, s.cluster)
	return s
}

func (s *audit) start(t *testing.T) {
	t.Helper()
	s.follow(t)
	s.lives = append(s.lives, len(s.order))
	s.process = s.run.start(t)
}

// until waits until so many requests were served.
func (s *audit) until(t *testing.T, served int64) {
	t.Helper()
	for s.served.Load() < served {
		s.live(t, 5*time.Millisecond)
	}
}

func (s *audit) live(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-s.process.done:
		t.Fatalf("the host ended by itself: %v", s.process.err)
	case <-time.After(d):
	}
}

// checkBatches checks that what a life repeats is one piece of what was put out:
// of the batch that was not committed when the life before ended, and so the last
// of it, unless that life too was short. It holds where the host puts out records
// as they are handed over; Fluent Bit repeats, besides, chunks of its own. The
// lives are the numbers of records before each.
func checkBatches(t *testing.T, ids []string, lives []int) {
	t.Helper()
	order := map[string]int{}
	for life, from := range lives {
		to := len(ids)
		if life+1 < len(lives) {
			to = lives[life+1]
		}
		repeats, earliest, latest, last := 0, len(ids), 0, len(order)-1
		for _, id := range ids[from:to] {
			at, ok := order[id]
			if !ok {
				order[id] = len(order)
				continue
			}
			repeats++
			earliest, latest = min(earliest, at), max(latest, at)
		}
		if repeats > 0 && latest-earliest+1 != repeats {
			t.Errorf("life %d repeats %d records out of %d: that is no batch", life, repeats, latest-earliest+1)
		}
		if fresh := to - from - repeats; repeats > 0 && fresh > 0 && latest != last {
			t.Errorf("life %d repeats records up to %d, behind which %d more had come: they were committed before", life, latest, last-latest)
		}
	}
}

func auditPolicy(t testing.TB) string {
	t.Helper()
	policy, err := filepath.Abs(filepath.Join("testdata", "audit-policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// auditOptions are those of an input that reads an audit trail and no cluster.
func auditOptions(db string) map[string]string {
	return map[string]string{
		"kube_events": "off", "cluster_name": "e2e", "db": db, "monitor_interval": "5s", "audit_stages": "*",
	}
}

func newWebhook(t testing.TB, auth controlplane.WebhookAuth) controlplane.AuditWebhook {
	t.Helper()
	webhook, err := controlplane.NewAuditWebhook(t.Context(), t.TempDir(), auth)
	if err != nil {
		t.Fatal(err)
	}
	return webhook
}

// webhookOptions make an input listen where the API server posts to.
func webhookOptions(webhook controlplane.AuditWebhook) map[string]string {
	options := map[string]string{
		"audit_webhook_listen": webhook.Address, "audit_tls_crt_file": webhook.CertFile, "audit_tls_key_file": webhook.KeyFile,
	}
	if webhook.ClientCAFile != "" {
		options["audit_tls_client_ca_file"] = webhook.ClientCAFile
	}
	if webhook.TokenFile != "" {
		options["audit_token_file"] = webhook.TokenFile
	}
	return options
}

// end ends the API server. Asked to, it would first try for half a minute to post
// what it still has, when the webhook is gone.
func end(t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	if err := c.StopAPIServer(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// listens waits until the process does at the address.
func (p *process) listens(t testing.TB, address string) {
	t.Helper()
	eventually(t, 30*time.Second, "the webhook listens", func() bool {
		select {
		case <-p.done:
			t.Fatalf("the host ended by itself: %v", p.err)
		default:
		}
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		return true
	})
}
