package secrets

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/kube"
)

// apiServer speaks TLS and HTTP/2 to who has the token, and ends its watches
// when it is told to.
type apiServer struct {
	*httptest.Server

	mu    sync.Mutex
	rv    int
	value string
	end   chan struct{}
}

func newAPIServer(t *testing.T) *apiServer {
	t.Helper()
	s := &apiServer{rv: 10, value: "before", end: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/namespaces/kube-system", func(w http.ResponseWriter, _ *http.Request) {
		say(w, `{"metadata":{"name":"kube-system","uid":"cluster-uid"}}`)
	})
	mux.HandleFunc("GET /api/v1/secrets", s.secrets)
	s.Server = httptest.NewUnstartedServer(mux)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// say writes to a client that may be gone.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

func (s *apiServer) secrets(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Authorization") != "Bearer made-up" || r.ProtoMajor != 2 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	secret, rv, end := secretOf("a", "one", s.rv, s.value), s.rv, s.end
	s.mu.Unlock()
	switch {
	case r.URL.Query().Get("watch") == "":
		say(w, `{"metadata":{"resourceVersion":"%d"},"items":[%s]}`, rv, secret)
		return
	case r.URL.Query().Get("sendInitialEvents") != "":
		say(w, "%s\n"+`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"%d","annotations":{"k8s.io/initial-events-end":"true"}}}}`+"\n",
			frame("ADDED", secret), rv)
	case r.URL.Query().Get("resourceVersion") != fmt.Sprint(rv):
		say(w, "%s\n", frame("MODIFIED", secret))
	}
	w.(http.Flusher).Flush()
	select {
	case <-r.Context().Done():
	case <-end:
		// In the middle of a frame.
		say(w, `{"type":"MODIFIED","object":{"metadata":{"name":"one","namespace":"a"},"data":{"password":"aHVu`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// change changes the Secret and breaks off all watches.
func (s *apiServer) change(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rv, s.value = s.rv+1, value
	close(s.end)
	s.end = make(chan struct{})
}

// latest is a sink that tells the values of one Secret.
type latest struct {
	sink

	values chan string
}

func (l *latest) Put(_ Key, _ string, data map[string][]byte) { l.values <- string(data["password"]) }

// TestOverTLS runs the source against a server on the network, with the access
// that the program has.
func TestOverTLS(t *testing.T) {
	server := newAPIServer(t)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	dir := t.TempDir()
	ca, token := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "token")
	for file, data := range map[string][]byte{
		ca: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), token: []byte("made-up"),
	} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	access, err := kube.Load(config.Kube{
		URL: server.URL, URLSet: true, CAFile: ca, CAFileSet: true, TokenFile: token, TokenFileSet: true, TLSVerify: true,
	}, kube.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer access.Close()
	out := &latest{values: make(chan string, 10)}
	src, err := New(Options{Server: access, Sink: out, Describe: access.Describe, Logger: slog.New(slog.DiscardHandler), PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); src.Run(ctx) }()
	defer func() { cancel(); <-done }()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-out.values:
			if got != want {
				t.Fatalf("put %q, want %q", got, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("no %q; status %+v", want, src.Status())
		}
	}
	expect("before")
	<-src.Synced()
	for i := range 3 {
		server.change(fmt.Sprint("after ", i))
		expect(fmt.Sprint("after ", i))
	}
	if st := src.Status(); st.State != event.SourceWatching || st.Relists != 0 {
		t.Errorf("status %+v", st)
	}
}
