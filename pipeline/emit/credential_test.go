package emit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTokenIsReplaced is a server to which a token becomes invalid.
func TestTokenIsReplaced(t *testing.T) {
	valid := "one"
	server := collect(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+valid {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}, (*httptest.Server).Start)
	path := written(t, "one\n")
	at := &clock{t: time.Now()}
	c := opened(t, Options{To: server.URL, TokenFile: path, Now: at.now})
	b := batchOf(t, FormatJSON, specs("r", 1, 40))
	send(t, c, b)

	// The file was replaced within the second in which it was looked at.
	valid = "two"
	rewrite(t, path, "two\n")
	send(t, c, b)
	if n := len(server.seen()); n != 3 {
		t.Errorf("%d requests, want the one that was refused and another", n)
	}

	// It is replaced before the old one is refused.
	rewrite(t, path, "three\n")
	valid = "three"
	at.next()
	send(t, c, b)
	if n := len(server.seen()); n != 4 {
		t.Errorf("%d requests", n)
	}

	// The new one is not there yet.
	valid = "four"
	if err := c.Send(t.Context(), b); err == nil || !strings.Contains(err.Error(), "401 Unauthorized") {
		t.Errorf("%v", err)
	}
	if n := len(server.seen()); n != 5 {
		t.Errorf("%d requests: the same token was sent again at once", n)
	}

	// Nothing is sent without it.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	at.next()
	for range 2 {
		if err := c.Send(t.Context(), b); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "read forward_token_file") {
			t.Errorf("%v", err)
		}
	}
	if n := len(server.seen()); n != 5 {
		t.Errorf("%d requests: one was sent without the token", n)
	}
	rewrite(t, path, "four\n")
	at.next()
	send(t, c, b)
}

func TestHeadersAreReplaced(t *testing.T) {
	server := collect(t, nil, (*httptest.Server).Start)
	path := written(t, "Authorization: Basic b25l\nUser-Agent: us\n")
	at := &clock{t: time.Now()}
	c := opened(t, Options{To: server.URL, HeadersFile: path, Now: at.now})
	b := batchOf(t, FormatJSON, specs("r", 1, 40))
	send(t, c, b)
	rewrite(t, path, "Authorization: Basic dHdv\n")
	send(t, c, b)
	at.next()
	send(t, c, b)
	calls := server.seen()
	for i, want := range []string{"Basic b25l us", "Basic b25l us", "Basic dHdv live-status"} {
		if got := calls[i].header.Get("Authorization") + " " + calls[i].header.Get("User-Agent"); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
}

// TestOpenRefuses goes over configurations that cannot work; errors name the option
// and quote no secret.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	ca := newForwardAuthority(t, dir)
	ca.pair(t, "a", "a")
	ca.pair(t, "b", "b")
	in := func(name string) string { return filepath.Join(dir, name) }
	missing := in("missing")
	for _, c := range []struct {
		o    Options
		says string
	}{
		{Options{}, "forward_to is empty"},
		{Options{To: "s3cret"}, "forward_to is none of"},
		{Options{To: "ftp://s3cret@host/"}, "forward_to is none of"},
		{Options{To: "https://"}, "names no host"},
		{Options{To: "https:///s3cret"}, "names no host"},
		{Options{To: "https://user:s3cret@host:port/"}, "no valid port"},
		{Options{To: "https://user:s3c\x01ret@host/"}, "no URL"},
		{Options{To: "https://host/", Format: FormatForward}, "forward_format"},
		{Options{To: "https://user:s3cret@host/", TokenFile: written(t, "t")}, "forward_token_file"},
		{Options{To: "https://host/", TokenFile: missing}, "forward_token_file"},
		{Options{To: "https://host/", TokenFile: dir}, "not a regular file"},
		{Options{To: "https://host/", TokenFile: written(t, " \n")}, "empty"},
		{Options{To: "https://host/", TokenFile: written(t, "Bearer s3cret")}, "space"},
		{Options{To: "https://host/", TokenFile: written(t, "s3c\nret")}, "line break"},
		{Options{To: "https://host/", TokenFile: written(t, strings.Repeat("x", maxSecretFile+1))}, "larger"},
		{Options{To: "https://host/", HeadersFile: missing}, "forward_headers_file"},
		{Options{To: "https://host/", HeadersFile: written(t, "A: b\ns3cret\n")}, "line 2 is not of the form"},
		{Options{To: "https://host/", HeadersFile: written(t, "s3 cret: x\n")}, "line 1 is not of the form"},
		{Options{To: "https://host/", HeadersFile: written(t, "A: s3\x07cret\n")}, "control character in line 1"},
		{Options{To: "https://host/", HeadersFile: written(t, "content-length: 5\n")}, "line 1 sets Content-Length"},
		{Options{To: "https://host/", HeadersFile: written(t, "authorization: s3cret\n"), TokenFile: written(t, "t")}, "both set Authorization"},
		{Options{To: "https://host/", TLS: TLS{CAFile: missing}}, "forward_tls_ca_file"},
		{Options{To: "https://host/", TLS: TLS{CAFile: written(t, "s3cret")}}, "no certificate"},
		{Options{To: "https://host/", TLS: TLS{CAFile: in("a.key")}}, "something else than a certificate"},
		{Options{To: "https://host/", TLS: TLS{CAFile: written(t, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}}, "parse certificate 1"},
		{Options{To: "https://host/", TLS: TLS{CertFile: in("a.crt")}}, "belong together"},
		{Options{To: "https://host/", TLS: TLS{CertFile: in("a.crt"), KeyFile: missing}}, "forward_tls_key_file"},
		{Options{To: "https://host/", TLS: TLS{CertFile: missing, KeyFile: in("a.key")}}, "forward_tls_crt_file"},
		{Options{To: "https://host/", TLS: TLS{CertFile: in("a.crt"), KeyFile: in("b.key")}}, "does not match"},
		{Options{To: "https://host/", TLS: TLS{CertFile: in("a.crt"), KeyFile: written(t, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")}}, "encrypted"},
	} {
		client, err := Open(c.o)
		if err == nil {
			t.Errorf("%+v: opened", c.o)
			_ = client.Close()
			continue
		}
		if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "s3c") {
			t.Errorf("error %q, want %q", err, c.says)
		}
	}
}

func TestDestination(t *testing.T) {
	for to, want := range map[string]string{
		"file:/var/log/x.jsonl": "file:/var/log/x.jsonl", "stdout": "stdout", "s3cret": "?", "": "?", "x:s3cret": "?",
		"HTTPS://user:s3cret@host:1/s3cret?k=s3cret#s3cret": "https://host:1", "http://ho st/s3cret": "http://?",
		"forward://host:24224": "forward://host:24224",
	} {
		if got := Destination(to); got != want {
			t.Errorf("%q: %q, want %q", to, got, want)
		}
	}
}

func TestUnencryptedCredentialsAreToldOf(t *testing.T) {
	for to, want := range map[string]bool{"http://u:p@host/": true, "http://host/": false, "https://u:p@host/": false} {
		var log bytes.Buffer
		opened(t, Options{To: to, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if got := strings.Contains(log.String(), "unencrypted"); got != want || strings.Contains(log.String(), "u:p") {
			t.Errorf("%s: %s", to, log.String())
		}
	}
}

// TestHTTPGoesThroughTheProxy asks a proxy for a connection; the credentials of the
// downstream are not for it.
func TestHTTPGoesThroughTheProxy(t *testing.T) {
	ca := newForwardAuthority(t, t.TempDir())
	server := secure(t, serverConfig(t, ca))
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host+" "+r.Header.Get("Authorization")+r.Header.Get("Proxy-Authorization"))
		through, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		context.AfterFunc(t.Context(), func() { _ = through.Close() })
		go func() {
			_, _ = io.Copy(through, conn)
			_ = through.Close()
		}()
		_, _ = io.Copy(conn, through)
		_ = conn.Close()
	}))
	defer proxy.Close()
	c := opened(t, Options{To: "https://logs.example:4318/x", TLS: TLS{CAFile: ca.file}, TokenFile: written(t, "t0ken")})
	h, ok := c.(*httpClient)
	if !ok {
		t.Fatalf("client %T", c)
	}
	h.proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	send(t, c, batchOf(t, FormatJSON, specs("r", 1, 40)))
	if len(asked) != 1 || asked[0] != "CONNECT logs.example:4318 " {
		t.Errorf("asked %q", asked)
	}
	if calls := server.seen(); len(calls) != 1 || calls[0].header.Get("Authorization") != "Bearer t0ken" {
		t.Errorf("calls %+v", calls)
	}
	h.client.CloseIdleConnections()
	h.proxy = func(*http.Request) (*url.URL, error) {
		return nil, errors.New("invalid proxy address http://u:s3cret@")
	}
	if err := c.Send(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 40))); err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "HTTPS_PROXY") {
		t.Errorf("%v", err)
	}
}

// FuzzParseHeaders parses any file: what it lets pass net/http takes.
func FuzzParseHeaders(f *testing.F) {
	f.Add([]byte("A: b\n# c\n\nX-Y:z\r\n"))
	f.Add([]byte("Authorization: Basic x\nHost: y\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := parseHeaders(data)
		if err != nil {
			return
		}
		for _, h := range parsed {
			if h.name != http.CanonicalHeaderKey(h.name) || strings.ContainsAny(h.name+h.value, "\r\n\x00") || isOurs(h.name) {
				t.Fatalf("%+v", h)
			}
		}
	})
}
