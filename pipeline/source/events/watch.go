package events

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/fluent-live/live-status/pipeline/event"
)

// watch yields what comes after the position reached.
func (s *Source) watch(ctx context.Context, c connection) error {
	return s.follow(ctx, c, params{watch: true, from: s.position}, nil)
}

// streamList has the server send the list as the beginning of a watch.
func (s *Source) streamList(ctx context.Context, c connection) error {
	return s.follow(ctx, c, params{watch: true, initialEvents: true}, s.listed(ctx))
}

// follow reads the frames of a watch. While listed is set, what is added
// belongs to the list; the bookmark that ends the list unsets it.
func (s *Source) follow(ctx context.Context, c connection, p params, listed func(object) error) error {
	// A watch lasts between half and all of its time, so that many do not end
	// together.
	p.quiet = quietWatch
	if half := c.watchTimeout / 2; half > 0 {
		p.timeout = half + rand.N(half+1)
		p.quiet = min(p.quiet, p.timeout+answerWithin)
	}
	err := c.get(ctx, p, func(r io.Reader) error {
		if listed == nil {
			s.recovered(event.SourceWatching)
		}
		frames := newFrameReader(r)
		for {
			frame, err := frames.next()
			if errors.Is(err, io.EOF) && listed == nil {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read watch: %w", err)
			}
			if frame.Type == frameError {
				return frame.status()
			}
			if listed != nil && frame.Type != frameBookmark {
				if err := listed(frame.Object); err != nil {
					return err
				}
				continue
			}
			if listed != nil {
				if !frame.endsList() {
					continue
				}
				listed = nil
				if err := s.complete(ctx, frame.version()); err != nil {
					return err
				}
				s.recovered(event.SourceWatching)
				continue
			}
			if err := s.changed(ctx, frame); err != nil {
				return err
			}
		}
	})
	switch {
	case isGone(err):
		s.relist = true
		return nil
	case isStalled(err) && listed == nil:
		s.opts.Logger.Debug("events: renewing a quiet watch", "scope", s.Status().Scope)
		return nil
	case listed == nil && errors.Is(err, io.ErrUnexpectedEOF):
		// The server or a proxy has cut the connection between two reads. The
		// watch is resumed where it was.
		return nil
	default:
		return err
	}
}

// changed yields a change that came after the list.
func (s *Source) changed(ctx context.Context, frame frame) error {
	version := frame.version()
	if version == "" {
		return fmt.Errorf("read watch: a frame of type %q has no resourceVersion", frame.Type)
	}
	item := event.Item{Position: event.Position(version)}
	switch frame.Type {
	case frameAdded, frameModified:
		item.Change, item.Raw, item.Skipped = event.Updated, frame.Object.raw, frame.Object.skipped()
	case frameDeleted:
		item.Change, item.Raw, item.Skipped = event.Deleted, frame.Object.raw, frame.Object.skipped()
	case frameBookmark:
		item.Change = event.Progress
	default:
		return fmt.Errorf("read watch: unknown frame type %q", frame.Type)
	}
	if err := s.yield(ctx, item); err != nil {
		return err
	}
	s.reached(version)
	return nil
}
