package check

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

func webhook(t *testing.T, more config.Map) config.Map {
	values := offline(config.Map{"db": filepath.Join(t.TempDir(), "live-status.db"), "audit_path": ""})
	maps.Copy(values, more)
	return values
}

func TestAuditWebhook(t *testing.T) {
	ca := newAuthority(t, "ca")
	cert, key := ca.issue(t)
	old, oldKey := ca.issue(t, expired)
	near, nearKey := ca.issue(t, ending)
	bare, bareKey := ca.issue(t, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil })
	dir := t.TempDir()
	token, short, empty, nonsense := dir+"/token", dir+"/short", dir+"/empty", dir+"/nonsense"
	write(t, token, []byte("geheim-geheim-geheim-geheim\n"))
	write(t, short, []byte("geheim"))
	write(t, empty, []byte("\n"))
	write(t, nonsense, []byte("nonsense"))
	for _, tt := range []struct {
		name string
		more config.Map
		want []string
	}{
		{"plain", nil, []string{"audit-webhook ok: 127.0.0.1:... is free"}},
		{"all", config.Map{"audit_tls_crt_file": cert, "audit_tls_key_file": key, "audit_tls_client_ca_file": ca.file, "audit_token_file": token}, []string{
			"audit-webhook ok: ...tls.crt: for localhost, 127.0.0.1, signed by CN=ca, until", "audit-webhook ok: clients need a certificate by CN=ca",
			"audit-webhook ok: clients need the token in", "audit-webhook ok: 127.0.0.1:... is free",
		}},
		{"expired", config.Map{"audit_tls_crt_file": old, "audit_tls_key_file": oldKey}, []string{"audit-webhook failed: ..., which is past -> renew it", "audit-webhook ok"}},
		{"ending", config.Map{"audit_tls_crt_file": near, "audit_tls_key_file": nearKey}, []string{"audit-webhook warning: ..., in 5 days -> renew it", "audit-webhook ok"}},
		{"nameless", config.Map{"audit_tls_crt_file": bare, "audit_tls_key_file": bareKey}, []string{"audit-webhook warning: ...for no name, ... -> have one issued with the name", "audit-webhook ok"}},
		{"another key", config.Map{"audit_tls_crt_file": cert, "audit_tls_key_file": oldKey}, []string{"audit-webhook failed: audit_tls_crt_file ... and its key ...: the key is not that of the certificate -> write", "audit-webhook ok"}},
		{"nonsense", config.Map{"audit_tls_crt_file": cert, "audit_tls_key_file": nonsense, "audit_tls_client_ca_file": nonsense}, []string{
			"audit-webhook failed: ...there is no key in it that can be used", "audit-webhook failed: audit_tls_client_ca_file ...: there is no certificate in PEM in it", "audit-webhook ok",
		}},
		{"short token", config.Map{"audit_token_file": short}, []string{"audit-webhook warning: audit_token_file ...: it has 6 bytes and can be guessed", "audit-webhook ok"}},
		{"empty token", config.Map{"audit_token_file": empty}, []string{"audit-webhook failed: audit_token_file ...: it is empty, and lets nobody in", "audit-webhook ok"}},
		{"another machine's address", config.Map{"audit_webhook_listen": "192.0.2.1:9443", "audit_insecure": "on"}, []string{"audit-webhook failed: audit_webhook_listen 192.0.2.1:9443: this machine has no such address"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values := webhook(t, config.Map{"audit_webhook_listen": refused(t)})
			maps.Copy(values, tt.more)
			rows := only(t, AuditWebhook, values)
			says(t, rows, tt.want...)
			if strings.Contains(text(rows), "geheim") {
				t.Errorf("the token is told: %s", text(rows))
			}
		})
	}
	says(t, only(t, AuditWebhook, offline(nil)), "audit-webhook skipped: audit_webhook_listen is not set")
}

// Who has the address is asked who it is.
func TestAuditWebhookInUse(t *testing.T) {
	ca := newAuthority(t, "ca")
	cert, key := ca.issue(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	running := func(handler http.Handler, change func(*tls.Config)) string {
		s := httptest.NewUnstartedServer(handler)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
		change(s.TLS)
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	other, err := tls.LoadX509KeyPair(ca.issue(t))
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	plain := httptest.NewServer(api{"/readyz": "ok\n"})
	defer plain.Close()
	same := func(*tls.Config) {}
	for name, tt := range map[string]struct{ address, want string }{
		"ready":      {running(api{"/readyz": "ok\n"}, same), "audit-webhook ok: 127.0.0.1:... is served by a running instance, which is ready"},
		"not ready":  {running(api{"/readyz": "503|the spool is full\n"}, same), "audit-webhook warning: ...which is not ready: the spool is full -> see the log"},
		"stranger":   {running(api{}, same), "audit-webhook failed: ...it answers 404 to /readyz -> stop it, or listen on another address by audit_webhook_listen"},
		"another":    {running(api{"/readyz": "ok\n"}, func(c *tls.Config) { c.Certificates = []tls.Certificate{other} }), "audit-webhook warning: ...serves another certificate than that of"},
		"mutual TLS": {running(api{"/readyz": "ok\n"}, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }), "audit-webhook ok: ...talks to clients with a certificate only"},
		"no TLS":     {plain.Listener.Addr().String(), "audit-webhook failed: ...is in use by something that is no running instance"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := only(t, AuditWebhook, webhook(t, config.Map{"audit_webhook_listen": tt.address, "audit_tls_crt_file": cert, "audit_tls_key_file": key}))
			says(t, rows, "audit-webhook ok: ...tls.crt", tt.want)
		})
	}
	cfg := parse(t, webhook(t, config.Map{"audit_webhook_listen": silent.Addr().String()}))
	says(t, Run(t.Context(), Options{Config: cfg, Only: []Name{AuditWebhook}, Timeout: 300e6}), "audit-webhook failed: ...is in use by something that is no running instance: no answer in time")
}

func TestMetrics(t *testing.T) {
	ca := newAuthority(t, "ca")
	cert, key := ca.issue(t)
	values := offline(config.Map{"metrics_listen": refused(t), "metrics_tls_crt_file": cert, "metrics_tls_key_file": key, "metrics_auth": "off"})
	says(t, only(t, Metrics, values), "metrics ok: ...tls.crt: for localhost", "metrics ok: 127.0.0.1:... is free")
	says(t, only(t, Metrics, offline(nil)), "metrics skipped: metrics_listen is off")
}
