package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// secretsAccess are the permissions that the values of Secrets need.
var secretsAccess = filepath.Join("..", "..", "conf", "rbac-secrets.yaml")

// suspect is a host that is told values, by all that it can read.
type suspect struct {
	run     *run
	process *process
	webhook controlplane.AuditWebhook
	client  *http.Client

	mu     sync.Mutex
	reader *reader
	// kept are copies of what lay on the disk while it worked.
	kept []string
}

// newSuspect configures a host with everything on, which says all that it can.
func newSuspect(t testing.TB, h host, c *controlplane.Cluster, webhook controlplane.AuditWebhook, files valueFiles) *suspect {
	t.Helper()
	acc := newAccount(t, c, helmAccess, secretsAccess, filepath.Join("testdata", "status", "scenario", "rbac.yaml"))
	r := newRun(t, h)
	input := acc.options(filepath.Join(r.dir, "cursor.db"))
	maps.Copy(input, webhookOptions(webhook))
	maps.Copy(input, map[string]string{
		"audit_path": filepath.Dir(c.AuditLog()), "audit_bodies": "all", "audit_stages": "*",
		"audit_spool_file": filepath.Join(r.dir, "spool.db"), "monitor_interval": "1s", "plugin_log_level": "trace",
		"redact_values_path": files.paths(), "redact_cluster_secrets": "on",
	})
	r.inputs = append(r.inputs, input)
	r.configure(t)
	// Fluent Bit itself is to say much, too.
	config, err := os.ReadFile(r.config())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.config(), bytes.Replace(config, []byte("log_level: info"), []byte("log_level: debug"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return &suspect{run: r, webhook: webhook, client: poster(t, webhook), reader: &reader{path: r.out}}
}

func (s *suspect) start(t testing.TB) {
	t.Helper()
	s.process = s.run.start(t)
	s.process.listens(t, s.webhook.Address)
}

// records returns the records of a type so far.
func (s *suspect) records(t testing.TB, kind string) []record {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reader.of(t, kind)
}

// reports waits until what the plugin says of itself from now on is as wanted.
func (s *suspect) reports(t testing.TB, within time.Duration, what string, is func(record) bool) {
	t.Helper()
	before := len(s.records(t, "monitor_status"))
	eventually(t, within, s.run.host.name+": "+what, func() bool {
		return slices.ContainsFunc(s.records(t, "monitor_status")[before:], is)
	})
}

// synced waits until every kind is watched which may be, and the Secrets are read.
func (s *suspect) synced(t testing.TB) {
	t.Helper()
	s.reports(t, time.Minute, "all kinds are watched", func(rec record) bool {
		forbidden := 0
		for _, kind := range rec.Monitor.Objects.Troubled {
			if kind.State == "forbidden" {
				forbidden++
			}
		}
		o := rec.Monitor.Objects
		return o.Synced > 0 && o.Synced+int64(forbidden) == o.Kinds && rec.Monitor.Redaction.Blocked == ""
	})
}

// keep copies what the host has on the disk, as it is at this moment, for a
// search when there is time. The host may be at work.
func (s *suspect) keep(t testing.TB, dir string) {
	t.Helper()
	s.kept = append(s.kept, dir)
	for _, file := range s.files(t) {
		if file == s.run.out || file == s.run.log {
			continue // They are searched whole in the end.
		}
		content, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue // A chunk was passed on meanwhile.
		}
		if err != nil {
			t.Fatal(err)
		}
		relative, err := filepath.Rel(s.run.dir, file)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, relative)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// files are all that the host has written, but the salt, and its configuration.
func (s *suspect) files(t testing.TB) []string {
	t.Helper()
	return slices.DeleteFunc(filesIn(t, s.run.dir), func(file string) bool { return strings.HasSuffix(file, ".salt") })
}

func filesIn(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && entry.Type().IsRegular() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// fan passes on to several webhooks what an API server posts, which knows one.
type fan struct {
	controlplane.AuditWebhook
	to []*suspect
}

// serve begins to listen. While a webhook does not take a body the API server
// keeps it, and sends it again.
func (f *fan) serve(t testing.TB) {
	t.Helper()
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			for _, s := range f.to {
				if err := s.post(r.Context(), body); err != nil {
					http.Error(w, "not taken", http.StatusServiceUnavailable)
					return
				}
			}
		}),
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", f.Address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(listener, f.CertFile, f.KeyFile)
	}()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
}

// post sends a body to the webhook of the host.
func (s *suspect) post(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.webhook.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	if closed := response.Body.Close(); err == nil {
		err = closed
	}
	if err == nil && response.StatusCode >= http.StatusInternalServerError {
		err = errors.New(response.Status)
	}
	return err
}
