package kube

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fluent-live/live-status/pipeline/config"
)

// byKeys is a server described by single keys.
func byKeys(t testing.TB, b *bench, s *server, ca *authority) config.Kube {
	t.Helper()
	cfg := b.defaults()
	cfg.URL, cfg.URLSet = s.URL, true
	cfg.CAFile, cfg.CAFileSet = write(t, b.path("ca.crt"), ca.pem), true
	return cfg
}

func TestTokenIsReadAtOnceAfter401(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	cfg := byKeys(t, b, s, ca)
	cfg.TokenFile, cfg.TokenFileSet = write(t, b.path("token"), []byte("first\n")), true
	s.set(func() { s.allow = bearer("first") })
	a := b.load(t, cfg)
	if err := get(a); err != nil {
		t.Fatal(err)
	}
	if got := s.lastRequest().UserAgent(); got != "live-status/test" {
		t.Errorf("the user agent is %q", got)
	}

	write(t, b.path("token"), []byte("second"))
	s.set(func() { s.allow = bearer("second") })
	before := s.hits.Load()
	if err := get(a); err != nil {
		t.Fatalf("after the rotation: %v", err)
	}
	if n := s.hits.Load() - before; n != 2 {
		t.Errorf("%d requests, want 2: the refused one and its repetition", n)
	}

	// A token that is refused and did not change is not tried again.
	s.set(func() { s.allow = bearer("third") })
	before = s.hits.Load()
	if err := get(a); !apierrors.IsUnauthorized(err) {
		t.Fatalf("got %v, want a 401", err)
	}
	if n := s.hits.Load() - before; n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestTokenIsReadAfterItsTime(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	cfg := byKeys(t, b, s, ca)
	cfg.TokenFile, cfg.TokenFileSet = write(t, b.path("token"), []byte("first")), true
	a := b.load(t, cfg)
	want := func(token string) {
		t.Helper()
		if err := get(a); err != nil {
			t.Fatal(err)
		}
		if got := s.lastRequest().Header.Get("Authorization"); got != "Bearer "+token {
			t.Errorf("got %q, want the token %q", got, token)
		}
	}
	want("first")
	write(t, b.path("token"), []byte("second"))
	b.advance(9 * time.Minute)
	want("first")
	b.advance(time.Minute)
	want("second")

	if err := os.Remove(b.path("token")); err != nil {
		t.Fatal(err)
	}
	b.advance(time.Hour)
	want("second")
	if log := b.log.String(); !strings.Contains(log, "staying with the token read before") {
		t.Errorf("the log does not say that the file is gone:\n%s", log)
	}
}

func TestRequestWithBodyIsNotRepeated(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	cfg := byKeys(t, b, s, ca)
	cfg.TokenFile, cfg.TokenFileSet = write(t, b.path("token"), []byte("first")), true
	a := b.load(t, cfg)
	if err := get(a); err != nil {
		t.Fatal(err)
	}
	write(t, b.path("token"), []byte("second"))
	s.set(func() { s.allow = bearer("second") })
	c, err := a.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := s.hits.Load()
	err = c.Post().AbsPath("/x").Body([]byte("{}")).Do(t.Context()).Error()
	if !apierrors.IsUnauthorized(err) || s.hits.Load()-before != 1 {
		t.Errorf("got %v after %d requests, want a 401 after one", err, s.hits.Load()-before)
	}
}

func TestNewAuthority(t *testing.T) {
	for _, way := range []string{"kube_ca_file", "kube_ca_path", "kubeconfig"} {
		t.Run(way, func(t *testing.T) {
			b := newBench(t)
			ca := newAuthority(t, "first")
			s := newServer(t, ca, "")
			addr := s.Listener.Addr().String()
			cfg := byKeys(t, b, s, ca)
			rotated := b.path("ca.crt")
			switch way {
			case "kube_ca_path":
				cfg.CAFile, cfg.CAFileSet = "", false
				cfg.CAPath = b.path("cas")
				if err := os.Mkdir(cfg.CAPath, 0o700); err != nil {
					t.Fatal(err)
				}
				rotated = write(t, b.path("cas/one.pem"), ca.pem)
			case "kubeconfig":
				cfg = b.defaults()
				cfg.Kubeconfig = b.kubeconfig(t, s.URL, "", "")
			}
			a := b.load(t, cfg)
			if err := get(a); err != nil {
				t.Fatal(err)
			}

			s.Close()
			next := newAuthority(t, "second")
			newServer(t, next, addr)
			if err := get(a); err == nil || !strings.Contains(Describe(err), "unknown authority") {
				t.Fatalf("got %v, want an unknown authority", err)
			}
			// The clock stands still: only the failure makes it look.
			write(t, rotated, next.pem)
			if err := get(a); err != nil {
				t.Fatalf("after the rotation: %v", err)
			}
		})
	}
}

func TestHalfWrittenFileIsNotUsed(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	a := b.load(t, byKeys(t, b, s, ca))
	write(t, b.path("ca.crt"), ca.pem[:len(ca.pem)/2])
	b.advance(2 * time.Minute)
	if err := get(a); err != nil {
		t.Fatalf("with half a file: %v", err)
	}
	if log := b.log.String(); !strings.Contains(log, "staying with the former ones") {
		t.Errorf("the log does not say so:\n%s", log)
	}
}

func TestClientCertificateRotation(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	user := func() string {
		if c := s.lastRequest().TLS.PeerCertificates; len(c) > 0 {
			return c[0].Subject.CommonName
		}
		return ""
	}
	cfg := byKeys(t, b, s, ca)
	certificate := func(user string) {
		cert, key := ca.issue(t, user)
		cfg.ClientCertFile = write(t, b.path("tls.crt"), cert)
		cfg.ClientKeyFile = write(t, b.path("tls.key"), key)
	}
	certificate("ada")
	a := b.load(t, cfg)
	if err := get(a); err != nil {
		t.Fatal(err)
	}
	if user() != "ada" {
		t.Errorf("the user is %q, want ada", user())
	}
	certificate("bob")
	if err := get(a); err != nil || user() != "ada" {
		t.Errorf("within the minute: user %q, %v, want ada", user(), err)
	}
	b.advance(time.Minute)
	if err := get(a); err != nil || user() != "bob" {
		t.Errorf("after a minute: user %q, %v, want bob", user(), err)
	}
	certificate("cid")
	a.Invalidate()
	if err := get(a); err != nil || user() != "cid" {
		t.Errorf("after Invalidate: user %q, %v, want cid", user(), err)
	}
}

func TestStreamSurvivesRotation(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	a := b.load(t, byKeys(t, b, s, ca))
	release := make(chan struct{})
	s.set(func() {
		s.answer = func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "one\n")
			_ = http.NewResponseController(w).Flush()
			<-release
			_, _ = io.WriteString(w, "two\n")
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := a.Client(ctx)
	if err != nil {
		t.Fatal(err)
	}
	body, err := c.Get().AbsPath("/api/v1/events").Param("watch", "1").Stream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	a.Invalidate()
	if _, err := a.Client(ctx); err != nil {
		t.Fatal(err)
	}
	close(release)
	got, err := io.ReadAll(body)
	if err != nil || string(got) != "one\ntwo\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

func TestClosedAccess(t *testing.T) {
	b := newBench(t)
	ca := newAuthority(t, "ca")
	s := newServer(t, ca, "")
	a := b.load(t, byKeys(t, b, s, ca))
	a.Close()
	a.Invalidate()
	if err := get(a); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v, want that it is closed", err)
	}
	if a.ClusterName() != "" || a.URL() != "" {
		t.Errorf("a closed access still has the name %q and the URL %q", a.ClusterName(), a.URL())
	}
}
