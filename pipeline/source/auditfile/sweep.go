package auditfile

import (
	"context"
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	sweepEvery = time.Second
	// mournAfter is how long a content that was not read to its end may be
	// without a file before it is taken for lost. It may turn up again under
	// another name, or compressed.
	mournAfter = time.Minute
	// forgetFinished and forgetUnfinished are how long a content may be without
	// a file, while the source runs and can look, before its position is
	// forgotten. Should it come back, it is read from its beginning.
	forgetFinished   = time.Hour
	forgetUnfinished = 24 * time.Hour
)

// sweep clears away what is no more.
func (s *Source) sweep(ctx context.Context) {
	if s.now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = s.now
	copies := make(map[*stream]bool)
	for id, f := range s.files {
		if f.gone && s.over(f) {
			f.release()
			f.close()
			delete(s.files, id)
			if s.reading[f.log] == f {
				delete(s.reading, f.log)
			}
			continue
		}
		if f.copyOf != nil {
			copies[f.copyOf] = true
		}
		if f.torn && !f.tornTold && s.quiet(f, mournAfter) {
			f.tornTold = true
			s.log(ctx, slog.LevelWarn, "a compressed file ends before it should: the rest is read once it is there",
				"file", f.path, "offset", f.at)
		}
	}
	var forgotten []event.Stream
	for name, st := range s.streams.byName {
		if st.holder != nil || copies[st] {
			st.lost = time.Time{}
			continue
		}
		if s.mourn(ctx, st) {
			forgotten = append(forgotten, name)
		}
	}
	if len(forgotten) == 0 {
		return
	}
	if err := s.opts.Positions.Forget(ctx, forgotten); err != nil {
		s.log(ctx, slog.LevelDebug, "cannot forget the positions of files that are gone; trying again", "error", err)
		return
	}
	for _, name := range forgotten {
		s.streams.remove(s.streams.byName[name])
	}
}

// over reports whether nothing more is to be had from a file that is gone.
func (s *Source) over(f *file) bool {
	switch {
	case f.settled, f.handle == nil:
		return true
	case f.stream == nil || f.torn || f.trouble.text != "":
		return s.quiet(f, abandonedAfter)
	}
	return false
}

// mourn says once that the rest of a content is lost, and reports whether its
// position can be forgotten.
func (s *Source) mourn(ctx context.Context, st *stream) bool {
	// Who cannot look, or finds nothing at all, cannot tell: the directory may
	// not be mounted.
	if len(s.seen.problems) > 0 || len(s.seen.files) == 0 || st.lost.IsZero() {
		st.lost = s.now
		return false
	}
	d := s.now.Sub(st.lost)
	if st.finished {
		return d >= forgetFinished
	}
	if d >= mournAfter && !st.warned {
		st.warned = true
		s.log(ctx, slog.LevelWarn, "a file that was not read to its end is gone: what it had after the offset, if anything, is lost",
			"file", st.place.name, "offset", st.offset)
	}
	return d >= forgetUnfinished
}
