package metrics

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fluent-live/live-status/pipeline/crash"
)

// Times of requests. A scrape of the largest size takes a few seconds.
const (
	headerTimeout   = 5 * time.Second
	writeTimeout    = 60 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = time.Second
)

// maxScrapes is how many scrapes there may be at a time.
const maxScrapes = 2

// Server answers scrapes and probes.
type Server struct {
	opts     Options
	listener net.Listener
	web      *http.Server
	scrape   http.Handler
	// nameless is set where requests must name the server by an address: a page in a
	// browser could otherwise read what only this machine may.
	nameless bool
	running  atomic.Bool
	// said is when the log was last told of trouble with scrapes, by its reason.
	mu     sync.Mutex
	said   map[string]time.Time
	closed sync.Once
}

// New listens. That the address is taken is an error, and so is what is wrong with the
// certificate.
func New(ctx context.Context, o Options) (*Server, error) {
	o = o.complete()
	s := &Server{opts: o, said: map[string]time.Time{}}
	g, err := newGatherer(&s.opts)
	if err != nil {
		return nil, fmt.Errorf("collect metrics: %w", err)
	}
	s.scrape = promhttp.HandlerFor(g, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: maxScrapes, EnableOpenMetrics: true,
	})
	s.web = &http.Server{
		Handler: http.HandlerFunc(s.serve), ConnContext: withConn,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: headerTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 32 << 10,
		// It would tell of every connection that ends in the middle of a handshake.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 4, MaxReceiveBufferPerConnection: 64 << 10, MaxReceiveBufferPerStream: 64 << 10,
			SendPingTimeout: idleTimeout / 2, WriteByteTimeout: headerTimeout,
		},
	}
	if o.CertFile != "" {
		cert, err := loadCertificate(&s.opts)
		if err != nil {
			return nil, err
		}
		s.web.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: cert.get}
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s %q: %w; each input and output with metrics needs an address of its own", optionListen, o.Listen, err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s %q: %w", optionListen, o.Listen, err)
	}
	s.listener = &limited{Listener: l}
	addr, ok := l.Addr().(*net.TCPAddr)
	s.nameless = o.Auth == nil && ok && addr.IP.IsLoopback()
	return s, nil
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends or the server is closed.
func (s *Server) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, s.Close)
	defer stop()
	s.running.Store(true)
	defer s.running.Store(false)
	var err error
	if s.opts.CertFile != "" {
		err = s.web.ServeTLS(s.listener, "", "")
	} else {
		err = s.web.Serve(s.listener)
	}
	// Close closes the listener first.
	if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.opts.Logger.Error("metrics: the listener failed; nothing is served any more", "error", err)
	}
	s.Close()
}

// Close frees the address and ends what is under way, for which it waits a little.
func (s *Server) Close() {
	s.closed.Do(func() {
		_ = s.listener.Close() // It may not be served yet.
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		if s.web.Shutdown(ctx) != nil {
			_ = s.web.Close()
		}
	})
}

// warn logs trouble with scrapes, each seldom: whoever reaches the port could
// otherwise fill the log.
func (s *Server) warn(reason, message string, args ...any) {
	now := s.opts.Now()
	s.mu.Lock()
	last, said := s.said[reason]
	due := !said || now.Sub(last) >= sayAgain
	if due {
		s.said[reason] = now
	}
	s.mu.Unlock()
	if due {
		s.opts.Logger.Warn(message, args...)
	}
}

// sayAgain is how long the log is silent about one kind of trouble.
const sayAgain = 10 * time.Minute

// guard ends a request that panicked. The server itself would log what the panic says,
// which may be of anything.
func (s *Server) guard() {
	switch r := recover(); r {
	case nil:
	case http.ErrAbortHandler:
		panic(r)
	default:
		s.opts.Logger.Error("metrics: panic in a request, please report this", "panic", crash.Describe(r), "stack", crash.Callers())
		panic(http.ErrAbortHandler)
	}
}
