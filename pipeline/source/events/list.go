package events

import (
	"context"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// handle yields what is in a list and what comes after it.
func (s *Source) handle(ctx context.Context, n watch.Notice) error {
	switch n.What {
	case watch.Began:
		s.began(n.Again)
		return nil
	case watch.Listed:
		item := s.listed
		item.Raw, item.Skipped = n.Object.Raw, n.Object.Skipped()
		return s.yield(ctx, item)
	case watch.Ended:
		s.reached(n.Version)
		return s.yield(ctx, event.Item{Change: event.Progress, Position: event.Position(n.Version)})
	case watch.Watching:
		s.recovered(event.SourceWatching)
		return nil
	default:
		return s.changed(ctx, n)
	}
}

// began prepares for a list.
func (s *Source) began(again bool) {
	known := s.follower.Position()
	s.listed = event.Item{Change: event.Listed, Known: known}
	if known == "" && s.opts.Retention > 0 {
		s.listed.NotBefore = time.Now().Add(-s.opts.Retention)
	}
	if again {
		return
	}
	s.recovered(event.SourceListing)
	if known != "" {
		s.update(func(st *event.SourceStatus) { st.Relists++ })
		s.opts.Logger.Info("events: reading the whole list again: the server no longer has the stored version",
			"scope", s.Status().Scope, "stored", known)
	}
}

// changed yields a change that came after the list.
func (s *Source) changed(ctx context.Context, n watch.Notice) error {
	item := event.Item{Position: event.Position(n.Version)}
	switch n.What {
	case watch.Updated:
		item.Change, item.Raw, item.Skipped = event.Updated, n.Object.Raw, n.Object.Skipped()
	case watch.Deleted:
		item.Change, item.Raw, item.Skipped = event.Deleted, n.Object.Raw, n.Object.Skipped()
	default:
		item.Change = event.Progress
	}
	if err := s.yield(ctx, item); err != nil {
		return err
	}
	if n.Version != "" {
		s.reached(n.Version)
	}
	return nil
}
