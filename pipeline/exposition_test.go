package pipeline

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// startExposed starts a pipeline that reads a log that is not there, and can be
// scraped.
func startExposed(t *testing.T, parse func(config.Getter) (config.Config, error), set config.Map) (*Pipeline, error) {
	t.Helper()
	dir := t.TempDir()
	all := config.Map{
		"db": filepath.Join(dir, "cursor.db"), "cluster_name": "prod", "metrics_listen": "127.0.0.1:9465", "metrics_auth": "off",
		"instance_name": "node-1",
	}
	maps.Copy(all, set)
	cfg, err := parse(all)
	if err != nil {
		t.Fatal(err)
	}
	// No configuration says so: nobody would find it.
	if set["metrics_listen"] == "" {
		cfg.Metrics.Listen = "127.0.0.1:0"
	}
	if cfg.Audit.Webhook.Listen != "" {
		cfg.Audit.Webhook.Listen = "127.0.0.1:0"
	}
	p, err := Start(t.Context(), cfg, Options{Instance: "live_status.0", Version: "v1", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return p, nil
}

// scrape asks a pipeline for a path.
func scrape(t *testing.T, p *Pipeline, path string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.MetricsAddress()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// Input and output can be scraped alike; each tells what it has.
func TestExposed(t *testing.T) {
	for name, tc := range map[string]struct {
		parse func(config.Getter) (config.Config, error)
		set   config.Map
		want  []string
	}{
		"input": {
			config.Parse,
			config.Map{"kube_events": "off", "kube_objects": "off", "audit_path": filepath.Join(t.TempDir(), "audit.log")},
			[]string{`live_status_source_state{scope="`, `source="audit_file",state="`, `live_status_cursor_size_bytes{file="db"}`},
		},
		"webhook": {
			config.Parse,
			config.Map{"kube_events": "off", "kube_objects": "off", "audit_webhook_listen": "127.0.0.1:9443"},
			[]string{`source="audit_webhook",state="serving"`, `live_status_cursor_size_bytes{file="spool"}`, "live_status_source_refused_total{"},
		},
		"output": {
			config.ParseOutput,
			config.Map{"forward_to": "file:" + filepath.Join(t.TempDir(), "out.jsonl")},
			[]string{"live_status_forward_acknowledged_total 0", "live_status_forward_dead_letters_total 0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := startExposed(t, tc.parse, tc.set)
			if err != nil {
				t.Fatal(err)
			}
			deadline := time.Now().Add(time.Minute)
			for status, body := scrape(t, p, "/readyz"); status != http.StatusOK; status, body = scrape(t, p, "/readyz") {
				if time.Now().After(deadline) {
					t.Fatal(status, body)
				}
				time.Sleep(5 * time.Millisecond)
			}
			status, body := scrape(t, p, "/metrics")
			want := append(slices.Clip(tc.want), `live_status_info{cluster="prod",instance_name="node-1",version="v1"} 1`, "live_status_queue_max_bytes 8.388608e+06")
			for _, text := range want {
				if status != http.StatusOK || !strings.Contains(body, text) {
					t.Errorf("%d, without %s", status, text)
				}
			}
			if t.Failed() {
				t.Log(body)
			}
			if again := p.monitorStatus(time.Now()); again.Instance != "node-1" {
				t.Errorf("%+v", again)
			}
		})
	}
}

// A second instance at the same address does not start, says why, and leaves the first
// one alone; once that is closed, the next one gets the address.
func TestExposedTwice(t *testing.T) {
	set := config.Map{"kube_events": "off", "kube_objects": "off", "audit_path": filepath.Join(t.TempDir(), "audit.log")}
	first, err := startExposed(t, config.Parse, set)
	if err != nil {
		t.Fatal(err)
	}
	set["metrics_listen"] = first.MetricsAddress()
	_, err = startExposed(t, config.Parse, set)
	if err == nil || !strings.Contains(err.Error(), "metrics_listen") || !strings.Contains(err.Error(), first.MetricsAddress()) || !strings.Contains(err.Error(), "address of its own") {
		t.Fatal(err)
	}
	if status, _ := scrape(t, first, "/metrics"); status != http.StatusOK {
		t.Error(status)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	next, err := startExposed(t, config.Parse, set)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := scrape(t, next, "/metrics"); status != http.StatusOK {
		t.Error(status)
	}
}
