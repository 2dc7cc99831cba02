package kube

import (
	"context"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestIdentity(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	a := b.load(t, byKeys(t, b, s, ca))

	s.set(func() { s.allow = func(*http.Request) bool { return false } })
	if _, err := a.Identity(t.Context()); !apierrors.IsUnauthorized(err) {
		t.Fatalf("got %v, want a 401 to be told", err)
	}
	s.set(func() { s.allow = nil })
	before := s.hits.Load()
	for range 3 {
		id, err := a.Identity(t.Context())
		if err != nil || id != "11f0-uid" {
			t.Fatalf("got %q, %v", id, err)
		}
	}
	if n := s.hits.Load() - before; n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestIdentityWhereItIsForbidden(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	s.set(func() {
		s.answer = func(w http.ResponseWriter, _ *http.Request) {
			status(w, http.StatusForbidden, "Forbidden", `namespaces "kube-system" is forbidden`)
		}
	})
	a := b.load(t, byKeys(t, b, s, ca))
	id, err := a.Identity(t.Context())
	if want := "url:" + s.Listener.Addr().String(); err != nil || id != want {
		t.Errorf("got %q, %v, want %q", id, err, want)
	}
}

func TestIdentityOfNoAPIServer(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	a := b.load(t, byKeys(t, b, s, ca))
	for body, want := range map[string]string{
		"<html>": "identify cluster: read namespace kube-system: invalid character",
		"{}":     "identify cluster: read namespace kube-system: it has no uid",
	} {
		s.set(func() {
			s.answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
		})
		if id, err := a.Identity(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want %s", body, id, err, want)
		}
	}
	s.Close()
	if id, err := a.Identity(t.Context()); err == nil {
		t.Errorf("a server that is down has the identity %q", id)
	}
	s = newServer(t, ca, s.Listener.Addr().String())
	if id, err := a.Identity(t.Context()); err != nil || id != "11f0-uid" {
		t.Errorf("once it is back: got %q, %v", id, err)
	}
}

func TestClusterName(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	cfg := b.defaults()
	cfg.URL, cfg.URLSet = "https://api.example.com:6443/k8s", true
	if got := b.load(t, cfg).ClusterName(); got != "api.example.com:6443" {
		t.Errorf("by keys: %q", got)
	}
	write(t, b.path("ca.crt"), ca.pem)
	cfg = b.defaults()
	cfg.Kubeconfig = b.kubeconfig(t, "https://api.example.com", "token: t", "")
	if got := b.load(t, cfg).ClusterName(); got != "farm" {
		t.Errorf("by kubeconfig: %q", got)
	}
	opts := b.options()
	opts.ClusterName = "prod"
	a, err := Load(cfg, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if got := a.ClusterName(); got != "prod" {
		t.Errorf("by cluster_name: %q", got)
	}
}

func TestCanceledContext(t *testing.T) {
	b := newBench(t)
	cfg := b.defaults()
	cfg.URL, cfg.URLSet = "https://api.example.com", true
	a := b.load(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Client(ctx); err == nil {
		t.Error("a canceled context gets a client")
	}
	if _, err := a.Identity(ctx); err == nil {
		t.Error("a canceled context gets an identity")
	}
}
