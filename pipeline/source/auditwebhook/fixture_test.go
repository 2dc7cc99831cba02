package auditwebhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait of a test.
const patience = 20 * time.Second

// fixture is a source that runs on a port of its own.
type fixture struct {
	t      testing.TB
	source *Source
	spool  *memory
	sink   *sink
	logs   *logs
	ca     *authority
	// stop ends the source and waits for it.
	stop func()
}

// newOptions returns options for TLS on loopback and the CA of the certificate.
func newOptions(tb testing.TB) (Options, *authority) {
	tb.Helper()
	ca := newAuthority(tb, "servers")
	cert, key := ca.issue(tb, "webhook", x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
	files := newSecret(tb, map[string][]byte{"tls.crt": cert, "tls.key": key})
	return Options{
		Access: Access{Listen: "127.0.0.1:0", CertFile: files.path("tls.crt"), KeyFile: files.path("tls.key")},
		Limits: Limits{Reload: 5 * time.Millisecond, Sweep: 5 * time.Millisecond, ConnectionsPerAddress: 256},
	}, ca
}

func start(tb testing.TB, opts Options, ca *authority) *fixture {
	tb.Helper()
	f := &fixture{t: tb, spool: newMemory(), sink: newSink(), logs: new(logs), ca: ca}
	if opts.Spool == nil {
		opts.Spool = f.spool
	}
	if opts.Sink == nil {
		opts.Sink, opts.Positions = f.sink, f.sink
	}
	opts.Logger = slog.New(slog.NewTextHandler(f.logs, nil))
	var err error
	if f.source, err = New(tb.Context(), opts); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background()) //nolint:usetesting // The cleanup waits for what ends with it.
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.source.Run(ctx)
	}()
	f.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	tb.Cleanup(f.stop)
	return f
}

func (f *fixture) url(path string) string {
	scheme := "https"
	if !f.source.opts.encrypted() {
		scheme = "http"
	}
	return scheme + "://" + f.source.Addr().String() + path
}

// client returns a client of the server, with the certificates given.
func (f *fixture) client(h2 bool, certs ...tls.Certificate) *http.Client {
	transport := &http.Transport{ForceAttemptHTTP2: h2, TLSClientConfig: &tls.Config{Certificates: certs}}
	if f.ca != nil {
		transport.TLSClientConfig.RootCAs = f.ca.pool()
	}
	if !h2 {
		transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	}
	f.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// reply is what matters of a response.
type reply struct {
	status     int
	text       string
	retryAfter string
	header     http.Header
	proto      int
}

func (f *fixture) do(client *http.Client, method, path string, body io.Reader, header ...string) reply {
	f.t.Helper()
	got, err := f.try(client, method, path, body, header...)
	if err != nil {
		f.t.Fatal(err)
	}
	return got
}

func (f *fixture) try(client *http.Client, method, path string, body io.Reader, header ...string) (reply, error) {
	request, err := http.NewRequest(method, f.url(path), body)
	if err != nil {
		return reply{}, err
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	return reply{
		status: response.StatusCode, text: string(text), proto: response.ProtoMajor,
		retryAfter: response.Header.Get("Retry-After"), header: response.Header,
	}, nil
}

func (f *fixture) post(client *http.Client, body string, header ...string) reply {
	f.t.Helper()
	return f.do(client, http.MethodPost, "/", strings.NewReader(body), header...)
}

// eventually waits until done is true.
func (f *fixture) eventually(what string, done func() bool) {
	f.t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			f.t.Fatalf("%s: not within %s\n%s", what, patience, f.logs)
		}
		time.Sleep(time.Millisecond)
	}
}

// logs keeps what is logged.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// goodBody is a list of n events, each with size bytes of ballast.
func goodBody(n, size int) string {
	one := `{"auditID":"a","stage":"Panic","requestURI":"/` + strings.Repeat("x", size) + `"}`
	return listOpen + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]}"
}
