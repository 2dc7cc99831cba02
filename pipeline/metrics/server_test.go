package metrics

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// serve runs a server until the test ends.
func serve(t *testing.T, o Options) *Server {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.State == nil {
		o.State = full()
	}
	o.MaxSeries = 1000
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return s
}

// answer is what a server answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// client is a client of a server that trusts an authority.
func client(t *testing.T, config *tls.Config) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: config != nil}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

func ask(t *testing.T, c *http.Client, method, url string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func TestPathsAndMethods(t *testing.T) {
	var unready atomic.Pointer[error]
	s := serve(t, Options{Ready: func() error {
		if err := unready.Load(); err != nil {
			return *err
		}
		return nil
	}})
	url := "http://" + s.Addr().String()
	c := client(t, nil)
	for _, tc := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/metrics", 200, "live_status_application_status{"},
		{"HEAD", "/metrics", 200, ""},
		{"GET", "/healthz", 200, "ok\n"},
		{"HEAD", "/healthz", 200, ""},
		{"GET", "/readyz", 200, "ok\n"},
		{"POST", "/metrics", 405, "GET and HEAD"},
		{"PUT", "/readyz", 405, "GET and HEAD"},
		{"DELETE", "/healthz", 405, "GET and HEAD"},
		{"GET", "/", 404, "/metrics"},
		{"GET", "/metrics/", 404, "/metrics"},
		{"GET", "/debug/pprof/", 404, "/metrics"},
		{"POST", "/", 404, "/metrics"},
	} {
		got := ask(t, c, tc.method, url+tc.path)
		if got.status != tc.status || !strings.Contains(got.body, tc.body) {
			t.Errorf("%s %s: %d %.200q", tc.method, tc.path, got.status, got.body)
		}
		if tc.status == 405 && got.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", tc.method, tc.path, got.header.Get("Allow"))
		}
	}
	reason := errors.New("not all live objects have been listed yet")
	unready.Store(&reason)
	if got := ask(t, c, "GET", url+"/readyz"); got.status != 503 || got.body != reason.Error()+"\n" {
		t.Errorf("not ready: %+v", got)
	}
	if got := ask(t, c, "GET", url+"/healthz"); got.status != 200 {
		t.Errorf("not ready is not ill: %+v", got)
	}
}

func TestFormats(t *testing.T) {
	s := serve(t, Options{})
	url := "http://" + s.Addr().String() + "/metrics"
	c := client(t, nil)
	for accept, want := range map[string]string{
		"": "text/plain; version=0.0.4",
		"application/openmetrics-text;version=1.0.0,text/plain;q=0.5": "application/openmetrics-text; version=1.0.0",
		"text/html": "text/plain; version=0.0.4",
	} {
		got := ask(t, c, "GET", url, "Accept", accept)
		if got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), want) {
			t.Errorf("%q: %d %s", accept, got.status, got.header.Get("Content-Type"))
		}
		if strings.HasPrefix(want, "text/plain") {
			valid(t, got.body)
		} else if !strings.HasSuffix(got.body, "\n# EOF\n") {
			t.Errorf("%q: %q", accept, got.body[len(got.body)-20:])
		}
		for _, name := range []string{"go_goroutines", "process_cpu_seconds", "live_status_info"} {
			if !strings.Contains(got.body, "# TYPE "+name) {
				t.Errorf("%q: no %s", accept, name)
			}
		}
	}
}

// The page of somebody else, opened in a browser of this machine, reads nothing.
func TestNamesAreNoAddresses(t *testing.T) {
	s := serve(t, Options{})
	_, port, err := net.SplitHostPort(s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, nil)
	for host, status := range map[string]int{
		"127.0.0.1:" + port: 200, "localhost:" + port: 200, "LOCALHOST": 200, "[::1]:" + port: 200, "[::1]": 200,
		"evil.example:" + port: 403, "localhost.evil.example": 403, "127.0.0.1.evil.example": 403, "[": 403,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr().String()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := c.Do(r)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode != status && (host != "[" || resp.StatusCode != http.StatusBadRequest) {
			t.Errorf("%s: %d, want %d", host, resp.StatusCode, status)
		}
	}
}

// A third scrape at a time is told to come back.
func TestScrapesAtATime(t *testing.T) {
	state := full()
	inside, leave := make(chan struct{}, 10), make(chan struct{})
	state.entered = func() { inside <- struct{}{}; <-leave }
	s := serve(t, Options{State: state})
	url := "http://" + s.Addr().String()
	c := client(t, nil)
	var under sync.WaitGroup
	for range maxScrapes {
		under.Go(func() {
			if got := ask(t, c, "GET", url+"/metrics"); got.status != 200 {
				t.Errorf("one of the first: %d", got.status)
			}
		})
		<-inside
	}
	if got := ask(t, c, "GET", url+"/metrics"); got.status != 503 {
		t.Errorf("one too many: %d", got.status)
	}
	if got := ask(t, c, "GET", url+"/healthz"); got.status != 200 {
		t.Errorf("a probe: %d", got.status)
	}
	close(leave)
	under.Wait()
}

func TestPanicEndsTheRequestAlone(t *testing.T) {
	state := full()
	var log syncBuffer
	state.entered = func() { panic("hunter2") }
	s := serve(t, Options{State: state, Logger: log.logger()})
	c := client(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr().String()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := c.Do(r); err == nil {
		_ = resp.Body.Close()
		t.Error("it was answered")
	}
	if got := ask(t, c, "GET", "http://"+s.Addr().String()+"/healthz"); got.status != 200 {
		t.Errorf("afterwards: %+v", got)
	}
	if text := log.String(); !strings.Contains(text, "please report this") || strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}

// Strangers who open all connections keep nobody out, and those who scrape keep
// theirs.
func TestStrangersMakeRoom(t *testing.T) {
	s := serve(t, Options{})
	dial := func() net.Conn {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	scrape := func(conn net.Conn, r *bufio.Reader) {
		t.Helper()
		if _, err := io.WriteString(conn, "HEAD /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodHead})
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
		_ = resp.Body.Close()
	}
	member := dial()
	reader := bufio.NewReader(member)
	scrape(member, reader)
	first := dial()
	for range 2 * maxConnections {
		dial()
	}
	if _, err := first.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the first stranger is still there")
	}
	scrape(member, reader)
	other := dial()
	scrape(other, bufio.NewReader(other))
}

func TestTakenAddress(t *testing.T) {
	first := serve(t, Options{})
	_, err := New(t.Context(), Options{Listen: first.Addr().String(), State: full()})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "metrics_listen") || !strings.Contains(err.Error(), "an address of its own") {
		t.Fatal(err)
	}
	first.Close()
	again, err := New(t.Context(), Options{Listen: first.Addr().String(), State: full()})
	if err != nil {
		t.Fatal("closed, and still taken:", err)
	}
	again.Close() // It never ran.
}

func TestMistakesInFiles(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t)
	crt, key := ca.write(t, dir, "good", time.Hour)
	broken := filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ crt, key, want string }{
		"none":   {filepath.Join(dir, "none"), key, "metrics_tls_crt_file"},
		"folder": {crt, dir, "no regular file"},
		"broken": {broken, key, "metrics_tls_key_file"},
	} {
		_, err := New(t.Context(), Options{Listen: "127.0.0.1:0", CertFile: tc.crt, KeyFile: tc.key, State: full()})
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A certificate that was changed is served from then on; one that is broken is not.
func TestCertificateRotates(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t)
	crt, key := ca.write(t, dir, "tls", time.Hour)
	var clock atomic.Int64
	var log syncBuffer
	s := serve(t, Options{CertFile: crt, KeyFile: key, Logger: log.logger(), Now: func() time.Time {
		return time.Unix(1_790_000_000+clock.Add(2), 0)
	}})
	url := "https://" + s.Addr().String() + "/metrics"
	for _, config := range []*tls.Config{{MaxVersion: tls.VersionTLS11}, {}} {
		if resp, err := client(t, config).Get(url); err == nil {
			_ = resp.Body.Close()
			t.Errorf("%+v was served", config.MaxVersion)
		}
	}
	serial := func() string {
		t.Helper()
		var serial string
		config := &tls.Config{RootCAs: ca.pool(), ServerName: "localhost", VerifyConnection: func(state tls.ConnectionState) error {
			serial = state.PeerCertificates[0].SerialNumber.String()
			return nil
		}}
		if got := ask(t, client(t, config), "GET", url); got.status != 200 {
			t.Fatal(got.status)
		}
		return serial
	}
	first := serial()
	ca.write(t, dir, "tls", time.Hour)
	second := serial()
	if first == second {
		t.Error("the former certificate is still served")
	}
	if err := os.WriteFile(key, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if serial() != second {
		t.Error("a broken key ended the use of the certificate")
	}
	if err := os.Remove(crt); err != nil {
		t.Fatal(err)
	}
	if serial() != second {
		t.Error("a file that is gone ended the use of the certificate")
	}
	if text := log.String(); strings.Count(text, "cannot be used") != 2 || strings.Count(text, "in use now") != 1 || strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}
