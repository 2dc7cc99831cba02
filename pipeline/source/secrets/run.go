package secrets

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// leftOut are the types of Secrets that are not read.
func leftOut() []string {
	return []string{"helm.sh/release.v1", "kubernetes.io/service-account-token"}
}

// connection is the way to the Secrets of a namespace, or to all.
func (s *Source) connection(client rest.Interface, ns event.Namespace) watch.Connection {
	path := "/api/v1/secrets"
	if ns != "" {
		path = "/api/v1/namespaces/" + string(ns) + "/secrets"
	}
	var selector []fields.Selector
	if !s.unselective.Load() {
		for _, t := range leftOut() {
			selector = append(selector, fields.OneTermNotEqualSelector("type", t))
		}
	}
	return watch.Connection{
		Client: client,
		Collection: watch.Collection{
			Path: path, FieldSelector: fields.AndSelectors(selector...).String(),
			PageSize: s.opts.PageSize, WatchTimeout: s.opts.WatchTimeout, Reuse: true,
		},
		Received: func() { s.received.Store(time.Now().UnixNano()) },
	}
}

// Run watches until ctx ends. Whatever goes wrong on the way to the server is
// logged, told to the sink, and tried again. The sink is called no more once Run
// has returned.
func (s *Source) Run(ctx context.Context) {
	defer func() {
		s.health.close()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopped = true
	}()
	refused := 0
	for ctx.Err() == nil {
		s.enter([]event.Namespace{""})
		s.newWatcher("").run(ctx, len(s.opts.Namespaces) > 0)
		if ctx.Err() == nil {
			refused++
			s.runNamespaces(ctx, refused)
		}
	}
}

// runNamespaces watches the configured namespaces until ctx ends or all may be
// read.
func (s *Source) runNamespaces(ctx context.Context, refused int) {
	s.opts.Logger.Info("secrets: those of all namespaces may not be read; reading those of kube_namespace", "count", len(s.opts.Namespaces))
	s.enter(s.opts.Namespaces)
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for _, ns := range s.opts.Namespaces {
		all.Go(func() { crash.Run(func() { s.newWatcher(ns).run(ctx, false) }) })
	}
	for next := firstForbidden; ctx.Err() == nil; next = forbidden {
		if refused > 1 {
			next = forbidden
		}
		pause(ctx, jitter(next))
		if ctx.Err() == nil && s.probe(ctx, "") == nil {
			s.opts.Logger.Info("secrets: those of all namespaces may be read now")
			return
		}
	}
}

// Check asks whether Secrets can be listed and watched: all or, where that is
// forbidden, those of the configured namespaces. It takes no longer than ctx
// allows and two answers per namespace take, and tells the sink nothing.
func (s *Source) Check(ctx context.Context) *ReadError {
	err := s.probe(ctx, "")
	if err == nil || !isForbidden(err) || len(s.opts.Namespaces) == 0 {
		return s.refusal(err, "")
	}
	for _, ns := range s.opts.Namespaces {
		if err := s.probe(ctx, ns); err != nil {
			return s.refusal(err, ns)
		}
	}
	return nil
}

func (s *Source) refusal(err error, ns event.Namespace) *ReadError {
	if err == nil {
		return nil
	}
	return s.explain(err, ns)
}

// probe asks whether Secrets can be listed and watched.
func (s *Source) probe(ctx context.Context, ns event.Namespace) error {
	client, err := s.opts.Server.Client(ctx)
	if err != nil {
		return &accessError{err}
	}
	ask := func() error {
		c := s.connection(client, ns)
		// Nothing of a Secret is kept but a bracket.
		c.Collection.MaxItem = 1
		version, err := c.Version(ctx)
		if err != nil {
			return err
		}
		enough := errors.New("enough")
		f := watch.NewFollower(func(_ context.Context, n watch.Notice) error {
			clear(n.Object.Raw)
			return enough
		}, func(string) {})
		f.Start(version)
		if err := f.Read(ctx, c); !errors.Is(err, enough) {
			return err
		}
		return nil
	}
	err = ask()
	if apierrors.IsBadRequest(err) && !s.unselective.Swap(true) {
		err = ask()
	}
	return err
}
