package objects

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/event"
)

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

// Index is told what stands in the cluster. Its methods are called from many
// goroutines, those of one resource and namespace in order and from one.
type Index interface {
	// Put adds or replaces an object. Raw is the whole object where its kind is read
	// so, else nil; it may be used during the call only. List is the number of the
	// list under way or last ended; a later list has a higher one.
	Put(live event.Live, raw []byte, list uint64)
	// Remove says that an object is gone, as it last was.
	Remove(live event.Live)
	// Listed says that a list has ended: objects of the resource, in the namespace
	// unless that is empty, last put with a lower number are gone.
	Listed(resource event.GroupResource, namespace event.Namespace, list uint64)
}

// Catalog is told which kinds there are.
type Catalog interface {
	// Serve tells all kinds that the server serves, in place of those told before.
	// Objects of kinds that are no longer among them or no longer watched are not
	// told of any more, not even that they are gone.
	Serve(kinds []event.ServedKind)
	// Readable says whether a resource can be read: not if that is forbidden, or has
	// failed for a while and from the first. It can until it is told otherwise.
	Readable(resource event.GroupResource, ok bool)
}

// Sink takes whole objects. Yield blocks while the sink is full; an error that
// is not the context's leads to another list.
type Sink interface {
	Yield(ctx context.Context, item event.Item) error
}

// Options say what to watch and how.
type Options struct {
	Server  Server
	Index   Index
	Catalog Catalog
	Sink    Sink
	Logger  *slog.Logger
	// Describe turns an error into a line for a person. It never shows a
	// credential.
	Describe func(error) string

	// Decode takes from an object what is kept of it; the result shares no memory
	// with raw. It may be called from several goroutines.
	Decode func(raw []byte, resource event.APIResource) (event.Live, error)
	// Reads reports whether the objects of a kind are read with spec and status. Of
	// others only the metadata is. Nil is none.
	Reads func(event.APIResource) bool
	// Whole reports whether an object is wanted whole although of its kind only
	// the metadata is read: it is then fetched by itself and yielded. Nil is never.
	Whole func(event.Live) bool
	// Fetched takes an object that Fetch asked for; raw may be used during the call
	// only, and list is the number of the last list that had begun when it was asked
	// for. It is called from several goroutines, and by then the index may have been
	// told of a newer version, or of the end. Nil takes none.
	Fetched func(live event.Live, raw []byte, list uint64)
	// Yields reports whether all objects of a kind are yielded, whole. Nil is
	// none.
	Yields func(event.APIResource) bool

	// Only, Include and Exclude are patterns of kinds in the notation of kubectl: pods,
	// deployments.apps, *.example.com, *. Only leaves out all others unless it is empty;
	// Include brings back what is left out by default; Exclude outweighs both.
	Only, Include, Exclude []string
	// Namespaces limits the reading to them and to kinds that have namespaces;
	// empty reads everything but NamespacesExclude.
	Namespaces, NamespacesExclude []event.Namespace

	// PageSize is the number of objects asked for per page of a list.
	PageSize int
	// WatchTimeout is how long a watch may last before it is renewed. Zero
	// leaves it to the server.
	WatchTimeout time.Duration
}

// sourceName is the name in statuses and places.
const sourceName = "objects"

// The numbers of lists that are read at the same time. Those of kinds that
// failed wait for each other and not with the rest: each may hold its turn until
// the server gives up a webhook that does not answer.
const (
	maxLists   = 8
	maxRetries = 4
)

// Source watches the objects of one cluster. Run it in one goroutine; the other
// methods may be called from any.
type Source struct {
	opts   Options
	choice choice
	scope  string

	// lists numbers all lists.
	lists atomic.Uint64
	// turns are taken by lists, and retries by those of kinds that failed.
	turns, retries chan struct{}
	// defined is signalled when there may be other kinds than before.
	defined chan struct{}
	fetches *fetcher
	demand  *demand
	board   *board
	unread  *unread
	// synced is closed by announce.
	synced chan struct{}
	// invalidated is when credentials were last doubted, in Unix nanoseconds.
	invalidated atomic.Int64
	received    atomic.Int64

	// served, nil until the server was asked, and watchers belong to Run.
	served   []resource
	watchers map[place]*watcher
	identity string
	// idle are the patterns that were found to name nothing, and stale the groups
	// that did not answer, as last said in the log.
	idle, stale string

	mu     sync.Mutex
	status event.SourceStatus
}

// place is what one watcher reads.
type place struct {
	event.APIResource
	namespace event.Namespace
}

// New returns a source, or an error that names the option which is wrong.
func New(opts Options) (*Source, error) {
	chosen, err := newChoice(opts)
	if err != nil {
		return nil, err
	}
	if opts.Whole == nil {
		opts.Whole = func(event.Live) bool { return false }
	}
	if opts.Reads == nil {
		opts.Reads = func(event.APIResource) bool { return false }
	}
	if opts.Fetched == nil {
		opts.Fetched = func(event.Live, []byte, uint64) {}
	}
	if opts.Yields == nil {
		opts.Yields = func(event.APIResource) bool { return false }
	}
	scope := "*"
	if len(opts.Namespaces) > 0 {
		names := make([]string, len(opts.Namespaces))
		for i, ns := range opts.Namespaces {
			names[i] = string(ns)
		}
		scope = strings.Join(names, ",")
	}
	s := &Source{
		opts: opts, scope: scope,
		choice:   chosen,
		turns:    make(chan struct{}, maxLists),
		retries:  make(chan struct{}, maxRetries),
		defined:  make(chan struct{}, 1),
		synced:   make(chan struct{}),
		watchers: map[place]*watcher{},
		status:   event.SourceStatus{Name: sourceName, Scope: scope, State: event.SourceStarting},
	}
	s.board = newBoard(opts.Catalog, opts.Logger)
	s.unread = newUnread(opts.Logger)
	s.fetches = newFetcher(s)
	s.demand = newDemand(s)
	return s, nil
}

// Status returns what the source is doing now.
func (s *Source) Status() event.SourceStatus {
	s.mu.Lock()
	st := s.status
	s.mu.Unlock()
	if n := s.received.Load(); n != 0 {
		st.LastReceived = time.Unix(0, n)
	}
	settled := s.board.count(&st)
	if st.State == event.SourceListing && settled {
		st.State = event.SourceWatching
	}
	return st
}

// Objects returns which kinds are watched as they should be, and which not.
func (s *Source) Objects() event.ObjectsStatus { return s.board.objects() }

// Watches returns how each watch is doing, ordered by kind.
func (s *Source) Watches() []event.WatchState { return s.board.watches() }

// Unread returns how many objects could not be used, by resource: for being too
// large, or for being nothing that Decode understands.
func (s *Source) Unread() map[event.GroupResource]int64 { return s.unread.counts() }

// Synced is closed once every kind that is to be watched was listed whole, or
// found to be forbidden or failing, since the start, and the sink has the whole
// objects that were in the lists.
func (s *Source) Synced() <-chan struct{} { return s.synced }

// announce closes synced.
func (s *Source) announce(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-s.board.synced:
	}
	if s.fetches.flush(ctx) {
		close(s.synced)
	}
}

func (s *Source) update(f func(*event.SourceStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.status)
}

// invalidateEvery bounds how often credentials are read anew: when the server
// goes away, all watchers notice at the same time.
const invalidateEvery = 10 * time.Second

func (s *Source) invalidate() {
	now := time.Now().UnixNano()
	last := s.invalidated.Load()
	if (last == 0 || now-last > int64(invalidateEvery)) && s.invalidated.CompareAndSwap(last, now) {
		s.opts.Server.Invalidate()
	}
}

// yield hands on a whole object, which must not be changed any more.
func (s *Source) yield(ctx context.Context, change event.Change, live event.Live, raw []byte) error {
	return s.opts.Sink.Yield(ctx, event.Item{
		Kind: event.KindObject, Stream: sourceName, Change: change, Raw: raw, Live: &live,
		Place: event.Place{Source: sourceName}, Size: int64(len(raw)),
	})
}
