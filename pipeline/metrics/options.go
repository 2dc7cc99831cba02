package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Options of a Server.
type Options struct {
	// Listen is the address as host:port; an empty host listens on all.
	Listen string
	// CertFile and KeyFile are the server's certificate and key in PEM, which are
	// read again when they change. Without them it speaks plain HTTP.
	CertFile, KeyFile string
	// Auth says who may scrape; nil lets everybody.
	Auth Authorizer
	// Objects says which objects have a series of their own.
	Objects Objects
	// MaxSeries bounds the series of applications and objects; zero is none.
	MaxSeries int
	State     State
	// Clean returns a name as it may be told, and false where that is not known.
	// It is called for every name at every scrape, by two goroutines at most. Nil
	// tells names as they are.
	Clean func(name string) (string, bool)
	// Ready returns why the instance is not ready, in words of its own, or nil.
	Ready  func() error
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Objects says which objects have a series of their own.
type Objects string

// What it can be.
const (
	// ObjectsOff are none.
	ObjectsOff Objects = "off"
	// ObjectsUnhealthy are those that are not Healthy, In Sync or Suspended.
	ObjectsUnhealthy Objects = "unhealthy"
	ObjectsAll       Objects = "all"
)

// State is what is told. Its methods are called at any time, by two goroutines at
// most. What they return, and yield, is only read, and not kept beyond the scrape.
type State interface {
	Monitor() Monitor
	// Applications yields the applications with a status, and Objects the objects,
	// in any order and until yield returns false.
	Applications(yield func(event.ApplicationView) bool)
	Objects(yield func(event.ObjectView) bool)
}

// Monitor is what is told of the instance.
type Monitor struct {
	event.MonitorStatus
	Cluster event.ClusterName
	Started time.Time
	// Watches are those of live objects.
	Watches []event.WatchState
	// Files are the sizes of what the cursor keeps, in bytes: db, wal and spool.
	Files map[string]int64
	// ObjectTransitions and ApplicationTransitions are the changes that records told.
	ObjectTransitions, ApplicationTransitions []event.Transition
}

// Authorizer says whether the bearer of a token may scrape.
type Authorizer interface {
	// Authorize returns nil if they may, ErrToken if the token is nobody's, a
	// *ForbiddenError if its owner may not, and any other error where that cannot
	// be found out. It may be called by any number of goroutines. No error has the
	// token in it.
	Authorize(ctx context.Context, token string) error
}

// ErrToken is a token that nobody has.
var ErrToken = errors.New("the bearer token is not known")

// ForbiddenError is a right that the owner of a token lacks.
type ForbiddenError struct{ Verb, Path string }

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("the owner of the token may not %[1]s the path %[2]s: grant a ClusterRole with nonResourceURLs [%[2]q] and verbs [%[1]q]", e.Verb, e.Path)
}

// The options as users know them.
const (
	optionListen = "metrics_listen"
	optionCert   = "metrics_tls_crt_file"
	optionKey    = "metrics_tls_key_file"
)

func (o Options) complete() Options {
	if o.Clean == nil {
		o.Clean = func(name string) (string, bool) { return name, true }
	}
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
