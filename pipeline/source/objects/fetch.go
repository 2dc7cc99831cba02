package objects

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

const (
	// fetchers is how many objects are fetched at the same time, and maxWaiting
	// how many may wait for each of them.
	fetchers   = 4
	maxWaiting = 2048
	// maxTries is how often an object is asked for that the server fails to give.
	maxTries = 5
)

// wanted is an object that is to be yielded whole.
type wanted struct {
	resource event.APIResource
	change   event.Change
	live     event.Live
	// raw is set where nothing has to be fetched.
	raw []byte
}

// object names an object that is to be fetched. The end of one and the beginning
// of the next of its name are told both.
type object struct {
	resource  event.GroupResource
	namespace event.Namespace
	name      string
	uid       event.UID
}

// errand is an object to be fetched, or else done, which is closed once all before
// it are dealt with.
type errand struct {
	object
	done chan<- struct{}
}

// fetcher fetches objects one by one. Of an object that changes while it waits
// only the newest version is fetched. All that is fetched under one name comes
// from one goroutine, so that versions keep their order.
type fetcher struct {
	s     *Source
	seed  maphash.Seed
	lanes []chan errand

	mu     sync.Mutex
	newest map[object]wanted
}

func newFetcher(s *Source) *fetcher {
	f := &fetcher{s: s, seed: maphash.MakeSeed(), newest: map[object]wanted{}}
	for range fetchers {
		f.lanes = append(f.lanes, make(chan errand, maxWaiting))
	}
	return f
}

func (f *fetcher) start(ctx context.Context, others *sync.WaitGroup) {
	for _, lane := range f.lanes {
		others.Go(func() { crash.Run(func() { f.follow(ctx, lane) }) })
	}
}

// follow works off what stands in one lane, until ctx ends.
func (f *fetcher) follow(ctx context.Context, lane <-chan errand) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-lane:
			if e.done != nil {
				close(e.done)
				continue
			}
			f.work(ctx, e.object)
		}
	}
}

// add asks for an object. It waits where too many wait already.
func (f *fetcher) add(ctx context.Context, w wanted) error {
	o := object{w.resource.GroupResource(), w.live.Ref.Namespace, w.live.Ref.Name, w.live.Ref.UID}
	f.mu.Lock()
	_, waits := f.newest[o]
	f.newest[o] = w
	f.mu.Unlock()
	if waits {
		return nil
	}
	// Objects of one namespace keep their order: revisions of a release are objects
	// of their own.
	lane := f.lanes[maphash.String(f.seed, string(o.namespace))%fetchers]
	select {
	case lane <- errand{object: o}:
		return nil
	case <-ctx.Done():
		// The watch is over, and nobody waits in the lane.
		f.mu.Lock()
		delete(f.newest, o)
		f.mu.Unlock()
		return ctx.Err()
	}
}

// flush waits until all that was asked for is yielded, or given up. It reports
// false if ctx ended before.
func (f *fetcher) flush(ctx context.Context) bool {
	var lanes []chan struct{}
	for _, lane := range f.lanes {
		done := make(chan struct{})
		select {
		case lane <- errand{done: done}:
			lanes = append(lanes, done)
		case <-ctx.Done():
			return false
		}
	}
	for _, done := range lanes {
		select {
		case <-done:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (f *fetcher) take(o object) (wanted, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, ok := f.newest[o]
	delete(f.newest, o)
	return w, ok
}

// work fetches an object and yields it. Failures end in the log: the object's
// next change is another chance.
func (f *fetcher) work(ctx context.Context, o object) {
	w, ok := f.take(o)
	if !ok {
		return
	}
	err := f.fetch(ctx, w)
	if err == nil || ctx.Err() != nil || apierrors.IsNotFound(err) {
		return
	}
	f.s.unread.fail(w.resource, w.live.Ref, f.s.opts.Describe(err))
}

func (f *fetcher) fetch(ctx context.Context, w wanted) error {
	if w.raw != nil {
		return f.s.yield(ctx, w.change, w.live, w.raw)
	}
	raw, err := f.get(ctx, w)
	if err != nil {
		return err
	}
	live, err := f.s.opts.Decode(raw, w.resource)
	if err != nil {
		return err
	}
	if !f.s.opts.Whole(live) {
		// It has become another one meanwhile.
		return nil
	}
	return f.s.yield(ctx, w.change, live, raw)
}

var errTooLarge = errors.New("the object is too large")

// get asks for an object until the server has answered.
func (f *fetcher) get(ctx context.Context, w wanted) ([]byte, error) {
	backoff := newBackoff()
	for tries := 0; ; {
		raw, err := f.once(ctx, w)
		answered := watch.IsStatus(err) && !watch.IsStalled(err)
		if err == nil || errors.Is(err, errTooLarge) || apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
			return raw, err
		}
		if answered {
			// Where there is no answer at all, the server is away, and will come
			// back.
			if tries++; tries == maxTries {
				return nil, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(watch.AtLeast(backoff.Step(), err)):
		}
	}
}

func (f *fetcher) once(ctx context.Context, w wanted) (raw []byte, err error) {
	client, err := f.s.opts.Server.Client(ctx)
	if err != nil {
		return nil, err
	}
	at := path(w.resource, w.live.Ref.Namespace) + "/" + w.live.Ref.Name
	err = watch.Get(ctx, client, at, "application/json", func(r io.Reader) error {
		if raw, err = io.ReadAll(io.LimitReader(r, watch.MaxItem+1)); err != nil {
			return fmt.Errorf("read object: %w", err)
		}
		if len(raw) > watch.MaxItem {
			return errTooLarge
		}
		return nil
	})
	return raw, err
}
