package auditwebhook

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
)

// sourceName is the name in statuses and places, and begins the stream's.
const sourceName = "audit_webhook"

// Source receives audit events and yields them. Run it in one goroutine; the
// other methods may be called from any.
type Source struct {
	opts     Options
	keys     *credentials
	listener net.Listener
	server   *server
	reader   *reader
	running  atomic.Bool

	mu     sync.Mutex
	status event.SourceStatus
	// storeError and readError are what is wrong with the two sides now.
	storeError, readError string
}

// New returns a source that listens already but answers nobody before Run. Its
// error names the option that is wrong.
func New(ctx context.Context, opts Options) (*Source, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	keys, err := loadCredentials(opts.Access, opts.Now)
	if err != nil {
		return nil, err
	}
	l, err := listen(ctx, opts.Access)
	if err != nil {
		return nil, err
	}
	s := &Source{
		opts: opts, keys: keys, listener: l,
		status: event.SourceStatus{Name: sourceName, Scope: opts.Listen, State: event.SourceStarting},
	}
	s.server = newServer(&s.opts, keys, l, s.answered)
	s.reader = newReader(&s.opts, s.read)
	if err := s.reader.reserve(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return s, nil
}

// Addr is the address that the source listens on.
func (s *Source) Addr() net.Addr { return s.listener.Addr() }

// Close frees the address of a source that is not going to be run.
func (s *Source) Close() error {
	if s.running.Load() {
		return nil
	}
	return s.listener.Close()
}

// Run serves and yields until ctx ends, or the sink is broken. It returns once
// all requests have been answered, or cut off, and nothing is being stored.
func (s *Source) Run(ctx context.Context) {
	s.running.Store(true)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.keys.warn(s.opts.Logger)
	if a := s.opts.Access; a.Insecure && (!a.encrypted() || !a.authenticated()) {
		s.opts.Logger.Warn("audit webhook: whoever reaches the address can post audit events, or read along", "address", s.Addr().String(), "option", optionInsecure)
	}
	s.update(func(st *event.SourceStatus) { st.State = event.SourceServing })
	var all sync.WaitGroup
	all.Go(func() { crash.Run(func() { s.server.run(ctx) }) })
	all.Go(func() { crash.Run(func() { s.keys.watch(ctx, s.opts.Limits.Reload, s.opts.Logger) }) })
	all.Go(func() { crash.Run(func() { s.reader.sweep(ctx) }) })
	all.Go(func() {
		defer stop()
		crash.Run(func() { s.reader.run(ctx) })
	})
	all.Wait()
	s.update(func(st *event.SourceStatus) { st.State = event.SourceStopped })
}

// Status returns what the source is doing now.
func (s *Source) Status() event.SourceStatus {
	size, _ := s.opts.Spool.Size()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.status
	now.Behind = size
	now.Error = s.readError
	if now.Error == "" {
		now.Error = s.storeError
	}
	return now
}

func (s *Source) update(f func(*event.SourceStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.status)
}

func (s *Source) answered(a answer) {
	s.update(func(st *event.SourceStatus) {
		if a.refused {
			st.Refused++
		}
		if !a.stored {
			return
		}
		s.storeError = ""
		if a.err != nil {
			s.storeError = a.err.Error()
		} else {
			st.LastReceived = s.opts.Now()
		}
	})
}

// read notes how reading the spool goes.
func (s *Source) read(err error) {
	s.update(func(st *event.SourceStatus) {
		if err == nil {
			s.readError, st.State = "", event.SourceServing
			return
		}
		s.readError, st.State = err.Error(), event.SourceBackingOff
	})
}
