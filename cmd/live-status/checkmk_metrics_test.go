package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/cmd/live-status/internal/checkmk/agenttest"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/metrics"
)

// fabricated is the state of an instance that never was.
type fabricated struct {
	monitor      metrics.Monitor
	applications []event.ApplicationView
	objects      []event.ObjectView
}

func (f *fabricated) Monitor() metrics.Monitor { return f.monitor }

func (f *fabricated) Applications(yield func(event.ApplicationView) bool) {
	for _, a := range f.applications {
		if !yield(a) {
			return
		}
	}
}

func (f *fabricated) Objects(yield func(event.ObjectView) bool) {
	for _, o := range f.objects {
		if !yield(o) {
			return
		}
	}
}

// token is known to the server.
type token string

func (t token) Authorize(_ context.Context, given string) error {
	if given != string(t) {
		return metrics.ErrToken
	}
	return nil
}

// What a real server of metrics serves becomes services: the names of its series
// and labels are those that are looked for.
func TestCheckmkOfRealMetrics(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "token", []byte("good\n"))
	now := time.Now()
	app := func(name string) event.Application {
		return event.Application{Name: name, Namespace: "shop", Tool: event.ToolHelm, Version: "2.0.1", Chart: "cart-1.4.2"}
	}
	state := &fabricated{
		monitor: metrics.Monitor{
			MonitorStatus: event.MonitorStatus{
				Instance: "live-status-0", Version: "v1", Permissions: &event.PermissionsStatus{Missing: 2},
				Queue: event.QueueStatus{Bytes: 90, MaxBytes: 100},
				Sources: []event.SourceStatus{
					{Name: "kubernetes_events", Scope: "*", State: event.SourceBackingOff, Lag: 2 * time.Minute},
				},
			},
			Cluster: "prod", Started: now.Add(-time.Hour),
		},
		applications: []event.ApplicationView{
			{
				Application: app("checkout"), Status: event.ApplicationDegraded, Since: now.Add(-12 * time.Minute),
				Objects: 4, Statuses: map[event.Status]int64{event.StatusHealthy: 3, event.StatusDegraded: 1},
				Deciding: &event.ObjectFinding{
					Object: event.ObjectRef{Kind: "Deployment", Namespace: "shop", Name: "checkout"},
					Status: event.StatusDegraded, Reason: "ProgressDeadlineExceeded",
				},
			},
			{Application: app("100% \"Über\" |\nuns"), Status: event.ApplicationProgressing, Since: now.Add(-20 * time.Minute)},
			{Application: app("cart"), Status: event.ApplicationHealthy, Stale: true, Sync: event.SyncInSync},
		},
		objects: []event.ObjectView{
			{Object: event.ObjectRef{APIVersion: "batch/v1", Kind: "Job", Namespace: "shop", Name: "import"}, Status: event.StatusDegraded},
		},
	}
	srv, err := metrics.New(t.Context(), metrics.Options{
		Listen: "127.0.0.1:0", Auth: token("good"), Objects: metrics.ObjectsUnhealthy, MaxSeries: 1000, State: state,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(done)
		srv.Run(ctx)
	}()
	defer func() {
		stop()
		srv.Close()
		<-done
	}()

	args := []string{"checkmk", "--url", "http://" + srv.Addr().String(), "--insecure"}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "wants a token") {
		t.Errorf("without a token: exit code %d, %s", code, &stderr)
	}
	stdout.Reset()
	if code := run(t.Context(), append(args, "--token-file", "token"), strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	got, err := agenttest.Parse(stdout.String())
	if err != nil {
		t.Fatalf("%v in\n%s", err, &stdout)
	}
	for _, want := range []struct {
		name    string
		state   int
		summary string
		metrics map[string]float64
	}{
		{"Application shop/checkout", 2, "Degraded: Deployment shop/checkout ProgressDeadlineExceeded, for 12 min", map[string]float64{"live_status_objects_healthy": 3, "live_status_objects_degraded": 1}},
		{"Application shop/cart", 3, "Healthy, stale: nothing was heard lately", nil},
		{"Objects shop", 2, "Degraded: Job shop/import", map[string]float64{"live_status_objects_degraded": 1}},
		{"Objects elsewhere", 0, "nothing is wrong", nil},
		{"Live Status", 1, "source down: kubernetes_events backing_off, permissions missing: 2; Live Status v1 of cluster prod, instance live-status-0", nil},
		{"Live Status Monitor", 2, "3 applications", map[string]float64{"live_status_queue_percent": 90, "live_status_lag_seconds": 120}},
	} {
		s, ok := got.Hosts[""][want.name]
		if !ok || s.State != want.state || !strings.HasPrefix(s.Summary, want.summary) {
			t.Errorf("%s: got %+v, want %d %q", want.name, s, want.state, want.summary)
		}
		for name, value := range want.metrics {
			if s.Metrics[name] != value {
				t.Errorf("%s: %s is %v, want %v", want.name, name, s.Metrics[name], value)
			}
		}
	}
	for name, s := range got.Hosts[""] {
		if strings.Contains(name, "Über") && (s.State != 1 || !strings.HasPrefix(name, "Application shop/100％ ＂Über＂ ｜_uns-")) {
			t.Errorf("got %q %+v", name, s)
		}
	}
	if len(got.Hosts[""]) != 7 {
		t.Errorf("%d services: %s", len(got.Hosts[""]), &stdout)
	}
}
