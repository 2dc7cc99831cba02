package values

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// When a path is looked at again.
const (
	// firstRetry is how long after a failure; each further one waits twice as
	// long, up to the interval.
	firstRetry = 100 * time.Millisecond
	// settling is how long after a change a file may change again without its
	// times telling, which some file systems keep in seconds. It is read again
	// until then.
	settling = 2 * time.Second
)

// readTries is how often a path that changes under the reader is read anew
// before that counts as a failure.
const readTries = 4

// place is a path and what was read there. The goroutine of Open or Run owns it;
// what others read is written under the lock of the Store.
type place struct {
	path   string
	values []known.Value
	// err says why values are what was read before, and not what is there.
	err error
	// covered says that the matcher knows all that was read.
	covered bool
	// seen is the look that values come from. It is not settled where it was so
	// young that another change might look the same.
	seen    look
	settled bool
	// next is when to look again, delay the pause before it after a failure.
	next  time.Time
	delay time.Duration
}

// remark tells what an operator might not expect of a path.
func (p *place) remark(ctx context.Context, logger *slog.Logger) {
	if p.seen.exposed != "" {
		logger.InfoContext(ctx, "everyone on this machine may read a file of known values", "path", p.seen.exposed)
	}
	if p.seen.unparsed != "" {
		logger.WarnContext(ctx, "a file in a folder is one value as a whole: name the file itself in redact_values_path to have its variables read", "path", p.seen.unparsed)
	}
}

// visit looks at p and reads it if it changed. It decides when to look again.
func (s *Store) visit(ctx context.Context, p *place, now time.Time) {
	values, seen, err := p.read(s.room(p))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		p.delay = min(max(2*p.delay, firstRetry), s.opts.Interval)
		p.next = now.Add(p.delay)
		p.err, p.covered, p.settled = advise(p.path, err), false, false
		s.republish(now)
		return
	}
	failed := p.err != nil
	p.err, p.delay = nil, 0
	p.settled = seen.settled(now)
	p.next = now.Add(s.opts.Interval)
	if !p.settled {
		p.next = now.Add(min(settling, s.opts.Interval))
	}
	p.seen = seen
	if same := slices.Equal(values, p.values); !same {
		s.retired.retire(p.values, values, now, s.opts.Retire)
		p.values = values
		s.stale = true
		if s.current.Load() != nil {
			s.opts.Logger.InfoContext(ctx, "known values changed", "path", p.path, "count", len(values))
		}
	} else if failed {
		// The matcher has all of it, unless it waits to be built.
		p.covered = !s.stale
	}
	if failed {
		s.stale = s.stale || !p.covered
		s.republish(now)
	}
}

// room returns how much p may hold beside the other places.
func (s *Store) room(p *place) room {
	r := room{values: maxValues, bytes: maxBytes}
	for _, other := range s.places {
		if other != p {
			r.values -= len(other.values)
			for _, v := range other.values {
				r.bytes -= len(v.Text)
			}
		}
	}
	return r
}

// read returns the values at p: those it has, if nothing changed.
func (p *place) read(r room) ([]known.Value, look, error) {
	for range readTries {
		before, err := lookAt(p.path)
		if err != nil {
			if isVanishing(err) {
				continue
			}
			return nil, look{}, err
		}
		if p.settled && p.err == nil && before.sum == p.seen.sum {
			return p.values, before, nil
		}
		left := r
		values, err := before.read(&left)
		if err != nil && !isVanishing(err) {
			return nil, look{}, err
		}
		after, lookErr := lookAt(p.path)
		if err != nil || lookErr != nil || before.sum != after.sum {
			continue
		}
		if len(values) == 0 {
			return nil, look{}, errNothing
		}
		return values, after, nil
	}
	if _, err := lookAt(p.path); err != nil {
		return nil, look{}, err
	}
	return nil, look{}, errUnsteady
}

// advise adds the path and the ways out to what went wrong.
func advise(path string, err error) error {
	return fmt.Errorf("read known values %s: %w%s", path, err, wayOut(err))
}

func wayOut(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ": check redact_values_path and that the volume is mounted"
	case errors.Is(err, fs.ErrPermission):
		return ": let the user of this process read it (defaultMode and fsGroup of the volume)"
	}
	return ""
}
