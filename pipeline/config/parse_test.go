package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestDefaults(t *testing.T) {
	got, err := Parse(Map{})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Kube: Kube{
			URL:       "https://kubernetes.default.svc",
			CAFile:    "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
			TokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
			TokenTTL:  10 * time.Minute,
			TLSVerify: true,
		},
		Events:  Events{Enabled: true, PageSize: 500, Retention: time.Hour, WatchTimeout: 10 * time.Minute},
		Objects: Objects{Enabled: true},
		Audit: Audit{
			MaxLine: 8 << 20, Bodies: "off",
			Webhook: AuditWebhook{MaxBody: 16 << 20, MaxSpool: 512 << 20},
			Filter:  AuditFilter{Stages: []string{"ResponseComplete", "Panic"}},
		},
		Applications: Applications{Wait: 2 * time.Second},
		Statuses:     Statuses{Enabled: true, Settle: time.Second},
		Cursor:       Cursor{Sync: "normal", JournalMode: "WAL"},
		Metrics:      Metrics{Auth: true, Objects: "unhealthy", MaxSeries: 20000},
		Redaction: Redaction{
			MinLength: 6, Retire: time.Hour, Start: "fail", EnvNames: strings.Split(DefaultEnvNames, ","),
			MaxBytes: 4 << 20, MaxDepth: 48, Budget: 5 * time.Second,
		},

		BatchMaxBytes:   8 << 20,
		Interval:        500 * time.Millisecond,
		LogLevel:        slog.LevelInfo,
		MonitorInterval: time.Minute,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestEveryKey(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	set := Map{
		"Kube_URL": " https://api.example.com:6443/prefix/ ", "kube_ca_file": file("ca.crt"), "kube_ca_path": dir,
		"kube_token_file": file("token"), "kube_token_ttl": "1D",
		"kube_client_cert_file": file("tls.crt"), "kube_client_key_file": file("tls.key"),
		"kube_tls_verify": "No", "kube_tls_server_name": "api.internal", "cluster_name": "Prod 1",
		"kube_namespace": "a, b,a", "kube_namespaces_exclude": "c",
		"kube_label_selector": "x=y", "kube_field_selector": "type=Warning",
		"kube_request_limit": "50", "kube_retention_time": "0", "kube_watch_timeout": "3600",
		"db": filepath.Join(dir, "cursor.db"), "db.sync": "FULL", "db.locking": "true", "db.journal_mode": "delete",
		"interval_sec": "2", "interval_nsec": "1", "batch_max_bytes": "1M", "monitor_interval": "0",
		"plugin_log_level": "TRACE", "kube_events": "off",
		"kube_objects": "yes", "objects_include": "Leases.coordination.k8s.io, *.example.com", "objects_exclude": "secrets",
		"application_rules_file": file("rules.yaml"), "correlate_wait": "500ms",
		"kube_status": "on", "health_rules_path": "health.yaml,argocd-cm.yaml", "sync_ignore": "deployments.apps/spec/replicas,@vpa",
		"prioritize_health": "on", "status_settle": "3s", "status_resync": "1h",
		"audit_path": filepath.Join(dir, "audit*.log"), "audit_read_from": "TAIL", "audit_max_line": "1MiB",
		"audit_webhook_listen": "127.0.0.1:9443", "audit_tls_crt_file": file("audit.crt"), "audit_tls_key_file": file("audit.key"),
		"audit_tls_client_ca_file": file("clients.crt"), "audit_token_file": file("audit-token"), "audit_insecure": "on",
		"audit_max_body": "1MiB", "audit_spool_file": filepath.Join(dir, "spool"), "audit_spool_max_size": "1GiB",
		"audit_stages": "requestreceived, Panic", "audit_verbs": "Create, delete*,create", "audit_verbs_exclude": "patch",
		"audit_resources": "*.apps,pods/exec", "audit_resources_exclude": "/healthz*", "audit_users": "admin",
		"audit_users_exclude": "system:node:*", "audit_namespaces": "shop", "audit_namespaces_exclude": "kube-*",
		"audit_bodies":       "Writes",
		"redact_values_path": "~/values, " + dir, "redact_cluster_secrets": "on", "redact_min_length": "8", "redact_stop_list": "changeme, Shop",
		"redact_retire": "2h", "redact_start": "Withhold", "redact_env_names": "default,MY_*,!MY_NAME",
		"redact_rules_file": file("patterns.yaml"), "redact_rules_off": "jwt,slack/*",
		"redact_max_bytes": "1MiB", "redact_max_depth": "20", "redact_budget": "0", "core_dumps": "on",
		"metrics_listen": ":9465", "metrics_tls_crt_file": file("metrics.crt"), "metrics_tls_key_file": file("metrics.key"),
		"metrics_auth": "no", "metrics_insecure": "yes", "metrics_objects": "All", "metrics_max_series": "5000", "instance_name": "node 1",
	}
	t.Setenv("HOME", dir)
	got, err := Parse(set)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		InstanceName: "node 1", ClusterName: "Prod 1",
		Kube: Kube{
			URL: "https://api.example.com:6443/prefix", URLSet: true,
			CAFile: filepath.Join(dir, "ca.crt"), CAFileSet: true, CAPath: dir,
			TokenFile: filepath.Join(dir, "token"), TokenFileSet: true, TokenTTL: 24 * time.Hour,
			ClientCertFile: filepath.Join(dir, "tls.crt"), ClientKeyFile: filepath.Join(dir, "tls.key"),
			TLSServerName: "api.internal",
		},
		Events: Events{
			Namespaces: []event.Namespace{"a", "b"}, NamespacesExclude: []event.Namespace{"c"},
			LabelSelector: "x=y", FieldSelector: "type=Warning", PageSize: 50, WatchTimeout: time.Hour,
		},
		Objects: Objects{
			Enabled: true, EnabledSet: true,
			Include: []string{"leases.coordination.k8s.io", "*.example.com"}, Exclude: []string{"secrets"},
		},
		Applications: Applications{RulesFile: filepath.Join(dir, "rules.yaml"), Wait: 500 * time.Millisecond},
		Statuses: Statuses{
			Enabled: true, EnabledSet: true, RulesPath: "health.yaml,argocd-cm.yaml", Ignore: "deployments.apps/spec/replicas,@vpa",
			PrioritizeHealth: true, Settle: 3 * time.Second, Resync: time.Hour,
		},
		Audit: Audit{
			Path: filepath.Join(dir, "audit*.log"), FromTail: true, MaxLine: 1 << 20, Bodies: "writes",
			Webhook: AuditWebhook{
				Listen: "127.0.0.1:9443", CertFile: filepath.Join(dir, "audit.crt"), KeyFile: filepath.Join(dir, "audit.key"),
				ClientCAFile: filepath.Join(dir, "clients.crt"), TokenFile: filepath.Join(dir, "audit-token"), Insecure: true,
				MaxBody: 1 << 20, SpoolFile: filepath.Join(dir, "spool"), MaxSpool: 1 << 30,
			},
			Filter: AuditFilter{
				Stages: []string{"RequestReceived", "Panic"},
				Verbs:  []string{"create", "delete*"}, VerbsExclude: []string{"patch"},
				Resources: []string{"*.apps", "pods/exec"}, ResourcesExclude: []string{"/healthz*"},
				Users: []string{"admin"}, UsersExclude: []string{"system:node:*"},
				Namespaces: []string{"shop"}, NamespacesExclude: []string{"kube-*"},
			},
		},
		Cursor:        Cursor{Path: filepath.Join(dir, "cursor.db"), Sync: "full", Locking: true, JournalMode: "DELETE"},
		BatchMaxBytes: 1_000_000, Interval: 2*time.Second + 1, LogLevel: LevelTrace,
		SaltFile: filepath.Join(dir, "cursor.db.salt"),
		Redaction: Redaction{
			ValuesPaths: []string{filepath.Join(dir, "values"), dir}, ClusterSecrets: true, MinLength: 8, Stop: []string{"changeme", "Shop"},
			Retire: 2 * time.Hour, Start: "withhold", EnvNames: append(strings.Split(DefaultEnvNames, ","), "MY_*", "!MY_NAME"),
			RulesFiles: []string{filepath.Join(dir, "patterns.yaml")}, RulesOff: []string{"jwt", "slack/*"},
			MaxBytes: 1 << 20, MaxDepth: 20,
		},
		Metrics: Metrics{
			Listen: ":9465", CertFile: filepath.Join(dir, "metrics.crt"), KeyFile: filepath.Join(dir, "metrics.key"),
			Insecure: true, Objects: "all", MaxSeries: 5000,
		},
		CoreDumps: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestKubeconfigInHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	path := filepath.Join(home, "kubeconfig")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Parse(Map{"kube_config": "~/kubeconfig", "kube_context": "prod"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Kube.Kubeconfig != path {
		t.Errorf("kube_config is %q, want %q", c.Kube.Kubeconfig, path)
	}
}

// TestMistakes expects one whole line per mistake. DIR stands for a folder
// that has the file there.pem in it.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "there.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		set  Map
		want []string
	}{
		{Map{"kube_url": "api.example.com"}, []string{`kube_url "api.example.com": begins with neither https:// nor http://; write https://HOST, https://HOST:PORT or http://HOST:PORT`}},
		{Map{"kube_url": "https://"}, []string{`kube_url "https://": names no host; write https://HOST, https://HOST:PORT or http://HOST:PORT`}},
		{Map{"kube_url": "https://a?b=c"}, []string{`kube_url "https://a": has a query or a fragment; write https://HOST, https://HOST:PORT or http://HOST:PORT`}},
		{Map{"kube_url": "https://me:hunter2@a/"}, []string{`kube_url "https://a/": has a user name or password in it; take it out; use kube_token_file, kube_client_cert_file or kube_config`}},
		{Map{"kube_url": "https://me:hunter2%@a/"}, []string{`kube_url "[secret]": is not a URL; write https://HOST, https://HOST:PORT or http://HOST:PORT`}},
		{Map{"kube_token_ttl": "soon"}, []string{`kube_token_ttl "soon": is not a duration; write for example 90, 10m, 1h, 1h30m or 1d`}},
		{Map{"kube_retention_time": "-1h"}, []string{`kube_retention_time "-1h": is negative; write for example 90, 10m, 1h, 1h30m or 1d`}},
		{Map{"kube_request_limit": "many"}, []string{`kube_request_limit "many": is not a whole number`}},
		{Map{"kube_request_limit": "-1"}, []string{`kube_request_limit "-1": is out of range; write a number from 0 to 2147483647`}},
		{Map{"kube_namespace": "Prod"}, []string{`kube_namespace "Prod": has the namespace "Prod", which cannot exist; names have up to 63 of a-z, 0-9 and -, and are separated by commas`}},
		{Map{"kube_namespace": "*"}, []string{`kube_namespace "*": is no namespace; leave the key out to mean all namespaces`}},
		{Map{"kube_namespace": "a,b", "kube_namespaces_exclude": "b"}, []string{`kube_namespaces_exclude "b": is in kube_namespace as well; drop it from one of them`}},
		{Map{"kube_tls_verify": "1"}, []string{`kube_tls_verify "1": is neither on nor off; write on, true or yes, or else off, false or no`}},
		{Map{"db.sync": "never"}, []string{`db.sync "never": is not one of its values; write extra, full, normal or off`}},
		{Map{"db.journal_mode": "x"}, []string{`db.journal_mode "x": is not one of its values; write DELETE, TRUNCATE, PERSIST, MEMORY, WAL or OFF`}},
		{Map{"interval_nsec": "1000000000"}, []string{`interval_nsec "1000000000": is out of range; write a number from 0 to 999999999`}},
		{Map{"batch_max_bytes": "1k"}, []string{`batch_max_bytes "1k": is out of range; write a size from 64KiB to 64MiB`}},
		{Map{"batch_max_bytes": "8 parsecs"}, []string{`batch_max_bytes "8 parsecs": is not a size; write for example 8388608, 8M (8000000) or 8MiB (8388608)`}},
		{Map{"monitor_interval": "10ms"}, []string{`monitor_interval "10ms": is too short; write 1s or more, or 0 for never`}},
		{Map{"plugin_log_level": "loud"}, []string{`plugin_log_level "loud": is no log level; write off, error, warn, info, debug or trace`}},
		{Map{"cluster_name": "a\nb"}, []string{`cluster_name "a\nb": has a character that cannot be printed; take it out`}},
		{Map{"kube_token_file": "DIR/gone"}, []string{`kube_token_file "DIR/gone": cannot be read: no such file or directory; check the path and its permissions`}},
		{Map{"kube_ca_file": "DIR"}, []string{`kube_ca_file "DIR": cannot be read: it is a folder; check the path and its permissions`}},
		{Map{"kube_ca_path": "DIR/empty"}, []string{`kube_ca_path "DIR/empty": has no *.crt and no *.pem in it; put the CA's certificate there, or use kube_ca_file`}},
		{Map{"kube_ca_path": "DIR/there.pem"}, []string{`kube_ca_path "DIR/there.pem": cannot be read: not a directory; name a folder with *.crt or *.pem files; one file goes in kube_ca_file`}},
		{Map{"kube_client_cert_file": "DIR/there.pem"}, []string{`kube_client_cert_file "DIR/there.pem": has no key; set kube_client_key_file too`}},
		{Map{"kube_client_key_file": "DIR/there.pem"}, []string{`kube_client_key_file "DIR/there.pem": has no certificate; set kube_client_cert_file too`}},
		{Map{"kube_config": "DIR/there.pem", "kube_url": "https://a", "kube_token_file": "DIR/there.pem"}, []string{
			`kube_config "DIR/there.pem": already says what kube_url says; drop kube_url, or drop kube_config to describe the server one key at a time`,
			`kube_config "DIR/there.pem": already says what kube_token_file says; drop kube_token_file, or drop kube_config to describe the server one key at a time`,
		}},
		{Map{"kube_context": "prod", "kube_url": "https://a"}, []string{`kube_context "prod": chooses from a kubeconfig, but the server is described by other keys; drop kube_context, or use kube_config instead of kube_url`}},
		{Map{"db": "DIR/gone/cursor.db"}, []string{`db "DIR/gone/cursor.db": is in a folder that does not exist; create DIR/gone`}},
		{Map{"db": "DIR/empty"}, []string{`db "DIR/empty": is a folder; name a file in it`}},
		{Map{"db": "DIR/there.pem/cursor.db"}, []string{`db "DIR/there.pem/cursor.db": is in a folder that cannot be written to: not a directory; make DIR/there.pem writable for this process`}},
		{Map{"redact_min_length": "3"}, []string{`redact_min_length "3": is out of range; write a number from 4 to 64`}},
		{Map{"redact_retire": "0"}, []string{`redact_retire "0": is too short; write 1s or more`}},
		{Map{"redact_start": "open"}, []string{`redact_start "open": is not one of its values; write fail or withhold`}},
		{Map{"redact_env_names": "PASS WORD"}, []string{`redact_env_names "PASS WORD": has a name in it that no variable can have; write names of letters, digits, _, - and ., with * and ?`}},
		{Map{"redact_env_names": "*"}, []string{`redact_env_names "*": matches every name; write at least one letter beside * and ?`}},
		{Map{"redact_rules_file": "DIR/gone.yaml"}, []string{`redact_rules_file "DIR/gone.yaml": cannot be read: no such file or directory; check the path and its permissions`}},
		{Map{"redact_max_bytes": "8MiB"}, []string{`redact_max_bytes "8MiB": is out of range; write a size from 4KiB to 4MiB`}},
		{Map{"redact_max_depth": "49"}, []string{`redact_max_depth "49": is out of range; write a number from 8 to 48`}},
		{Map{"redact_budget": "2m"}, []string{`redact_budget "2m": is too long; write 1m or less, or 0 for any time`}},
		{
			Map{"redact_cluster_secrets": "on", "kube_events": "off", "audit_path": "DIR/a.log", "cluster_name": "c"},
			[]string{`redact_cluster_secrets "on": needs access to the cluster, of which nothing else is read; set kube_events or kube_objects on, or name files of values by redact_values_path`},
		},
		{Map{"redact_salt_file": "DIR/gone/salt"}, []string{`redact_salt_file "DIR/gone/salt": is in a folder that does not exist; create DIR/gone`}},
		{Map{"redact_salt_file": "DIR/x", "db": "DIR/x"}, []string{`redact_salt_file "DIR/x": is the file of db too; name another file`}},
		{Map{"audit_spool_file": "DIR/x", "db": "DIR/x"}, []string{`audit_spool_file "DIR/x": is the file of db too; name another file`}},
		{Map{"kube_events": "off"}, []string{`kube_events "off": leaves nothing to read; set audit_path, audit_webhook_listen or kube_objects, or drop kube_events`}},
		{Map{"objects_include": "pods/exec"}, []string{`objects_include "pods/exec": has an entry that is no kind: pods/exec; write kinds as kubectl api-resources lists them, separated by commas, for example pods,deployments.apps,*.example.com`}},
		{Map{"kube_objects": "off", "objects_exclude": "secrets"}, []string{`objects_exclude "secrets": is for live objects, which are not watched; set kube_objects on, or drop objects_exclude`}},
		{Map{"kube_objects": "off", "application_rules_file": "DIR/there.pem"}, []string{`application_rules_file "DIR/there.pem": is for live objects, which are not watched; set kube_objects on, or drop application_rules_file`}},
		{Map{"kube_objects": "off", "kube_status": "on"}, []string{`kube_status "on": needs the live objects, which are not watched; set kube_objects on, or drop kube_status`}},
		{Map{"kube_status": "off", "sync_ignore": "@vpa"}, []string{`sync_ignore "@vpa": is for the status of objects, which is not told; set kube_status on, or drop sync_ignore`}},
		{Map{"status_settle": "1h"}, []string{`status_settle "1h": is too long; write 10m or less`}},
		{Map{"status_resync": "1s"}, []string{`status_resync "1s": is too short; write 1m or more, or 0 for never`}},
		{Map{"correlate_wait": "2m"}, []string{`correlate_wait "2m": is too long; write 1m or less`}},
		{Map{"application_rules_file": "/nowhere/rules.yaml"}, []string{`application_rules_file "/nowhere/rules.yaml": cannot be read: no such file or directory; check the path and its permissions`}},
		{Map{"kube_events": "off", "audit_path": "DIR"}, []string{`cluster_name: is not set, and with kube_events and kube_objects off nothing else tells the cluster's name; set cluster_name`}},
		{Map{"audit_webhook_listen": "127.0.0.1:9443"}, []string{`audit_webhook_listen "127.0.0.1:9443": needs a file: what is answered to API servers as taken must outlive a crash; set db`}},
		{Map{"audit_webhook_listen": "9443"}, []string{`audit_webhook_listen "9443": is no address to listen on; write HOST:PORT, or :PORT for all addresses of the machine, for example :9443`}},
		{Map{"audit_webhook_listen": ":0"}, []string{`audit_webhook_listen ":0": has no port from 1 to 65535; write HOST:PORT, or :PORT for all addresses of the machine, for example :9443`}},
		{Map{"audit_webhook_listen": ":9443", "db": "DIR/x", "audit_tls_crt_file": "DIR/there.pem"}, []string{`audit_tls_crt_file "DIR/there.pem": has no key; set audit_tls_key_file too`}},
		{Map{"audit_webhook_listen": ":9443", "db": "DIR/x", "audit_tls_key_file": "DIR/there.pem"}, []string{`audit_tls_key_file "DIR/there.pem": has no certificate; set audit_tls_crt_file too`}},
		{Map{"audit_webhook_listen": ":9443", "db": "DIR/x", "audit_token_file": "DIR/gone"}, []string{`audit_token_file "DIR/gone": cannot be read: no such file or directory; check the path and its permissions`}},
		{Map{"audit_webhook_listen": ":9443", "db": "DIR/x", "audit_spool_file": "DIR/gone/spool"}, []string{`audit_spool_file "DIR/gone/spool": is in a folder that does not exist; create DIR/gone`}},
		{Map{"audit_webhook_listen": ":9443", "db": "DIR/x", "audit_spool_max_size": "1MiB"}, []string{`audit_spool_max_size "1048576": has no room for a body of audit_max_body (16777216); raise audit_spool_max_size, or lower audit_max_body`}},
		{Map{"audit_token_file": "DIR/there.pem"}, []string{`audit_token_file "DIR/there.pem": is for the audit webhook, which is not switched on; set audit_webhook_listen, or drop audit_token_file`}},
		{Map{"audit_max_line": "1k"}, []string{`audit_max_line "1k": is out of range; write a size from 4KiB to 64MiB`}},
		{Map{"audit_max_body": "1k"}, []string{`audit_max_body "1k": is out of range; write a size from 64KiB to 256MiB`}},
		{Map{"audit_spool_max_size": "1k"}, []string{`audit_spool_max_size "1k": is out of range; write a size from 1MiB on`}},
		{Map{"audit_stages": "Done"}, []string{`audit_stages "Done": has the entry "Done", which is no stage; write RequestReceived, ResponseStarted, ResponseComplete or Panic, or * for all`}},
		{Map{"audit_verbs": "!get"}, []string{`audit_verbs "!get": has the entry "!get", which begins with !; what is to be left out goes in the key that ends in _exclude`}},
		{Map{"audit_verbs": "get list"}, []string{`audit_verbs "get list": has the entry "get list" with a space in it; separate entries by commas`}},
		{Map{"audit_verbs": "crate"}, []string{`audit_verbs "crate": has the entry "crate", which is no verb; write get, list, watch, create, update, patch, delete, deletecollection, post, put, head, options, connect or trace`}},
		{Map{"audit_resources": "Deployment"}, []string{`audit_resources "Deployment": has the entry "Deployment", but resources have no capitals; write the plural as kubectl api-resources shows it, for example deployments`}},
		{Map{"audit_resources_exclude": "apps/deployments"}, []string{`audit_resources_exclude "apps/deployments": has the entry "apps/deployments", which begins with a group; write the resource first: "deployments.apps"`}},
		{Map{"audit_path": "-"}, []string{`audit_path "-": is standard input, which is not read; name a file`}},
		{Map{"audit_path": "a.log,b.log"}, []string{`audit_path "a.log,b.log": has a comma in it; name one log, folder or glob, such as /var/log/*/audit.log; for more write an input for each`}},
		{Map{"audit_verbs": ","}, []string{`audit_verbs ",": has no entry; leave the key out`}},
		{Map{"audit_bodies": "some"}, []string{`audit_bodies "some": is not one of its values; write off, writes or all`}},
		{Map{"kube_urll": "hunter2", "db.sync": "never"}, []string{
			`db.sync "never": is not one of its values; write extra, full, normal or off`,
			`unknown key "kube_urll": did you mean "kube_url"?`,
		}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.set), func(t *testing.T) {
			set := Map{}
			for k, v := range tt.set {
				set[k] = strings.ReplaceAll(v, "DIR", dir)
			}
			_, err := Parse(set)
			var got []string
			for _, e := range mistakes(t, err) {
				got = append(got, strings.ReplaceAll(e.Error(), dir, "DIR"))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret shows: %v", err)
			}
		})
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("permissions do not bind this user")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := Parse(Map{"db": filepath.Join(dir, "cursor.db")})
	if err == nil || !strings.Contains(err.Error(), "permission denied; make "+dir+" writable") {
		t.Errorf("got %v", err)
	}
}

func TestParseLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	if _, err := Parse(Map{"db": filepath.Join(dir, "cursor.db")}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) > 0 {
		t.Errorf("left %v behind", entries)
	}
}

// FuzzParse gives every key the same value: no value may panic, and no mistake
// may take more than a line.
func FuzzParse(f *testing.F) {
	for _, v := range []string{"", "1", "10m", "on", "8MiB", "https://a", "https://u:p@a", "a,b", "~", "~/x", "\x00", "-1", "9223372036854775807d"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		for _, o := range Options() {
			if o.Kind == KindFile {
				continue
			}
			var c Config
			if v = strings.TrimSpace(v); v == "" {
				return
			}
			err := o.set(&c, v)
			if err == nil {
				continue
			}
			if e := keyError(o, v, err); strings.ContainsAny(e.Error(), "\n\r") {
				t.Errorf("more than a line: %q", e.Error())
			}
		}
	})
}
