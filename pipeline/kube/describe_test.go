package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/fluent-live/live-status/pipeline/config"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// failure makes one failed request, as a person would meet it.
type failure struct {
	name string
	make func(t *testing.T, b *bench, ca *authority) error
}

func failures() []failure {
	// against fails at a server that was set up in some way.
	against := func(change func(*x509.Certificate), prepare func(*testing.T, *bench, *server, *config.Kube)) func(*testing.T, *bench, *authority) error {
		return func(t *testing.T, b *bench, ca *authority) error {
			var changes []func(*x509.Certificate)
			if change != nil {
				changes = append(changes, change)
			}
			s := newServer(t, ca, "", changes...)
			cfg := byKeys(t, b, s, ca)
			prepare(t, b, s, &cfg)
			return get(b.load(t, cfg))
		}
	}
	answer := func(f http.HandlerFunc) func(*testing.T, *bench, *authority) error {
		return against(nil, func(_ *testing.T, _ *bench, s *server, _ *config.Kube) { s.set(func() { s.answer = f }) })
	}
	synthetic := func(err error) func(*testing.T, *bench, *authority) error {
		return func(*testing.T, *bench, *authority) error {
			return fmt.Errorf("list events: %w", &url.Error{Op: "Get", URL: "https://ada:xxx@api.example.com:6443/api/v1/events?limit=500", Err: err})
		}
	}
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 6443}, Err: &os.SyscallError{Syscall: "connect", Err: err}}
	}
	return []failure{
		{"server down", against(nil, func(_ *testing.T, _ *bench, s *server, _ *config.Kube) { s.Close() })},
		{"certificate of another CA", against(nil, func(t *testing.T, b *bench, _ *server, _ *config.Kube) {
			write(t, b.path("ca.crt"), newAuthority(t, "other").pem)
		})},
		{"certificate for another name", against(func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"api.example.com"}
		}, func(*testing.T, *bench, *server, *config.Kube) {})},
		{"certificate expired", against(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Unix(0, 0), time.Unix(86400, 0)
		}, func(*testing.T, *bench, *server, *config.Kube) {})},
		{"no TLS", against(nil, func(t *testing.T, _ *bench, _ *server, cfg *config.Kube) {
			cfg.URL = strings.Replace(newPlainServer(t).URL, "http://", "https://", 1)
		})},
		{"TLS where none is spoken to", against(nil, func(_ *testing.T, _ *bench, _ *server, cfg *config.Kube) {
			cfg.URL = strings.Replace(cfg.URL, "https://", "http://", 1)
		})},
		{"client certificate refused", synthetic(fmt.Errorf("remote error: %w", tls.AlertError(42)))},
		{"401", against(nil, func(_ *testing.T, _ *bench, s *server, _ *config.Kube) {
			s.set(func() { s.allow = func(*http.Request) bool { return false } })
		})},
		{"403", answer(func(w http.ResponseWriter, _ *http.Request) {
			status(w, 403, "Forbidden", `events is forbidden: User "system:serviceaccount:logging:live-status" cannot list resource "events" in API group "" at the cluster scope`)
		})},
		{"404", answer(func(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) })},
		{"410", answer(func(w http.ResponseWriter, _ *http.Request) {
			status(w, 410, "Expired", "The resourceVersion for the provided list is too old.")
		})},
		{"login page", answer(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) })},
		{"500 with a page", answer(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "etcd is\ngone", http.StatusInternalServerError)
		})},
		{"plugin fails", against(nil, func(t *testing.T, b *bench, s *server, cfg *config.Kube) {
			if err := os.Chmod(write(t, b.path("plugin"), []byte("#!/bin/sh\nexit 3\n")), 0o700); err != nil {
				t.Fatal(err)
			}
			*cfg = b.defaults()
			cfg.Kubeconfig = b.kubeconfig(t, s.URL, "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: Never}", "")
		})},
		{"plugin not installed", against(nil, func(t *testing.T, b *bench, s *server, cfg *config.Kube) {
			*cfg = b.defaults()
			cfg.Kubeconfig = b.kubeconfig(t, s.URL, "exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Never, installHint: Ask your admin.}", "")
		})},
		{"plugin needs a terminal", against(nil, func(t *testing.T, b *bench, s *server, cfg *config.Kube) {
			*cfg = b.defaults()
			cfg.Kubeconfig = b.kubeconfig(t, s.URL, "exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Always}", "")
		})},
		{"no answer", func(t *testing.T, b *bench, ca *authority) error {
			s := newServer(t, ca, "")
			s.set(func() { s.answer = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() } })
			a := b.load(t, byKeys(t, b, s, ca))
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			c, err := a.Client(ctx)
			if err != nil {
				return err
			}
			return c.Get().AbsPath("/api/v1/events").Do(ctx).Error()
		}},
		{"no such host", synthetic(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true}})},
		{"name server silent", synthetic(&net.DNSError{Err: "i/o timeout", Name: "api.example.com", IsTimeout: true})},
		{"no route", synthetic(dial(syscall.EHOSTUNREACH))},
		{"reset", synthetic(dial(syscall.ECONNRESET))},
		{"proxy down", synthetic(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial(syscall.ECONNREFUSED)})},
		{"proxy wants a login", synthetic(errors.New("proxyconnect tcp: Proxy Authentication Required"))},
		{"closed", synthetic(io.ErrUnexpectedEOF)},
		{"stopped", synthetic(context.Canceled)},
		{"token file gone", synthetic(fmt.Errorf("read token: %w", &os.PathError{Op: "open", Path: "/var/run/token", Err: syscall.ENOENT}))},
		{"anything else", synthetic(errors.New("the\nmoon"))},
		{"anything else without a URL", func(*testing.T, *bench, *authority) error { return errors.New("the moon") }},
	}
}

// TestDescribe compares the descriptions with testdata/describe.txtar.
func TestDescribe(t *testing.T) {
	const golden = "testdata/describe.txtar"
	ca := newAuthority(t, "ca")
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	got := &txtar.Archive{Comment: []byte("What Describe says of an error, by what went wrong. Written by go test -update.\n\n")}
	for _, f := range failures() {
		t.Run(f.name, func(t *testing.T) {
			b := newBench(t)
			err := f.make(t, b, ca)
			if err == nil {
				t.Fatal("no error")
			}
			line := strings.ReplaceAll(address.ReplaceAllString(Describe(err), "127.0.0.1:PORT"), b.dir, "DIR")
			if strings.ContainsAny(line, "\r\n") {
				t.Errorf("more than a line: %q", line)
			}
			got.Files = append(got.Files, txtar.File{Name: f.name, Data: []byte(line + "\n")})
		})
	}
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	expected := map[string]string{}
	for _, f := range want.Files {
		expected[f.Name] = string(f.Data)
	}
	for _, f := range got.Files {
		if expected[f.Name] != string(f.Data) {
			t.Errorf("%s:\ngot  %swant %s", f.Name, f.Data, expected[f.Name])
		}
		delete(expected, f.Name)
	}
	for name := range expected {
		t.Errorf("%s is in %s only", name, golden)
	}
}

func TestDescribeNamesTheServer(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	s.set(func() { s.allow = func(*http.Request) bool { return false } })
	a := b.load(t, byKeys(t, b, s, ca))
	if got := a.Describe(get(a)); !strings.HasPrefix(got, s.URL+": the API server answered 401") {
		t.Errorf("got %s", got)
	}
	if Describe(nil) != "" || a.Describe(nil) != "" {
		t.Error("no error has a description")
	}
}
