package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What would tell strangers the names of applications does not start.
func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	crt, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for _, path := range []string{crt, key} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	missing := filepath.Join(dir, "missing")
	for _, c := range []struct {
		name string
		set  Map
		// want are parts of the error; none where it starts.
		want []string
	}{
		{"off", Map{"metrics_listen": "Off"}, nil},
		{"TLS and tokens", Map{"metrics_listen": ":9465", "metrics_tls_crt_file": crt, "metrics_tls_key_file": key}, nil},
		{"loopback", Map{"metrics_listen": "127.0.0.1:9465"}, nil},
		{"loopback to anyone", Map{"metrics_listen": "[::1]:9465", "metrics_auth": "off"}, nil},
		{"localhost", Map{"metrics_listen": "localhost:9465"}, nil},
		{"no TLS", Map{"metrics_listen": ":9465"}, []string{`metrics_listen ":9465"`, "there is no TLS", "metrics_tls_crt_file"}},
		{"all addresses", Map{"metrics_listen": "0.0.0.0:9465"}, []string{"there is no TLS"}},
		{"a name", Map{"metrics_listen": "localhost.example:9465"}, []string{"there is no TLS"}},
		{
			"no tokens",
			Map{"metrics_listen": ":9465", "metrics_tls_crt_file": crt, "metrics_tls_key_file": key, "metrics_auth": "off"},
			[]string{`metrics_auth "off"`, "anyone", "metrics_insecure on"},
		},
		{"insecure", Map{"metrics_listen": ":9465", "metrics_auth": "off", "metrics_insecure": "on"}, nil},
		{"no key", Map{"metrics_listen": ":9465", "metrics_tls_crt_file": crt}, []string{"has no key", "metrics_tls_key_file"}},
		{"no certificate", Map{"metrics_listen": ":9465", "metrics_tls_key_file": key}, []string{"has no certificate"}},
		{"no such file", Map{"metrics_listen": ":9465", "metrics_tls_crt_file": missing, "metrics_tls_key_file": key}, []string{missing, "no such file"}},
		{"certificate for nothing", Map{"metrics_tls_crt_file": crt}, []string{"not switched on"}},
		{"the audit trail alone, and who scrapes", Map{"metrics_listen": "127.0.0.1:9465", "kube_events": "off", "audit_path": crt, "cluster_name": "c"}, nil},
		{"no port", Map{"metrics_listen": "127.0.0.1"}, []string{"metrics_listen", "HOST:PORT"}},
		{"few series", Map{"metrics_max_series": "10"}, []string{"metrics_max_series", "100"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.set)
			if len(c.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not have %q", err, want)
				}
			}
		})
	}
}
