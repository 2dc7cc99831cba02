package objects

import (
	"context"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
)

// demanders is how many objects are fetched on demand at the same time.
const demanders = 4

// demand is the objects that Fetch asked for. It is no queue with an end: who asks
// must not wait, and what may be asked for are objects that the index knows.
type demand struct {
	s *Source
	// more is signalled when there may be something to fetch.
	more chan struct{}

	mu    sync.Mutex
	kinds map[event.GroupKind]event.APIResource
	// wanted are the objects to fetch, in no order, and busy how many are under way.
	wanted map[object]event.APIResource
	busy   int
	// idle are closed once there is nothing to fetch any more.
	idle []chan struct{}
}

func newDemand(s *Source) *demand {
	return &demand{s: s, more: make(chan struct{}, demanders), kinds: map[event.GroupKind]event.APIResource{}, wanted: map[object]event.APIResource{}}
}

// Fetch asks for an object whole, which Options.Fetched is then given. It does not
// wait. Of several requests for one object before it is fetched, one counts; what
// is gone by then, or of a kind that is not watched, is left out without a word.
func (s *Source) Fetch(kind event.GroupKind, ns event.Namespace, name string) {
	d := s.demand
	if name == "" || len(content.IsPathSegmentName(name)) > 0 || ns != "" && !plain(string(ns)) {
		return
	}
	d.mu.Lock()
	r, ok := d.kinds[kind]
	if ok {
		if !r.Namespaced {
			ns = ""
		}
		d.wanted[object{resource: r.GroupResource(), namespace: ns, name: name}] = r
	}
	d.mu.Unlock()
	if ok {
		d.signal()
	}
}

// Fetched is closed once there is nothing to fetch of what Fetch asked for until
// now.
func (s *Source) Fetched() <-chan struct{} {
	d, done := s.demand, make(chan struct{})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, done)
	d.rest()
	return done
}

// serve tells where the objects of each kind are.
func (d *demand) serve(kinds []event.ServedKind) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.kinds)
	for _, k := range kinds {
		if k.Watched {
			d.kinds[k.GroupKind()] = k.APIResource
		}
	}
}

func (d *demand) signal() {
	select {
	case d.more <- struct{}{}:
	default:
	}
}

// rest tells those who wait that there is nothing to do. The lock is held.
func (d *demand) rest() {
	if d.busy > 0 || len(d.wanted) > 0 {
		return
	}
	for _, done := range d.idle {
		close(done)
	}
	d.idle = nil
}

// work deals with what is asked for, until ctx ends.
func (d *demand) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.more:
		}
		for d.one(ctx) {
		}
	}
}

func (d *demand) start(ctx context.Context, others *sync.WaitGroup) {
	for range demanders {
		others.Go(func() { crash.Run(func() { d.work(ctx) }) })
	}
}

// one fetches one object, and reports false where there is none to fetch.
func (d *demand) one(ctx context.Context) bool {
	o, r, ok := d.take()
	if !ok {
		return false
	}
	defer d.done()
	w := wanted{resource: r, live: event.Live{Ref: event.ObjectRef{Namespace: o.namespace, Name: o.name}}}
	err := d.fetch(ctx, w)
	if err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) {
		d.s.unread.fail(r, w.live.Ref, d.s.opts.Describe(err))
	}
	return ctx.Err() == nil
}

func (d *demand) fetch(ctx context.Context, w wanted) error {
	list := d.s.lists.Load()
	raw, err := d.s.fetches.get(ctx, w)
	if err != nil {
		return err
	}
	live, err := d.s.opts.Decode(raw, w.resource)
	if err != nil {
		return err
	}
	d.s.opts.Fetched(live, raw, list)
	return nil
}

func (d *demand) take() (object, event.APIResource, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for o, r := range d.wanted {
		delete(d.wanted, o)
		d.busy++
		if len(d.wanted) > 0 {
			d.signal()
		}
		return o, r, true
	}
	return object{}, event.APIResource{}, false
}

func (d *demand) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy--
	d.rest()
}
