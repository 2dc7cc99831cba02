package auditwebhook

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/crash"
)

// server takes what is posted and stores it.
type server struct {
	opts    *Options
	keys    *credentials
	reports *reports
	memory  *budget
	inside  *gate
	ready   readiness
	// observe tells the source of every answer.
	observe func(answer)

	mu       sync.Mutex
	listener net.Listener
}

// answer is what became of a request.
type answer struct {
	refused bool
	// stored is set where a body was handed to the spool, and err is how that
	// went.
	stored bool
	err    error
}

func newServer(opts *Options, keys *credentials, l net.Listener, observe func(answer)) *server {
	return &server{
		opts:     opts,
		keys:     keys,
		reports:  newReports(opts.Logger, opts.Now),
		memory:   newBudget(opts.Limits.InFlight),
		inside:   newGate(opts.Limits.Requests),
		observe:  observe,
		listener: l,
	}
}

// run serves until ctx ends. When it returns, no request is under way.
func (s *server) run(ctx context.Context) {
	// What is being stored outlives ctx for as long as the shutdown takes.
	storing, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	web := s.web(func(w http.ResponseWriter, r *http.Request) {
		defer s.sayPanic()
		s.serve(storing, w, r)
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		crash.Run(func() { s.accept(ctx, web) })
	}()
	<-ctx.Done()
	empty := s.inside.close()
	grace, cancel := context.WithTimeout(storing, s.opts.Limits.ShutdownTimeout)
	defer cancel()
	if err := web.Shutdown(grace); err != nil {
		s.opts.Logger.Warn("audit webhook: requests under way at the shutdown were cut off")
		_ = web.Close() // What it closes is of no use any more.
	}
	select {
	case <-empty:
	case <-grace.Done():
		abort()
		<-empty
	}
	<-ended
}

func (s *server) web(serve http.HandlerFunc) *http.Server {
	limits := &s.opts.Limits
	web := &http.Server{
		Handler:           serve,
		ConnContext:       withConn,
		ReadHeaderTimeout: limits.HeaderTimeout,
		// The last resort for a body that is not read in receive.
		ReadTimeout:    limits.HeaderTimeout + limits.BodyTimeout,
		WriteTimeout:   limits.HeaderTimeout + limits.BodyTimeout + limits.StoreTimeout,
		IdleTimeout:    limits.IdleTimeout,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(handler{s.reports}, slog.LevelWarn),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 100,
			// What the system buffers of bodies before anybody looks at them,
			// times the number of connections.
			MaxReceiveBufferPerConnection: 256 << 10,
			MaxReceiveBufferPerStream:     256 << 10,
			SendPingTimeout:               limits.IdleTimeout / 2,
			WriteByteTimeout:              limits.HeaderTimeout,
		},
	}
	if s.opts.encrypted() {
		web.TLSConfig = s.keys.tlsConfig()
	}
	return web
}

// sayPanic ends a request that panicked. The server itself would log what the
// panic says, which may be of the body.
func (s *server) sayPanic() {
	switch r := recover(); r {
	case nil:
	case http.ErrAbortHandler:
		panic(r)
	default:
		s.opts.Logger.Error("audit webhook: panic in a request: please report this", "panic", crash.Describe(r), "stack", crash.Callers())
		panic(http.ErrAbortHandler)
	}
}

// accept serves the listener, and another one should it fail.
func (s *server) accept(ctx context.Context, web *http.Server) {
	for {
		s.mu.Lock()
		l := &limited{
			Listener: s.listener,
			most:     s.opts.Limits.Connections, mostEach: s.opts.Limits.ConnectionsPerAddress,
			patience: s.opts.Limits.StrangerTimeout,
			closed:   s.crowded,
			open:     make(map[netip.Addr]*crowd),
		}
		s.mu.Unlock()
		var err error
		if s.opts.encrypted() {
			err = web.ServeTLS(l, "", "")
		} else {
			err = web.Serve(l)
		}
		_ = l.Close()
		if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
			return
		}
		s.opts.Logger.Error("audit webhook: the listener failed; opening it again", "error", err)
		if !s.reopen(ctx) {
			return
		}
	}
}

// reopen opens the listener again, however long that takes, unless ctx ends.
func (s *server) reopen(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second):
		}
		l, err := listen(ctx, s.opts.Access)
		if err != nil {
			s.reports.warn(ctx, "listen", "the listener cannot be opened", "error", err)
			continue
		}
		s.mu.Lock()
		s.listener = l
		s.mu.Unlock()
		return true
	}
}

func (s *server) crowded(from netip.Addr) {
	s.observe(answer{refused: true})
	s.reports.warn(context.Background(), "connections", "a connection was closed: too many are open", "from", from)
}

// serve answers one request.
func (s *server) serve(storing context.Context, w http.ResponseWriter, r *http.Request) {
	refused := fromBrowser(r, s.opts.nameless())
	switch {
	case refused != nil:
		hangUp(w)
	case r.URL.Path == "/healthz" || r.URL.Path == "/readyz":
		if refused := s.probe(w, r); refused != nil {
			refused.write(w)
		}
		return
	default:
		refused = s.receive(storing, w, r)
	}
	if refused == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	s.observe(answer{refused: true})
	s.reports.warn(r.Context(), refused.reason, "a request was refused",
		"from", senderText(r), "status", refused.status, "reason", refused.reason, "error", refused.message)
	refused.write(w)
}

// probe answers the kubelet, which shows no credentials and gets to know no
// more than it needs.
func (s *server) probe(w http.ResponseWriter, r *http.Request) *refusal {
	// A connection is kept for who has shown credentials.
	hangUp(w)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return &refusal{status: http.StatusMethodNotAllowed, message: "only GET and HEAD are allowed here", header: [2]string{"Allow", "GET, HEAD"}}
	}
	if r.URL.Path == "/readyz" {
		size, bodies := s.opts.Spool.Size()
		if err := s.ready.check(s.opts.Now(), size, bodies); err != nil {
			return &refusal{status: http.StatusServiceUnavailable, message: storeMessage(err)}
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // The client may be gone.
	return nil
}

// sender returns the IP address that a request came from, without a zone.
func sender(r *http.Request) netip.Addr {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Addr().Unmap().WithZone("")
}

func senderText(r *http.Request) string {
	addr := sender(r)
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
