package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func (r *run) logged(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(r.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A mistake must end the start with a line that names it.
func TestMistakesAbortTheStart(t *testing.T) {
	const url = "https://127.0.0.1:1"
	tests := map[string]struct {
		options map[string]string
		want    string
	}{
		"misspelt key":    {map[string]string{"kube_url": url, "kube_namspace": "s3cret"}, `unknown key "kube_namspace": did you mean "kube_namespace"?`},
		"bad duration":    {map[string]string{"kube_url": url, "kube_retention_time": "soon"}, `kube_retention_time "soon"`},
		"unreadable file": {map[string]string{"kube_config": "/does/not/exist"}, `kube_config "/does/not/exist"`},
		"bad selector":    {map[string]string{"kube_url": url, "kube_field_selector": "reason"}, `kube_field_selector "reason"`},
		"foreign db":      {map[string]string{"kube_url": url, "db": plugin}, plugin},
	}
	eachHost(t, func(t *testing.T, h host) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				r := newRun(t, h, tt.options)
				if code := r.start(t).wait(t, 30*time.Second); code == 0 {
					t.Error("exit code 0")
				}
				log := r.logged(t)
				var found bool
				for line := range strings.Lines(log) {
					found = found || strings.Contains(line, "[error] [input:live_status:live_status.0]") && strings.Contains(line, tt.want)
				}
				if !found || strings.Contains(log, "s3cret") {
					t.Errorf("the log should say %q in one line, and no value of an unknown key:\n%s", tt.want, log)
				}
			})
		}
	})
}

// A server that is merely down is no mistake: the plugin waits for it.
func TestAServerThatIsDownIsAwaited(t *testing.T) {
	c := cluster(t)
	acc := newAccount(t, c)
	eachHost(t, func(t *testing.T, h host) {
		if err := c.StopAPIServer(9); err != nil {
			t.Fatal(err)
		}
		r := newRun(t, h)
		r.inputs = append(r.inputs, acc.options(filepath.Join(r.dir, "cursor.db")))
		r.configure(t)
		p := r.start(t)
		eventually(t, 30*time.Second, "a line about the server", func() bool {
			return bytes.Contains([]byte(r.logged(t)), []byte("[ warn] [input:live_status:live_status.0] events: "))
		})
		token, err := os.ReadFile(acc.token)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.StartAPIServer(ctx); err != nil {
			t.Fatal(err)
		}
		w := newWriter(t, c.Client(), "down-"+h.name)
		w.create(ctx, t, "e", 20, 4, 0)
		records := &reader{path: r.out}
		eventually(t, time.Minute, "the events after it came back", func() bool {
			n := 0
			for _, rec := range records.events(t) {
				if _, ok := w.written[rec.version()]; ok {
					n++
				}
			}
			return n == 20
		})
		p.terminate(t)
		if strings.Contains(r.logged(t), string(token)) {
			t.Error("the log shows the token")
		}
	})
}

// A configuration for Fluent Bit's own input works with the plugin's name.
func TestConfigurationOfKubernetesEvents(t *testing.T) {
	c := cluster(t)
	acc := newAccount(t, c)
	w := newWriter(t, c.Client(), "shop")
	other := newWriter(t, c.Client(), "other")
	w.create(t.Context(), t, "e", 30, 4, 0)
	other.create(t.Context(), t, "e", 10, 4, 0)
	eachHost(t, func(t *testing.T, h host) {
		r := newRun(t, h)
		r.inputs = append(r.inputs, map[string]string{
			"kube_url": c.URL(), "kube_ca_file": c.CAFile(), "kube_token_file": acc.token, "kube_token_ttl": "10m",
			"kube_request_limit": "7", "kube_retention_time": "1h", "kube_namespace": "shop", "kube_watch_timeout": "10m",
			"db": filepath.Join(r.dir, "k8s.db"), "db.sync": "normal", "db.locking": "true", "db.journal_mode": "WAL",
			"interval_sec": "0", "interval_nsec": "500000000", "tls.verify": "on",
		})
		r.configure(t)
		p := r.start(t)
		records := &reader{path: r.out}
		eventually(t, time.Minute, "the events of the namespace", func() bool { return len(records.events(t)) >= 30 })
		p.terminate(t)
		for _, rec := range records.events(t) {
			if rec.Event.Namespace != "shop" {
				t.Errorf("an event of another namespace: %+v", rec)
			}
		}
	})
}
