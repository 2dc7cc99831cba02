package objects

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// Pauses that are not those of a failure.
const (
	// closedAtOnce follows a watch that the server closed at once: without it
	// the watch would be opened again in a busy loop.
	closedAtOnce = time.Second
	// firstForbidden and forbidden follow a refusal. A server that has just started
	// refuses what it allows a moment later; apart from that, somebody has to grant
	// the right first.
	firstForbidden = 10 * time.Second
	forbidden      = 5 * time.Minute
)

// watcher follows the objects of one kind, everywhere or in one namespace.
type watcher struct {
	s        *Source
	place    place
	progress *progress
	cancel   context.CancelFunc
	done     chan struct{}
	follower *watch.Follower

	// identity is that of the cluster that the follower's position is of, and
	// doubt set after a failure: another may answer then.
	identity string
	doubt    bool
	// unselective is set once the server was found not to select by namespace.
	unselective bool
	// failing is set while the last attempt failed.
	failing bool
	// refused is how often in a row reading was forbidden.
	refused int
	// list is the number of the list under way or last ended, and turn what has
	// to be given back at its end.
	list uint64
	turn chan struct{}
}

// begin starts a watcher.
func (s *Source) begin(ctx context.Context, p place, at *progress) *watcher {
	w := s.idleWatcher(p, at)
	ctx, w.cancel = context.WithCancel(ctx)
	go func() {
		defer close(w.done)
		crash.Run(func() { w.run(ctx) })
	}()
	return w
}

// idleWatcher returns a watcher that has not begun.
func (s *Source) idleWatcher(p place, at *progress) *watcher {
	w := &watcher{s: s, place: p, progress: at, done: make(chan struct{}), identity: s.identity}
	w.follower = watch.NewFollower(w.handle, func(message string) {
		s.opts.Logger.Debug("objects: "+message, "kind", p.GroupResource().String(), "namespace", string(p.namespace))
	})
	return w
}

func (w *watcher) run(ctx context.Context) {
	defer w.cancel()
	backoff := newBackoff()
	for ctx.Err() == nil {
		began := time.Now()
		err := w.session(ctx)
		w.giveBack()
		if ctx.Err() != nil {
			return
		}
		lasted := time.Since(began)
		if lasted > watch.HealthyAfter {
			backoff = newBackoff()
		}
		var delay time.Duration
		switch {
		case err == nil && lasted >= closedAtOnce:
			continue
		case err == nil:
			delay = jitter(closedAtOnce)
		default:
			delay = w.failed(err, watch.AtLeast(backoff.Step(), err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
	}
}

// jitter returns about d, so that many do not act at once.
func jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }

// failed notes a failure and returns how long to wait.
func (w *watcher) failed(err error, delay time.Duration) time.Duration {
	first := !w.failing
	w.doubt, w.failing = true, true
	state := event.KindBackingOff
	switch {
	case apierrors.IsForbidden(err):
		state, delay = event.KindForbidden, jitter(forbidden)
		if w.refused++; w.refused == 1 {
			delay = jitter(firstForbidden)
		}
	case apierrors.IsNotFound(err) && first:
		// Perhaps the kind is gone.
		w.s.define()
	case apierrors.IsBadRequest(err) && w.selector() != "":
		// Not every server behind the API server selects by namespace.
		w.unselective = true
	case apierrors.IsUnauthorized(err), watch.IsStalled(err), !watch.IsStatus(err):
		w.s.invalidate()
	}
	w.s.board.failed(w.place, state, w.s.opts.Describe(err))
	return delay
}

// working notes that the server does as it should.
func (w *watcher) working() {
	if w.failing {
		w.failing, w.refused = false, 0
		w.s.board.working(w.place)
	}
}

// session reads until the connection ends.
func (w *watcher) session(ctx context.Context) error {
	client, err := w.s.opts.Server.Client(ctx)
	if err != nil {
		return err
	}
	c := w.connection(client)
	if w.doubt && w.follower.Position() != "" {
		if err := w.check(ctx, c); err != nil {
			return err
		}
	}
	w.doubt = false
	return w.follower.Read(ctx, c)
}

// check has everything listed anew where the position is not one of this
// cluster: it is another one, or it was restored from a backup and counts again
// from an older version. Watching from there would wait in silence for ever.
func (w *watcher) check(ctx context.Context, c watch.Connection) error {
	var identity string
	err := watch.Within(ctx, func(ctx context.Context) (err error) {
		identity, err = w.s.opts.Server.Identity(ctx)
		return err
	})
	if err != nil {
		return err
	}
	current, err := c.Version(ctx)
	if err != nil {
		return err
	}
	position := w.follower.Position()
	if identity != w.identity || current != position && current.NotAfter(position) {
		w.identity = identity
		w.follower.Start("")
	}
	return nil
}

func (w *watcher) connection(client rest.Interface) watch.Connection {
	s := w.s
	return watch.Connection{
		Client: client,
		Collection: watch.Collection{
			Path: path(w.place.APIResource, w.place.namespace), FieldSelector: w.selector(), Metadata: !s.whole(w.place.APIResource),
			PageSize: s.opts.PageSize, WatchTimeout: s.opts.WatchTimeout, Reuse: true,
		},
		Received: w.hear,
	}
}

// hear notes that the server said something.
func (w *watcher) hear() {
	now := time.Now().UnixNano()
	w.s.received.Store(now)
	w.progress.heard.Store(now)
}

// selector has the server leave out namespaces.
func (w *watcher) selector() string {
	if !w.place.Namespaced || w.place.namespace != "" || w.unselective {
		return ""
	}
	terms := make([]fields.Selector, 0, len(w.s.opts.NamespacesExclude))
	for _, ns := range w.s.opts.NamespacesExclude {
		terms = append(terms, fields.OneTermNotEqualSelector("metadata.namespace", string(ns)))
	}
	return fields.AndSelectors(terms...).String()
}

// takeTurn waits until the list may begin.
func (w *watcher) takeTurn(ctx context.Context) error {
	if w.turn != nil {
		return nil
	}
	turn := w.s.turns
	if w.failing {
		turn = w.s.retries
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case turn <- struct{}{}:
		w.turn = turn
		return nil
	}
}

func (w *watcher) giveBack() {
	if w.turn != nil {
		<-w.turn
		w.turn = nil
	}
}

// handle tells the index what happened.
func (w *watcher) handle(ctx context.Context, n watch.Notice) error {
	s, name := w.s, w.place.GroupResource()
	switch n.What {
	case watch.Began:
		if err := w.takeTurn(ctx); err != nil {
			return err
		}
		if w.list != 0 && !n.Again && w.follower.Position() != "" {
			s.board.relisted()
		}
		w.list = s.lists.Add(1)
	case watch.Listed:
		return w.take(ctx, n.Object, event.Listed)
	case watch.Ended:
		w.giveBack()
		s.opts.Index.Listed(name, w.place.namespace, w.list)
		w.working()
		s.board.listed(w.place)
		if defining(name) {
			// There may be kinds that came after the server was asked for them.
			s.define()
		}
	case watch.Watching:
		w.working()
	case watch.Updated, watch.Deleted:
		change := event.Updated
		if n.What == watch.Deleted {
			change = event.Deleted
		}
		if defining(name) {
			s.define()
		}
		return w.take(ctx, n.Object, change)
	case watch.Progress:
	}
	return nil
}

// take tells the index of an object, and yields it where it is wanted whole.
func (w *watcher) take(ctx context.Context, o watch.Object, change event.Change) error {
	s, r := w.s, w.place.APIResource
	if o.Skipped() != "" {
		s.unread.add(r, o, "too large")
		return nil
	}
	live, err := s.opts.Decode(o.Raw, r)
	if err != nil {
		s.unread.add(r, o, "not an object")
		return nil
	}
	if slices.Contains(s.opts.NamespacesExclude, live.Ref.Namespace) && live.Ref.Namespace != "" {
		return nil
	}
	if change == event.Deleted {
		s.opts.Index.Remove(live)
	} else {
		var raw []byte
		if s.whole(r) {
			raw = o.Raw
		}
		s.opts.Index.Put(live, raw, w.list)
	}
	switch {
	case s.opts.Yields(r):
		return s.yield(ctx, change, live, bytes.Clone(o.Raw))
	case s.opts.Whole(live):
		want := wanted{resource: r, change: change, live: live}
		if change == event.Deleted || s.whole(r) {
			want.raw = bytes.Clone(o.Raw)
		}
		return s.fetches.add(ctx, want)
	}
	return nil
}
