package kube

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// kubeconfig writes a kubeconfig with one context, its CA in ca.crt beside it.
func (b *bench) kubeconfig(t testing.TB, url, user, cluster string) string {
	t.Helper()
	if cluster == "" {
		cluster = "certificate-authority: ca.crt"
	}
	if user == "" {
		user = "{}"
	}
	indent := func(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ") }
	return write(t, b.path("kubeconfig"), fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: main
contexts:
- name: main
  context: {cluster: farm, user: ada}
- name: other
  context: {cluster: farm, user: ada}
clusters:
- name: farm
  cluster:
    server: %s
    %s
users:
- name: ada
  user:
    %s
`, url, indent(cluster), indent(user)))
}

func TestKubeconfigForms(t *testing.T) {
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	cert, key := ca.issue(t, "ada")
	b64 := base64.StdEncoding.EncodeToString
	basic := func(r *http.Request) bool {
		u, p, _ := r.BasicAuth()
		return u == "ada" && p == "hunter2"
	}
	byCert := func(r *http.Request) bool {
		return len(r.TLS.PeerCertificates) == 1 && r.TLS.PeerCertificates[0].Subject.CommonName == "ada"
	}
	withUserinfo := strings.Replace(s.URL, "https://", "https://ada:hunter2@", 1)
	tests := []struct {
		name, user, cluster string
		url                 string
		change              func(*config.Kube)
		allow               func(*http.Request) bool
	}{
		{name: "user and password", user: "username: ada\npassword: hunter2", allow: basic},
		{name: "user and password in the URL", url: withUserinfo, allow: basic},
		{name: "token", user: "token: tok-1", allow: bearer("tok-1")},
		{name: "token file beside it", user: "tokenFile: token", allow: bearer("tok-file")},
		{
			name: "certificate data", allow: byCert,
			user: "client-certificate-data: " + b64(cert) + "\nclient-key-data: " + b64(key),
		},
		{name: "certificate files", user: "client-certificate: tls.crt\nclient-key: tls.key", allow: byCert},
		{name: "CA data", cluster: "certificate-authority-data: " + b64(ca.pem), user: "token: tok-1", allow: bearer("tok-1")},
		{name: "no check of the server", cluster: "insecure-skip-tls-verify: true", user: "token: tok-1", allow: bearer("tok-1")},
		{
			name: "no check by our key", cluster: "certificate-authority: other.crt", user: "token: tok-1", allow: bearer("tok-1"),
			change: func(k *config.Kube) { k.TLSVerify = false },
		},
		{
			name: "server name", cluster: "certificate-authority: ca.crt\ntls-server-name: nowhere.example.com", user: "token: tok-1",
			allow: bearer("tok-1"), change: func(k *config.Kube) { k.TLSServerName = "127.0.0.1" },
		},
		{
			name: "impersonation", user: "token: tok-1\nas: bob",
			allow: func(r *http.Request) bool { return r.Header.Get("Impersonate-User") == "bob" },
		},
		{
			name: "other context", user: "token: tok-1", allow: bearer("tok-1"),
			change: func(k *config.Kube) { k.Context = "other" },
		},
		{
			name: "exec plugin", allow: bearer("tok-exec"),
			user: "exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: ./plugin\n  interactiveMode: Never\n  env:\n  - {name: TOKEN_AT, value: PLUGIN_TOKEN}",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			write(t, b.path("ca.crt"), ca.pem)
			write(t, b.path("other.crt"), newAuthority(t, "other").pem)
			write(t, b.path("token"), []byte("tok-file\n"))
			write(t, b.path("tls.crt"), cert)
			write(t, b.path("tls.key"), key)
			b.plugin(t, "tok-exec")
			url := tt.url
			if url == "" {
				url = s.URL
			}
			cfg := b.defaults()
			cfg.Kubeconfig = b.kubeconfig(t, url, strings.ReplaceAll(tt.user, "PLUGIN_TOKEN", b.path("plugin-token")), tt.cluster)
			if tt.change != nil {
				tt.change(&cfg)
			}
			s.set(func() { s.allow = tt.allow })
			a := b.load(t, cfg)
			if err := get(a); err != nil {
				t.Fatal(err)
			}
			if got := a.ClusterName(); got != "farm" {
				t.Errorf("the cluster's name is %q, want farm", got)
			}
			if a.URL() != s.URL {
				t.Errorf("the URL is %q, want %q", a.URL(), s.URL)
			}
			insecure := strings.HasPrefix(tt.name, "no check")
			if n := strings.Count(b.log.String(), "certificate is not checked"); insecure != (n == 1) {
				t.Errorf("%d warnings of an unchecked certificate in:\n%s", n, b.log.String())
			}
			if strings.Contains(b.log.String(), "hunter2") || strings.Contains(b.log.String(), "tok-") {
				t.Errorf("a credential shows in:\n%s", b.log.String())
			}
		})
	}
}

// plugin writes a credential plugin that prints the token of a file and counts
// its runs.
func (b *bench) plugin(t testing.TB, token string) {
	t.Helper()
	write(t, b.path("plugin-token"), []byte(token))
	path := write(t, b.path("plugin"), []byte(`#!/bin/sh
echo run >>"$TOKEN_AT.runs"
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}' "$(cat "$TOKEN_AT")"
`))
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestExecPluginIsRunAgainAfter401(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	write(t, b.path("ca.crt"), ca.pem)
	b.plugin(t, "tok-1")
	cfg := b.defaults()
	cfg.Kubeconfig = b.kubeconfig(t, s.URL,
		"exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: ./plugin\n  interactiveMode: IfAvailable\n  env:\n  - {name: TOKEN_AT, value: "+b.path("plugin-token")+"}", "")
	s.set(func() { s.allow = bearer("tok-1") })
	a := b.load(t, cfg)
	for range 3 {
		if err := get(a); err != nil {
			t.Fatal(err)
		}
	}
	write(t, b.path("plugin-token"), []byte("tok-2"))
	s.set(func() { s.allow = bearer("tok-2") })
	if err := get(a); err != nil {
		t.Fatalf("after the rotation: %v", err)
	}
	runs, err := os.ReadFile(b.path("plugin-token.runs"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(runs), "run"); n != 2 {
		t.Errorf("the plugin was run %d times, want 2", n)
	}
}

func TestMergedKubeconfigs(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	write(t, b.path("ca.crt"), ca.pem)
	main := b.kubeconfig(t, s.URL, "token: tok-1", "")
	second := write(t, b.path("second"), []byte("apiVersion: v1\nkind: Config\ncontexts:\n- {name: more, context: {cluster: farm, user: ada}}\n"))
	t.Setenv("KUBECONFIG", strings.Join([]string{second, b.path("gone"), main}, string(filepath.ListSeparator)))
	cfg := b.defaults()
	cfg.Context = "more"
	s.set(func() { s.allow = bearer("tok-1") })
	if err := get(b.load(t, cfg)); err != nil {
		t.Fatal(err)
	}
}

// TestOrder has every way to a cluster lead to another server name, and takes
// the first away each time.
func TestOrder(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	write(t, b.path("ca.crt"), ca.pem)
	config1 := func(path, host string) string {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		from := b.kubeconfig(t, "https://"+host, "token: t", "certificate-authority: "+b.path("ca.crt"))
		if err := os.Rename(from, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := b.defaults()
	cfg.Kubeconfig = config1(b.path("explicit"), "by-kube-config")
	t.Setenv("KUBECONFIG", config1(b.path("env"), "by-env"))
	home := config1(b.path("home/.kube/config"), "by-home")
	if err := os.MkdirAll(b.path("sa"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, cfg.TokenFile, []byte("sa-token"))
	write(t, cfg.CAFile, ca.pem)

	want := func(url string) {
		t.Helper()
		if got := b.load(t, cfg).URL(); got != url {
			t.Errorf("got %s, want %s", got, url)
		}
	}
	want("https://by-kube-config")
	cfg.Kubeconfig, cfg.URL, cfg.URLSet = "", "https://by-url", true
	want("https://by-url")
	cfg.URL, cfg.URLSet = config.DefaultURL, false
	want("https://kubernetes.default.svc")
	cfg.Context = "main"
	want("https://by-env")
	cfg.Context = ""
	if err := os.Remove(cfg.TokenFile); err != nil {
		t.Fatal(err)
	}
	want("https://by-env")
	t.Setenv("KUBECONFIG", "")
	want("https://by-home")
	if err := os.Remove(home); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(cfg, b.options()); err == nil || !strings.HasPrefix(err.Error(), "find a cluster: this is no pod") {
		t.Errorf("got %v", err)
	}
}

func TestLoadMistakes(t *testing.T) {
	ca := newAuthority(t, "ca")
	cert, _ := ca.issue(t, "ada")
	_, otherKey := ca.issue(t, "bob")
	const url = "https://api.example.com"
	tests := []struct {
		name   string
		config func(t *testing.T, b *bench, cfg *config.Kube)
		want   string
	}{
		{"no such context", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.Kubeconfig, cfg.Context = b.kubeconfig(t, url, "token: x", ""), "prod"
		}, `read kubeconfig DIR/kubeconfig: it has no context "prod"; set kube_context to one of main, other`},
		{"no kubeconfig", func(_ *testing.T, b *bench, cfg *config.Kube) {
			cfg.Kubeconfig = b.path("gone")
		}, `read kubeconfig DIR/gone: stat DIR/gone: no such file or directory`},
		{"files of KUBECONFIG gone", func(t *testing.T, b *bench, _ *config.Kube) {
			t.Setenv("KUBECONFIG", b.path("gone")+string(filepath.ListSeparator)+b.path("gone2"))
		}, `read kubeconfig DIR/gone:DIR/gone2: file does not exist`},
		{"not YAML", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.Kubeconfig = write(t, b.path("kubeconfig"), []byte("a: b: c"))
		}, `read kubeconfig DIR/kubeconfig: error loading config file "DIR/kubeconfig": yaml: mapping values are not allowed in this context`},
		{"empty", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.Kubeconfig = write(t, b.path("kubeconfig"), nil)
		}, `read kubeconfig DIR/kubeconfig: it has no context`},
		{"token file gone", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.Kubeconfig = b.kubeconfig(t, url, "tokenFile: gone", "")
		}, `read kubeconfig DIR/kubeconfig, context "main": open DIR/gone: no such file or directory`},
		{"token file empty", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.URL, cfg.URLSet = url, true
			cfg.TokenFile, cfg.TokenFileSet = write(t, b.path("token"), []byte(" \n")), true
		}, `read token: DIR/token is empty`},
		{"token file no token", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.URL, cfg.URLSet = url, true
			cfg.TokenFile, cfg.TokenFileSet = write(t, b.path("token"), []byte("hunter2\nhunter2\n")), true
		}, `read token: DIR/token holds something else than one token`},
		{"CA is none", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.URL, cfg.URLSet = url, true
			cfg.CAFile, cfg.CAFileSet = write(t, b.path("ca.pem"), []byte("-----BEGIN")), true
		}, `read CA certificates: DIR/ca.pem has no certificate in PEM form`},
		{"key of another certificate", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.URL, cfg.URLSet = url, true
			cfg.ClientCertFile = write(t, b.path("tls.crt"), cert)
			cfg.ClientKeyFile = write(t, b.path("tls.key"), otherKey)
		}, `set up access to https://api.example.com: tls: private key does not match public key`},
		{"plugin that asks", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.Kubeconfig = b.kubeconfig(t, url, "exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: ./plugin", "")
		}, `read kubeconfig DIR/kubeconfig, context "main": invalid configuration: interactiveMode must be specified for ada to use exec authentication plugin`},
		{"provider of the past", func(t *testing.T, b *bench, cfg *config.Kube) {
			cfg.Kubeconfig = b.kubeconfig(t, url, "auth-provider: {name: gcp}", "")
		}, `set up access to https://api.example.com: The gcp auth plugin has been removed. Please use the "gke-gcloud-auth-plugin" kubectl/client-go credential plugin instead. See https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke for further details`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			write(t, b.path("ca.crt"), ca.pem)
			cfg := b.defaults()
			tt.config(t, b, &cfg)
			a, err := Load(cfg, b.options())
			if err == nil {
				a.Close()
				t.Fatal("no error")
			}
			if got := strings.ReplaceAll(err.Error(), b.dir, "DIR"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestServiceAccountTokenStaysEncrypted points the plugin at a plain server:
// the pod's token is not for it.
func TestServiceAccountTokenStaysEncrypted(t *testing.T) {
	b := newBench(t)
	s := newPlainServer(t)
	cfg := b.defaults()
	if err := os.MkdirAll(b.path("sa"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, cfg.TokenFile, []byte("sa-token"))
	cfg.URL, cfg.URLSet = s.URL, true
	if err := get(b.load(t, cfg)); err != nil {
		t.Fatal(err)
	}
	if got := s.lastRequest().Header.Get("Authorization"); got != "" {
		t.Errorf("the server got %q", got)
	}
	cfg.TokenFileSet = true
	if err := get(b.load(t, cfg)); err != nil {
		t.Fatal(err)
	}
	if got := s.lastRequest().Header.Get("Authorization"); got != "Bearer sa-token" {
		t.Errorf("the server got %q, want the token that was asked for", got)
	}
	if !strings.Contains(b.log.String(), "the token is sent without encryption") {
		t.Errorf("the log does not warn:\n%s", b.log.String())
	}
}

func TestRedirectGetsNothing(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s, elsewhere := newServer(t, ca, ""), newServer(t, ca, "")
	cfg := byKeys(t, b, s, ca)
	cfg.TokenFile, cfg.TokenFileSet = write(t, b.path("token"), []byte("tok-1")), true
	s.set(func() {
		s.answer = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/login", http.StatusFound)
		}
	})
	err := get(b.load(t, cfg))
	if err == nil || !strings.Contains(Describe(err), "answered 302 Found") {
		t.Errorf("got %v", Describe(err))
	}
	if n := elsewhere.hits.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}

func TestServerWarningsAreLoggedOnce(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	s.set(func() {
		s.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Warning", `299 - "v1 Events is old"`)
			_, _ = w.Write([]byte("{}"))
		}
	})
	a := b.load(t, byKeys(t, b, s, ca))
	for range 3 {
		if err := get(a); err != nil {
			t.Fatal(err)
		}
		b.advance(time.Second)
	}
	if n := strings.Count(b.log.String(), "v1 Events is old"); n != 1 {
		t.Errorf("%d warnings, want 1:\n%s", n, b.log.String())
	}
}
