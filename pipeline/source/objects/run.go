package objects

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// When kinds are asked for again.
const (
	discoverEvery = 10 * time.Minute
	// discoverStale is for as long as a group did not answer.
	discoverStale = 30 * time.Second
	// settleFor is how long definitions of kinds must have been left alone, and
	// settleWithin the longest wait for that.
	settleFor    = time.Second
	settleWithin = 5 * time.Second
)

// follows are the pauses before kinds are asked for once more where a definition
// changed and no kind did: servers take a while to serve a new one.
func follows() []time.Duration {
	return []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second}
}

func newBackoff() wait.Backoff {
	return wait.Backoff{Duration: 250 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 12, Cap: 30 * time.Second}
}

// Run watches until ctx ends. Whatever goes wrong on the way to the server is
// logged and tried again.
func (s *Source) Run(ctx context.Context) {
	var others sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		s.stopAll()
		others.Wait()
		s.update(func(st *event.SourceStatus) { st.State = event.SourceStopped })
	}()
	others.Go(func() { crash.Run(func() { s.board.report(ctx) }) })
	s.fetches.start(ctx, &others)
	s.demand.start(ctx, &others)
	others.Go(func() { crash.Run(func() { s.announce(ctx) }) })

	backoff := newBackoff()
	var again []time.Duration
	for ctx.Err() == nil {
		changed, err := s.refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		var next time.Duration
		switch {
		case err != nil:
			next = watch.AtLeast(backoff.Step(), err)
			s.failed(ctx, err, next)
		case changed:
			backoff, again, next = newBackoff(), nil, s.discoverIn()
		case len(again) > 0:
			next, again = again[0], again[1:]
		default:
			backoff, next = newBackoff(), s.discoverIn()
		}
		if s.await(ctx, next, err != nil) {
			again = follows()
		}
	}
}

func (s *Source) discoverIn() time.Duration {
	if s.stale != "" {
		return discoverStale
	}
	return discoverEvery
}

// await waits for the time to ask for kinds again, and reports whether it was
// because a definition changed. Where asking failed, only time helps.
func (s *Source) await(ctx context.Context, next time.Duration, failed bool) bool {
	defined := s.defined
	if failed {
		defined = nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(next):
		return false
	case <-defined:
	}
	latest := time.After(settleWithin)
	for {
		select {
		case <-ctx.Done():
			return false
		case <-latest:
			return true
		case <-time.After(settleFor):
			return true
		case <-s.defined:
		}
	}
}

// define says that there may be other kinds than before.
func (s *Source) define() {
	select {
	case s.defined <- struct{}{}:
	default:
	}
}

func (s *Source) failed(ctx context.Context, err error, retry time.Duration) {
	if !watch.IsStatus(err) || watch.IsStalled(err) {
		s.invalidate()
	}
	line := s.opts.Describe(err)
	level := slog.LevelWarn
	s.update(func(st *event.SourceStatus) {
		if st.Error == line {
			level = slog.LevelDebug
		}
		if st.State == event.SourceStarting || len(s.watchers) == 0 {
			st.State = event.SourceBackingOff
		}
		st.Error = line
		st.Reconnects++
	})
	s.opts.Logger.Log(ctx, level, "objects: "+line, "scope", s.scope, "retry_in", retry.Round(time.Millisecond))
}

// refresh asks which kinds there are and watches those that are to be. It
// reports whether they are others than before.
func (s *Source) refresh(ctx context.Context) (bool, error) {
	client, err := s.opts.Server.Client(ctx)
	if err != nil {
		return false, err
	}
	groups, err := discover(ctx, client)
	if err != nil {
		return false, err
	}
	err = watch.Within(ctx, func(ctx context.Context) (err error) {
		s.identity, err = s.opts.Server.Identity(ctx)
		return err
	})
	if err != nil {
		return false, err
	}
	served, stale := merge(s.served, groups)
	slices.SortFunc(served, func(a, b resource) int {
		return strings.Compare(a.Resource+"."+a.Group, b.Resource+"."+b.Group)
	})
	var was string
	s.update(func(st *event.SourceStatus) {
		was = st.Error
		st.State, st.Error = event.SourceListing, ""
	})
	if was != "" {
		s.opts.Logger.Info("objects: connected again", "scope", s.scope)
	}
	s.say(served, stale)
	changed := s.served == nil || !slices.Equal(s.served, served)
	s.served = served
	if changed {
		s.apply(ctx, s.choice.choose(served))
	}
	s.board.discovered()
	return changed, nil
}

// say logs what is odd about the kinds, once.
func (s *Source) say(served []resource, stale []string) {
	if now := strings.Join(stale, ", "); now != s.stale {
		if s.stale = now; now != "" {
			s.opts.Logger.Warn("objects: groups of the API whose servers do not answer; of their kinds those known before are watched",
				"scope", s.scope, "groups", now)
		} else {
			s.opts.Logger.Info("objects: all groups of the API answer again", "scope", s.scope)
		}
	}
	now := strings.Join(slices.Concat(idle(s.choice.only, served), idle(s.choice.include, served), idle(s.choice.exclude, served)), ", ")
	if now != s.idle && now != "" {
		s.opts.Logger.Warn("objects: objects_only, objects_include or objects_exclude name kinds that the server does not serve, or not for watching",
			"scope", s.scope, "patterns", now)
	}
	s.idle = now
}

// apply ends the watches of kinds that are no longer there, tells the catalog,
// and begins those of new ones.
func (s *Source) apply(ctx context.Context, kinds []event.ServedKind) {
	wanted := map[place]bool{}
	for _, k := range kinds {
		for _, ns := range s.namespaces(k) {
			wanted[place{k.APIResource, ns}] = true
		}
	}
	for p, w := range s.watchers {
		if !wanted[p] {
			w.cancel()
		}
	}
	for p, w := range s.watchers {
		if !wanted[p] {
			<-w.done
			delete(s.watchers, p)
			s.board.remove(p)
		}
	}
	s.demand.serve(kinds)
	s.opts.Catalog.Serve(kinds)
	for _, k := range kinds {
		for _, ns := range s.namespaces(k) {
			if p := (place{k.APIResource, ns}); s.watchers[p] == nil {
				s.watchers[p] = s.begin(ctx, p, s.board.add(p))
			}
		}
	}
}

// namespaces are where a kind is watched.
func (s *Source) namespaces(k event.ServedKind) []event.Namespace {
	switch {
	case !k.Watched:
		return nil
	case len(s.opts.Namespaces) > 0:
		return s.opts.Namespaces
	default:
		return []event.Namespace{""}
	}
}

func (s *Source) stopAll() {
	for _, w := range s.watchers {
		w.cancel()
	}
	for _, w := range s.watchers {
		<-w.done
	}
}
