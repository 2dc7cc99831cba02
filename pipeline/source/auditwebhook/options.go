package auditwebhook

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Store takes what was posted. It may be called from several goroutines.
type Store interface {
	// Append returns nil once the body is durable, event.ErrSpoolFull if there
	// is no room for it, and soon after ctx has ended. Seq is ignored: the
	// store gives it. The body is not changed.
	Append(ctx context.Context, item event.Spooled) error
	// StartAbove makes sure that no body gets a Seq up to and including through.
	StartAbove(ctx context.Context, through int64) error
}

// Queue gives back what was stored, in the order of its Seq. It is used by one
// goroutine for reading and one for deleting.
type Queue interface {
	// Next returns the first body with a Seq above after, and false if there is
	// none yet.
	Next(ctx context.Context, after int64) (event.Spooled, bool, error)
	// Delete forgets the bodies up to and including through.
	Delete(ctx context.Context, through int64) error
}

// Gauge tells of the spool as a whole. It may be asked from any goroutine, and
// answers without going to the disk.
type Gauge interface {
	// ID is of this spool alone: one that was made anew in the same place has
	// another.
	ID() string
	// Size returns how much is stored.
	Size() (bytes, bodies int64)
	// Added is signalled after bodies were stored. It holds one signal.
	Added() <-chan struct{}
}

// Spool lies between server and reader. It must stay open until Run has
// returned.
type Spool interface {
	Store
	Queue
	Gauge
}

// Positions tells how far a stream has been committed.
type Positions interface {
	Position(ctx context.Context, stream event.Stream) (event.Position, bool, error)
}

// Sink takes what the source yields, and owns the slice from then on. YieldAll
// blocks while the sink is full; its error ends the source's run, and is the
// context's unless the sink is broken.
type Sink interface {
	YieldAll(ctx context.Context, items []event.Item) error
}

// Options say where to listen, whom to let in and how much to take.
type Options struct {
	Access

	Spool     Spool
	Positions Positions
	Sink      Sink
	Logger    *slog.Logger
	// Now is the clock of what is reported; timeouts run by the system's.
	Now func() time.Time

	// MaxBody is the size of the largest body that is taken, decompressed, in
	// bytes. Zero means 16 MiB.
	MaxBody int64
	// MaxItem is the size of the largest item that is yielded as a whole, in
	// bytes. Zero means 8 MiB.
	MaxItem int64

	Limits Limits
}

// Limits bound what clients can take up. Zero values mean the defaults. Where
// addresses are counted, a /64 of IPv6 is one. Not to be set are the items of a
// body, 262,144 at most, and the bytes of a header, 16 KiB.
type Limits struct {
	// InFlight bounds the bytes of all bodies that are being received and
	// stored; 64 MiB, and at least twice MaxBody. Requests of one address get
	// half of it, though a single one what it needs; beyond, the answer is 503.
	InFlight int64
	// Requests bounds the requests that are being received and stored; 64. One
	// address gets half of it, rounded up; beyond, the answer is 503.
	Requests int
	// Connections bounds the open connections, and ConnectionsPerAddress those
	// of one IP address; 256 and 64. A connection more closes the oldest one on
	// which no credentials were shown yet, of the address in question or else
	// of the one that has most of them; if there is none, it is closed itself.
	Connections           int
	ConnectionsPerAddress int
	// StrangerTimeout is how long a connection may be open until credentials
	// are shown on it, handshake and header included; 5 s. It ends after an
	// answer to a probe, or to who has shown none.
	StrangerTimeout time.Duration

	// HeaderTimeout is how long a TLS handshake or a header may take; 10 s.
	HeaderTimeout time.Duration
	// BodyTimeout is how long a body may take; 30 s, after which the API server
	// itself gives up. StallTimeout is how long nothing of it may come; 10 s.
	BodyTimeout  time.Duration
	StallTimeout time.Duration
	// StoreTimeout is how long storing may take before the client is told to
	// come back; 20 s.
	StoreTimeout time.Duration
	// IdleTimeout is how long a connection may be without a request; 2 min,
	// which is longer than API servers keep theirs.
	IdleTimeout time.Duration
	// ShutdownTimeout is how long requests that are under way may take once the
	// source is told to stop; 3 s.
	ShutdownTimeout time.Duration

	// Reload is how often certificates and token are looked at for changes;
	// 10 s.
	Reload time.Duration
	// Sweep is how often bodies that are committed are deleted; 1 s.
	Sweep time.Duration
}

const (
	defaultMaxBody  = 16 << 20
	defaultMaxItem  = 8 << 20
	defaultInFlight = 64 << 20
)

func (o Options) complete() (Options, error) {
	if err := Check(o.Access); err != nil {
		return o, err
	}
	if o.Spool == nil || o.Positions == nil || o.Sink == nil {
		return o, errors.New("audit webhook: spool, positions and sink are needed")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.MaxBody = positive(o.MaxBody, defaultMaxBody)
	o.MaxItem = positive(o.MaxItem, defaultMaxItem)
	o.Limits = o.Limits.complete(o.MaxBody)
	return o, nil
}

func (l Limits) complete(maxBody int64) Limits {
	l.InFlight = max(positive(l.InFlight, defaultInFlight), 2*maxBody)
	l.Requests = positive(l.Requests, 64)
	l.Connections = positive(l.Connections, 256)
	l.ConnectionsPerAddress = positive(l.ConnectionsPerAddress, 64)
	l.StrangerTimeout = positive(l.StrangerTimeout, 5*time.Second)
	l.HeaderTimeout = positive(l.HeaderTimeout, 10*time.Second)
	l.BodyTimeout = positive(l.BodyTimeout, 30*time.Second)
	l.StallTimeout = min(positive(l.StallTimeout, 10*time.Second), l.BodyTimeout)
	l.StoreTimeout = positive(l.StoreTimeout, 20*time.Second)
	l.IdleTimeout = positive(l.IdleTimeout, 2*time.Minute)
	l.ShutdownTimeout = positive(l.ShutdownTimeout, 3*time.Second)
	l.Reload = positive(l.Reload, 10*time.Second)
	l.Sweep = positive(l.Sweep, time.Second)
	return l
}

// positive returns v, or otherwise where v is not above zero.
func positive[T cmp.Ordered](v, otherwise T) T {
	var zero T
	if v > zero {
		return v
	}
	return otherwise
}
