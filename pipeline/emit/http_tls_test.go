package emit

import (
	"crypto/tls"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clock is a time that a test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// next makes files be looked at again.
func (c *clock) next() { c.t = c.t.Add(checkEvery) }

// copied writes the content of one file to another.
func copied(tb testing.TB, from, to string) {
	tb.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		tb.Fatal(err)
	}
	rewrite(tb, to, string(data))
}

// secure starts a server with the certificate.
func secure(tb testing.TB, config *tls.Config) *collector {
	tb.Helper()
	return collect(tb, nil, func(s *httptest.Server) {
		s.TLS = config
		s.StartTLS()
	})
}

func TestTLSServer(t *testing.T) {
	ours, theirs := newForwardAuthority(t, t.TempDir()), newForwardAuthority(t, t.TempDir())
	server := secure(t, serverConfig(t, ours))
	old := secure(t, &tls.Config{Certificates: []tls.Certificate{ours.pair(t, "old", "logs.example")}, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	byName := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for _, c := range []struct {
		name, to string
		tls      TLS
		says     string
	}{
		{"its authority", server.URL, TLS{CAFile: ours.file}, ""},
		{"its name", byName, TLS{CAFile: ours.file, ServerName: "logs.example"}, ""},
		{"not verified", byName, TLS{SkipVerify: true}, ""},
		{"another authority", server.URL, TLS{CAFile: theirs.file}, "certificate signed by unknown authority"},
		{"the system's authorities", server.URL, TLS{}, "certificate"},
		{"another name", byName, TLS{CAFile: ours.file}, "localhost"},
		{"TLS 1.1", old.URL, TLS{CAFile: ours.file}, "version"},
		{"no TLS", strings.Replace(server.URL, "https", "http", 1), TLS{}, "400 Bad Request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := opened(t, Options{To: c.to, TLS: c.tls}).Send(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 40)))
			if (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestTLSFilesAreReplaced replaces the client's certificate and the authority while
// connections are open.
func TestTLSFilesAreReplaced(t *testing.T) {
	ours, others := newForwardAuthority(t, t.TempDir()), newForwardAuthority(t, t.TempDir())
	pair := ours.pair(t, "server", "logs.example")
	var peer string
	server := secure(t, &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ours.pool,
		VerifyConnection: func(s tls.ConnectionState) error {
			peer = s.PeerCertificates[0].Subject.CommonName
			return nil
		},
	})
	b := batchOf(t, FormatJSON, specs("r", 1, 40))
	if err := opened(t, Options{To: server.URL, TLS: TLS{CAFile: ours.file}}).Send(t.Context(), b); err == nil {
		t.Error("accepted without a certificate")
	}
	ours.pair(t, "one", "client-1")
	ours.pair(t, "two", "client-2")
	dir := t.TempDir()
	cert, key, ca := filepath.Join(dir, "crt"), filepath.Join(dir, "key"), filepath.Join(dir, "ca")
	put := func(name string) {
		copied(t, filepath.Join(ours.dir, name+".crt"), cert)
		copied(t, filepath.Join(ours.dir, name+".key"), key)
	}
	put("one")
	copied(t, ours.file, ca)
	at := &clock{t: time.Now()}
	c := opened(t, Options{To: server.URL, TLS: TLS{CAFile: ca, CertFile: cert, KeyFile: key}, Now: at.now})
	send(t, c, b)
	if peer != "client-1" {
		t.Errorf("seen %s", peer)
	}
	put("two")
	at.next()
	send(t, c, b)
	if peer != "client-2" {
		t.Errorf("seen %s", peer)
	}
	// Half of a replacement.
	copied(t, filepath.Join(ours.dir, "one.crt"), cert)
	at.next()
	if err := c.Send(t.Context(), b); err == nil || !strings.Contains(err.Error(), "forward_tls_key_file") {
		t.Errorf("%v", err)
	}
	put("one")
	copied(t, others.file, ca)
	at.next()
	if err := c.Send(t.Context(), b); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("%v", err)
	}
	copied(t, ours.file, ca)
	at.next()
	send(t, c, b)
	if peer != "client-1" {
		t.Errorf("seen %s", peer)
	}
}

func serverConfig(tb testing.TB, a *forwardAuthority) *tls.Config {
	tb.Helper()
	return &tls.Config{Certificates: []tls.Certificate{a.pair(tb, "server", "logs.example")}, MinVersion: tls.VersionTLS12}
}
