package scrape

import (
	"compress/gzip"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const answer = "live_status_info{cluster=\"c\"} 1\n"

// serve is a real HTTPS server, and options that ask it with a token.
func serve(t *testing.T, cert tls.Certificate, authority string, handler http.HandlerFunc) Options {
	t.Helper()
	srv := httptest.NewUnstartedServer(handler)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	srv.Config.ErrorLog = quiet
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return Options{URL: srv.URL, TokenFile: file(t, "token", "good\n"), CAFile: authority}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// metrics answers who has the token good.
func metrics(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/metrics":
		http.NotFound(w, r)
	case r.Header.Get("Authorization") == "Bearer known":
		w.WriteHeader(http.StatusForbidden)
	case r.Header.Get("Authorization") != "Bearer good":
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = io.WriteString(w, answer)
	}
}

func fetch(t *testing.T, o Options) (int, error) {
	t.Helper()
	n := 0
	err := Fetch(t.Context(), o, func(Sample) { n++ })
	return n, err
}

// The server proves who it is, and so does who asks.
func TestFetchOverTLS(t *testing.T) {
	ca := newAuthority(t)
	good := ca.issue(t, "127.0.0.1", time.Hour)
	stranger := newAuthority(t)
	for _, tt := range []struct {
		name string
		cert tls.Certificate
		set  func(*Options)
		want string
	}{
		{"all is well", good, func(*Options) {}, ""},
		{"another authority", stranger.issue(t, "127.0.0.1", time.Hour), func(*Options) {}, "write --ca-file"},
		{"no authority is named", good, func(o *Options) { o.CAFile = "" }, "write --ca-file"},
		{"another name", ca.issue(t, "other.example", time.Hour), func(*Options) {}, "--server-name"},
		{"the name is told", ca.issue(t, "other.example", time.Hour), func(o *Options) { o.ServerName = "other.example" }, ""},
		{"expired", ca.issue(t, "127.0.0.1", -time.Hour), func(*Options) {}, "expired"},
		{"not verified", stranger.issue(t, "127.0.0.1", -time.Hour), func(o *Options) { o.CAFile, o.SkipVerify = "", true }, ""},
		{"no token", good, func(o *Options) { o.TokenFile = "" }, "wants a token: write --token-file"},
		{"a wrong token", good, func(o *Options) { o.TokenFile = file(t, "t", "s3cret") }, "does not know the token"},
		{"a token without the right", good, func(o *Options) { o.TokenFile = file(t, "t", "known") }, "may not get /metrics"},
		{"an empty token", good, func(o *Options) { o.TokenFile = file(t, "t", " \n") }, "is empty"},
		{"two tokens", good, func(o *Options) { o.TokenFile = file(t, "t", "s3cret\ns3cret\n") }, "more than a token"},
		{"a header in a token", good, func(o *Options) { o.TokenFile = file(t, "t", "s3cret\r\nX: y") }, "more than a token"},
		{"a token without a file", good, func(o *Options) { o.TokenFile = "nowhere" }, "--token-file: open nowhere"},
		{"no authority in the file", good, func(o *Options) { o.CAFile = file(t, "ca", "s3cret") }, "holds no certificate in PEM"},
		{"another path", good, func(o *Options) { o.URL += "/other" }, "answers 404"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := serve(t, tt.cert, ca.file, metrics)
			tt.set(&o)
			n, err := fetch(t, o)
			if tt.want == "" && (err != nil || n != 1) {
				t.Errorf("%d series, %v", n, err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret")) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// The token is read at each call: Kubernetes gives new ones.
func TestFetchReadsTheTokenAnew(t *testing.T) {
	ca := newAuthority(t)
	o := serve(t, ca.issue(t, "127.0.0.1", time.Hour), ca.file, metrics)
	if err := os.WriteFile(o.TokenFile, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t, o); err == nil {
		t.Error("an old token was taken")
	}
	if err := os.WriteFile(o.TokenFile, []byte("good"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := fetch(t, o); err != nil || n != 1 {
		t.Errorf("%d series, %v", n, err)
	}
}

// Nobody else gets the token: not where a redirect leads to, not a proxy.
func TestTokenStaysHere(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue(t, "127.0.0.1", time.Hour)
	var asked atomic.Int64
	count := func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, answer)
	}
	other := serve(t, cert, ca.file, count)
	o := serve(t, cert, ca.file, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/metrics", http.StatusFound)
	})
	if _, err := fetch(t, o); err == nil || !strings.Contains(err.Error(), "which is not followed") {
		t.Errorf("error %v", err)
	}
	proxy := httptest.NewServer(http.HandlerFunc(count))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	if _, err := fetch(t, serve(t, cert, ca.file, metrics)); err != nil {
		t.Error(err)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("somebody else was asked %d times", n)
	}
}

// Servers that do not end, or do not begin, are left.
func TestFetchIsBounded(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue(t, "127.0.0.1", time.Hour)
	text := func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/plain") }
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		set     func(*Options)
		want    string
	}{
		{
			"says nothing", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			func(o *Options) { o.Timeout = 50 * time.Millisecond }, "did not answer within 50ms: see --timeout",
		},
		{"stops in the middle", func(w http.ResponseWriter, r *http.Request) {
			text(w)
			_, _ = io.WriteString(w, answer)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, func(o *Options) { o.Timeout = 200 * time.Millisecond }, "did not answer within"},
		{"never ends", endless(answer), func(o *Options) { o.Limits.Bytes = 1 << 20 }, "more than 1048576 bytes"},
		{"has too many series", endless(answer), func(o *Options) { o.Limits.Series = 10 }, "more than 10 series"},
		{"is a line without end", endless("x"), func(*Options) {}, "line 1 has more than"},
		{"is small and swells", func(w http.ResponseWriter, r *http.Request) {
			text(w)
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(z, strings.Repeat("# zero\n", 10000)); err != nil {
					return
				}
			}
		}, func(o *Options) { o.Limits.Bytes = 1 << 20 }, "more than 1048576 bytes"},
		{"is cut off", func(w http.ResponseWriter, _ *http.Request) {
			text(w)
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, answer)
		}, func(*Options) {}, "unexpected EOF"},
		{"is a page", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, answer)
		}, func(*Options) {}, "does not answer with metrics"},
		{"has huge headers", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Huge", strings.Repeat("x", 2<<20))
		}, func(*Options) {}, "fetch 127.0.0.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := serve(t, cert, ca.file, tt.handler)
			// Only what waits for the time to pass may end by it.
			o.Timeout = time.Minute
			tt.set(&o)
			if _, err := fetch(t, o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// endless answers a text again and again.
func endless(line string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat(line, 1000)); err != nil {
				return
			}
		}
	}
}

// A server that knows its clients by their certificates gets that.
func TestClientCertificate(t *testing.T) {
	ca := newAuthority(t)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(metrics))
	srv.TLS = &tls.Config{
		Certificates: []tls.Certificate{ca.issue(t, "127.0.0.1", time.Hour)}, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool,
	}
	srv.Config.ErrorLog = quiet
	srv.StartTLS()
	defer srv.Close()
	o := Options{URL: srv.URL, CAFile: ca.file, TokenFile: file(t, "token", "good")}
	if _, err := fetch(t, o); err == nil {
		t.Error("taken without a certificate")
	}
	o.CertFile, o.KeyFile = ca.files(t, "checkmk", time.Hour)
	if n, err := fetch(t, o); err != nil || n != 1 {
		t.Errorf("%d series, %v", n, err)
	}
	o.KeyFile = o.CertFile
	if _, err := fetch(t, o); err == nil || !strings.Contains(err.Error(), "--key-file") {
		t.Errorf("error %v", err)
	}
}
