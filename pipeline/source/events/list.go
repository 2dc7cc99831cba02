package events

import (
	"context"
	"errors"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxRestarts is how often a list begins again at once when the server has
// dropped its version meanwhile. After that it is a failure like any other.
const maxRestarts = 3

// list yields all events that there are. Where the server streams lists, the
// same connection goes on as the watch.
func (s *Source) list(ctx context.Context, c connection) error {
	s.recovered(event.SourceListing)
	if s.position != "" {
		s.update(func(st *event.SourceStatus) { st.Relists++ })
		s.opts.Logger.Info("events: reading the whole list again: the server no longer has the stored version",
			"scope", s.Status().Scope, "stored", s.position)
	}
	if !s.paged {
		err := s.streamList(ctx, c)
		if !notStreamed(err) {
			return err
		}
		s.paged = true
		s.opts.Logger.Debug("events: the server does not stream lists; reading pages", "scope", s.Status().Scope)
	}
	for restart := 0; ; restart++ {
		err := s.pageList(ctx, c)
		if err == nil {
			return s.watch(ctx, c)
		}
		if !isGone(err) || restart >= maxRestarts {
			return err
		}
	}
}

// notStreamed reports whether a server has refused a streamed list for being
// one: those before WatchList know the parameters but do not allow them
// (KEP-3157).
func notStreamed(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsMethodNotSupported(err)
}

// listed returns a function that yields items of a list.
func (s *Source) listed(ctx context.Context) func(object) error {
	item := event.Item{Change: event.Listed, Known: s.position}
	if s.position == "" && s.opts.Retention > 0 {
		item.NotBefore = time.Now().Add(-s.opts.Retention)
	}
	return func(o object) error {
		item.Raw, item.Skipped = o.raw, o.skipped()
		return s.yield(ctx, item)
	}
}

// complete notes that a list as of version has been yielded whole.
func (s *Source) complete(ctx context.Context, version event.ResourceVersion) error {
	if version == "" {
		return errors.New("list events: the list has no resourceVersion")
	}
	s.relist = false
	s.reached(version)
	return s.yield(ctx, event.Item{Change: event.Progress, Position: event.Position(version)})
}

// pageList reads the list page by page. Every page is of the first one's
// version, which is where the watch then begins.
func (s *Source) pageList(ctx context.Context, c connection) error {
	each := s.listed(ctx)
	p := params{limit: s.query.pageSize}
	for {
		var page page
		err := c.get(ctx, p, func(r io.Reader) error {
			var err error
			page, err = readPage(r, each)
			return err
		})
		if err != nil {
			return err
		}
		if page.Continue == "" {
			return s.complete(ctx, page.ResourceVersion)
		}
		p.token = page.Continue
	}
}
