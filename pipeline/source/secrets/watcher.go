package secrets

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"

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
	// the right first, and may wait for records while it is missing.
	firstForbidden = 10 * time.Second
	forbidden      = time.Minute
)

// watcher follows the Secrets of one namespace, or of all if that is empty.
type watcher struct {
	s         *Source
	namespace event.Namespace
	follower  *watch.Follower
	decoder   decoder

	// identity is that of the cluster that the follower's position is of, and
	// doubt set at first and after a failure: another may answer then.
	identity string
	doubt    bool
	// trusted is set while versions are those of the cluster that was listed, so
	// that a Secret known in one holds what it held.
	trusted bool
	// refused is how often in a row reading was forbidden.
	refused int
	// stuck is how many sessions in a row watched and got nowhere, and watched set
	// once the present one watches.
	stuck   int
	watched bool
	// list is the number of the list under way or last ended, and ended set once
	// one has ended.
	list  uint64
	ended bool
}

func (s *Source) newWatcher(ns event.Namespace) *watcher {
	w := &watcher{s: s, namespace: ns, doubt: true}
	w.follower = watch.NewFollower(w.handle, func(message string) {
		s.opts.Logger.Debug("secrets: "+message, "namespace", string(ns))
	})
	return w
}

func newBackoff() wait.Backoff {
	return wait.Backoff{Duration: 250 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 12, Cap: 30 * time.Second}
}

// maxStuck is how many sessions in a row may get nowhere. One that watches and
// ends before there was any news looks well and tells nothing.
const maxStuck = 5

// jitter returns about d, so that many do not act at once.
func jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }

// run follows until ctx ends, or reading is forbidden where leave is set.
func (w *watcher) run(ctx context.Context, leave bool) {
	backoff := newBackoff()
	for ctx.Err() == nil {
		began, from := time.Now(), w.follower.Position()
		err := w.session(ctx)
		if ctx.Err() != nil || leave && isForbidden(err) {
			return
		}
		lasted := time.Since(began)
		if lasted > watch.HealthyAfter {
			backoff = newBackoff()
		}
		switch {
		case lasted > watch.HealthyAfter || w.follower.Position() != from:
			w.stuck = 0
		case w.watched:
			w.stuck++
		}
		if err == nil && w.stuck > maxStuck {
			err = errShort
		}
		var delay time.Duration
		switch {
		case err == nil && lasted >= closedAtOnce:
			continue
		case err == nil:
			delay = jitter(closedAtOnce)
		default:
			delay = w.failed(ctx, err, watch.AtLeast(backoff.Step(), err))
		}
		pause(ctx, delay)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// failed notes a failure and returns how long to wait.
func (w *watcher) failed(ctx context.Context, err error, delay time.Duration) time.Duration {
	w.doubt = true
	switch {
	case isForbidden(err):
		delay = jitter(forbidden)
		if w.refused++; w.refused == 1 {
			delay = jitter(firstForbidden)
		}
	case apierrors.IsBadRequest(err) && !w.s.unselective.Swap(true):
		// Not every server behind an API server's address selects by type.
		delay = 0
	case apierrors.IsUnauthorized(err), watch.IsStalled(err), !watch.IsStatus(err):
		w.s.invalidate()
	}
	w.s.reconnects.Add(1)
	lost := isForbidden(err) || errors.Is(err, errNameless) || w.stuck > maxStuck
	w.s.health.broken(ctx, w.namespace, failure{err: w.s.explain(err, w.namespace), lost: lost, retry: delay})
	return delay
}

// session reads until the connection ends.
func (w *watcher) session(ctx context.Context) error {
	w.watched = false
	w.s.health.behind(w.namespace)
	client, err := w.s.opts.Server.Client(ctx)
	if err != nil {
		return &accessError{err}
	}
	c := w.s.connection(client, w.namespace)
	if !w.s.health.isListed(w.namespace) {
		w.follower.Start("")
		w.trusted = false
	}
	if w.doubt {
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
		return &accessError{err}
	}
	position := w.follower.Position()
	if position == "" {
		w.identity = identity
		return nil
	}
	c.Collection.MaxItem = 1
	current, err := c.Version(ctx)
	if err != nil {
		return err
	}
	if identity != w.identity || current != position && current.NotAfter(position) {
		w.identity, w.trusted = identity, false
		w.follower.Start("")
	}
	return nil
}

// handle tells the sink what happened.
func (w *watcher) handle(_ context.Context, n watch.Notice) error {
	s := w.s
	switch n.What {
	case watch.Began:
		s.health.behind(w.namespace)
		if w.ended && !n.Again {
			s.relists.Add(1)
		}
		w.list = s.lists.Add(1)
	case watch.Listed:
		return w.take(n.Object, w.trusted)
	case watch.Ended:
		for _, key := range s.known.vanished(w.namespace, w.list) {
			s.opts.Sink.Forget(key)
		}
		w.trusted, w.ended, w.refused = true, true, 0
		s.reached(w.namespace, n.Version)
		s.health.listed(w.namespace)
	case watch.Watching:
		if !s.health.working(w.namespace) {
			return errLost
		}
		w.refused, w.watched = 0, true
	case watch.Updated:
		if err := w.take(n.Object, false); err != nil {
			return err
		}
		s.reached(w.namespace, n.Version)
	case watch.Deleted:
		return w.drop(n.Object)
	case watch.Progress:
		s.reached(w.namespace, n.Version)
	}
	return nil
}

// take tells the sink of a Secret, not again what it knows where known versions
// may be relied on.
func (w *watcher) take(o watch.Object, rely bool) error {
	defer clear(o.Raw)
	if !o.Whole {
		return w.unread(o, "it is too large")
	}
	defer w.decoder.wipe()
	found, err := w.decoder.decode(o.Raw)
	switch {
	case err != nil:
		return w.unread(o, err.Error())
	case !w.covers(found.key):
		return errNameless
	case slices.Contains(leftOut(), found.secretType):
		w.forget(found.key)
		return nil
	}
	if known := w.s.known.set(found.key, entry{version: found.version, list: w.list}); !known || !rely {
		w.s.opts.Sink.Put(found.key, found.secretType, found.data)
	}
	return nil
}

// unread tells the sink of a Secret whose values are not known. One that cannot
// even be named ends the session: it may be any.
func (w *watcher) unread(o watch.Object, why string) error {
	key, ok := identify(o.Raw)
	if !ok || !w.covers(key) {
		return errNameless
	}
	w.s.known.set(key, entry{list: w.list, unread: true})
	w.s.unread(key, why)
	w.s.opts.Sink.Unread(key)
	return nil
}

// drop tells the sink that a Secret is gone.
func (w *watcher) drop(o watch.Object) error {
	defer clear(o.Raw)
	key, ok := identify(o.Raw)
	if !ok || !w.covers(key) {
		return errNameless
	}
	w.forget(key)
	return nil
}

func (w *watcher) forget(key Key) {
	if w.s.known.remove(key) {
		w.s.opts.Sink.Forget(key)
	}
}

// covers reports whether a Secret is where the watcher looks.
func (w *watcher) covers(key Key) bool { return w.namespace == "" || key.Namespace == w.namespace }
