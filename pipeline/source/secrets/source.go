package secrets

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Key names a Secret.
type Key struct {
	Namespace event.Namespace
	Name      string
}

// Sink takes the values of Secrets. Its methods are called from several
// goroutines, those about one Secret from one and in order.
type Sink interface {
	// Put says what a Secret holds, in place of what it held before. It may come
	// again although nothing has changed. The data is wiped after the call and must
	// not be kept.
	Put(key Key, secretType string, data map[string][]byte)
	// Unread says that a Secret is there and cannot be read, until Put or Forget
	// is called for it.
	Unread(key Key)
	// Forget says that a Secret is gone which was told before.
	Forget(key Key)
	State
}

// State takes whether all is told. Its methods are not called at the same time, and
// must not call the source.
type State interface {
	// Listed says that everything there is has been told, and that changes will be.
	// It comes after the first lists, and after every series of failures.
	Listed()
	// Failed says that what was told may be out of date or incomplete, until Listed
	// is called. It comes again with another reason.
	Failed(err *ReadError)
}

// Server is the way to the API server. Its methods may be called from several
// goroutines.
type Server interface {
	// Client returns a client with the credentials as they are now.
	Client(ctx context.Context) (rest.Interface, error)
	// Identity names the cluster behind the address, so that a cluster that
	// was made anew under it is told from the former.
	Identity(ctx context.Context) (string, error)
	// Invalidate makes the next Client read all credentials anew.
	Invalidate()
}

// Options say what to watch and how.
type Options struct {
	Server Server
	Sink   Sink
	Logger *slog.Logger
	// Describe turns an error into a line for a person. It never shows a
	// credential. It is given no error that may repeat the body of an answer.
	Describe func(error) string

	// Namespaces are read where reading all is forbidden. Empty has all or none
	// read.
	Namespaces []event.Namespace
	// PageSize is the number of Secrets asked for per page of a list.
	PageSize int
	// WatchTimeout is how long a watch may last before it is renewed. Zero
	// leaves it to the server.
	WatchTimeout time.Duration
	// Patience is how long Secrets that were listed may not be followed before the
	// sink is told. Zero is DefaultPatience.
	Patience time.Duration
}

// DefaultPatience outlasts the restart of an API server.
const DefaultPatience = 30 * time.Second

// sourceName is the name in statuses and in the log.
const sourceName = "secrets"

// Source watches the Secrets of one cluster. Run it in one goroutine; the other
// methods may be called from any.
type Source struct {
	opts   Options
	known  *table
	health *health
	// lists numbers all lists.
	lists atomic.Uint64
	// unselective is set once the server was found not to select by type.
	unselective atomic.Bool
	// invalidated is when credentials were last doubted, in Unix nanoseconds.
	invalidated atomic.Int64
	// received is when the server last said anything, in Unix nanoseconds.
	received            atomic.Int64
	reconnects, relists atomic.Int64

	mu    sync.Mutex
	scope string
	// version is that of the last change, where all namespaces are read at once.
	version          event.ResourceVersion
	started, stopped bool
	// saidUnread is when the log last named a Secret that cannot be read.
	saidUnread time.Time
}

// New returns a source, or an error where a namespace is none.
func New(opts Options) (*Source, error) {
	for _, ns := range opts.Namespaces {
		if !isName(string(ns)) {
			return nil, fmt.Errorf("kube_namespace: %q is no namespace", ns)
		}
	}
	if opts.Patience <= 0 {
		opts.Patience = DefaultPatience
	}
	return &Source{
		opts: opts, known: newTable(), scope: everywhere,
		health: newHealth(opts.Sink, opts.Logger, opts.Patience),
	}, nil
}

// isName reports whether a text can be the name of a Secret or a namespace.
func isName(s string) bool {
	return s != "" && len(s) <= 253 && len(content.IsPathSegmentName(s)) == 0
}

// Status returns what the source is doing now.
func (s *Source) Status() event.SourceStatus {
	state, line := s.health.status()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		state = event.SourceStopped
	case !s.started:
		state = event.SourceStarting
	}
	st := event.SourceStatus{
		Name: sourceName, Scope: s.scope, API: "v1", State: state, Error: line, ResourceVersion: s.version,
		Reconnects: s.reconnects.Load(), Relists: s.relists.Load(),
	}
	if n := s.received.Load(); n != 0 {
		st.LastReceived = time.Unix(0, n)
	}
	return st
}

// Failing returns what the sink was last told with Failed, nil after Listed and
// before either.
func (s *Source) Failing() *ReadError { return s.health.failing() }

// Synced is closed once the sink was first told that everything was listed.
func (s *Source) Synced() <-chan struct{} { return s.health.synced }

// Count returns how many Secrets there are, and how many of them cannot be read.
func (s *Source) Count() (all, unread int64) { return s.known.count() }

// everywhere is the scope of all namespaces.
const everywhere = "*"

// enter notes where Secrets are read from now on.
func (s *Source) enter(namespaces []event.Namespace) {
	names := make([]string, len(namespaces))
	for i, ns := range namespaces {
		names[i] = string(ns)
	}
	scope := strings.Join(names, ",")
	if scope == "" {
		scope = everywhere
	}
	s.health.expect(namespaces)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started, s.scope, s.version = true, scope, ""
}

// reached notes that everything up to version was told.
func (s *Source) reached(ns event.Namespace, version event.ResourceVersion) {
	if ns != "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version = version
}

// invalidateEvery bounds how often credentials are read anew.
const invalidateEvery = 10 * time.Second

func (s *Source) invalidate() {
	now := time.Now().UnixNano()
	last := s.invalidated.Load()
	if (last == 0 || now-last > int64(invalidateEvery)) && s.invalidated.CompareAndSwap(last, now) {
		s.opts.Server.Invalidate()
	}
}

// sayAgain is how long the log is silent about Secrets that cannot be read after
// it named one: whoever may create some must not be able to fill it.
const sayAgain = 10 * time.Minute

func (s *Source) unread(key Key, why string) {
	s.mu.Lock()
	now := time.Now()
	silent := !s.saidUnread.IsZero() && now.Sub(s.saidUnread) < sayAgain
	if !silent {
		s.saidUnread = now
	}
	s.mu.Unlock()
	if !silent {
		s.opts.Logger.Warn("secrets: a Secret cannot be read, and its values are not known",
			"namespace", string(key.Namespace), "name", key.Name, "error", why)
	}
}
