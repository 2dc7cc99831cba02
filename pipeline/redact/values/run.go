package values

import (
	"context"
	"time"
)

// Run follows the files and the cluster until ctx ends. It returns after a build
// that is under way.
func (s *Store) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		timer.Reset(time.Until(s.turn(ctx)))
	}
}

// turn looks at what is due, builds if need be, and returns when to do so again.
func (s *Store) turn(ctx context.Context) time.Time {
	for _, p := range s.places {
		if ctx.Err() != nil {
			return time.Now()
		}
		if now := time.Now(); !now.Before(p.next) {
			was := p.err
			s.visit(ctx, p, now)
			s.tellTurn(ctx, p, was)
		}
	}
	s.mu.Lock()
	now := time.Now()
	s.expire(now)
	due := s.stale || s.late && !now.Before(s.built.Add(s.pause()))
	s.republish(now)
	s.tellBeyond(ctx)
	s.mu.Unlock()
	if due {
		s.build(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next(time.Now())
}

// next returns when something is due. The caller holds the lock.
func (s *Store) next(now time.Time) time.Time {
	next := now.Add(s.opts.Interval)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	for _, p := range s.places {
		sooner(p.next)
	}
	sooner(s.retired.next())
	sooner(s.cluster.next())
	if now.Before(s.retired.lost) {
		sooner(s.retired.lost)
	}
	if s.late {
		sooner(s.built.Add(s.pause()))
	}
	return next
}

// expire drops former values whose time is over. The caller holds the lock.
func (s *Store) expire(now time.Time) {
	files, secrets := s.retired.expire(now), s.cluster.expire(now)
	s.late = s.late || files || secrets
}

// tellTurn logs that a path can be read no more, or again. The state that Open
// found was told there.
func (s *Store) tellTurn(ctx context.Context, p *place, was error) {
	switch {
	case p.err != nil && was == nil:
		s.tellUnreadable(ctx, p)
	case p.err == nil && was != nil:
		s.opts.Logger.InfoContext(ctx, "known values can be read again", "path", p.path, "count", len(p.values))
	}
}

func (s *Store) tellUnreadable(ctx context.Context, p *place) {
	s.opts.Logger.ErrorContext(ctx, "known values cannot be read: payloads are withheld until they can", "path", p.path, "error", p.err.Error())
}
