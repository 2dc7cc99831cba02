package auditfile

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	// turnBytes is how much is read of one log before the next has its turn.
	turnBytes = 4 << 20
	// openMost is about how many files are held open. Those beyond it are opened
	// when their turn comes.
	openMost = 64
)

// sorted returns the files of each log, the oldest first.
func (s *Source) sorted() [][]*file {
	logs := make(map[string][]*file)
	for _, f := range s.files {
		logs[f.log] = append(logs[f.log], f)
	}
	s.newest = make(map[string]*file, len(logs))
	all := make([][]*file, 0, len(logs))
	for _, name := range slices.Sorted(maps.Keys(logs)) {
		files := logs[name]
		slices.SortFunc(files, older)
		s.newest[name] = files[len(files)-1]
		all = append(all, files)
	}
	return all
}

// older orders the files of a log. The one that bears the log's name is the
// last; a backup whose first line bears no time is as old as its last change.
func older(a, b *file) int {
	if a.live() != b.live() {
		if b.live() {
			return -1
		}
		return 1
	}
	return cmp.Or(a.since().Compare(b.since()), a.mtime.Compare(b.mtime), cmp.Compare(a.path, b.path))
}

func (f *file) live() bool { return !f.rotated && !f.gone }

func (f *file) since() time.Time {
	if f.head.first.IsZero() {
		return f.mtime
	}
	return f.head.first
}

// turn reads a log for a while, its oldest file first. It reports whether there
// is more to be read.
func (s *Source) turn(ctx context.Context, files []*file) (bool, error) {
	budget := int64(turnBytes)
	for _, f := range files {
		err := s.read(ctx, f, &budget)
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case errors.As(err, new(*sinkError)):
			return false, err
		case errors.Is(err, errBusy):
			return true, nil
		case errors.Is(err, errReplaced), errors.Is(err, fs.ErrNotExist):
			// The next look will show.
		case errors.Is(err, errOther):
			// Which content it is now is found out at the next look.
			s.mistaken(ctx, f)
		case err != nil:
			s.fail(f, err)
		case budget <= 0:
			return true, nil
		}
	}
	return false, nil
}

// sinkError is the error of a sink.
type sinkError struct{ error }

func (e *sinkError) Unwrap() error { return e.error }

func (s *Source) yield(ctx context.Context, items ...event.Item) error {
	if len(items) == 0 {
		return nil
	}
	if err := s.opts.Sink.YieldAll(ctx, items); err != nil {
		return &sinkError{err}
	}
	return nil
}

// mistaken lets go of a content that the file turned out not to have.
func (s *Source) mistaken(ctx context.Context, f *file) {
	if _, ok := f.body.(*zipped); ok {
		// It was taken for the content by its first line only.
		before, st, origin := f.mismatched, f.stream, f.forkOf
		if before == nil {
			before = make(map[*stream]bool)
		}
		before[st] = true
		f.release()
		if origin != nil {
			before[origin] = true
			s.streams.remove(st)
		}
		f.mismatched = before
		return
	}
	s.log(ctx, slog.LevelInfo, "a file was written anew: reading it from its beginning", "file", f.path)
	f.release()
	f.head, f.body, f.looked = head{}, nil, false
}

// read reads a file until it ends for now or the budget is used up.
func (s *Source) read(ctx context.Context, f *file, budget *int64) error {
	if f.stream == nil || f.settled || f.trouble.waits(s.now) || f.atEnd && (f.torn || !s.closing(f)) {
		return nil
	}
	if err := f.open(); err != nil {
		return err
	}
	if f.body == nil {
		return errOther
	}
	s.reading[f.log] = f
	defer s.limit(f)
	for *budget > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, before, end, err := f.chunk()
		if err != nil && !cut(err) {
			return err
		}
		f.trouble = trouble{}
		n, all, sinkErr := s.digest(ctx, f, b, before, s.final(f, end, err))
		if sinkErr != nil {
			return sinkErr
		}
		*budget -= n
		if all && (end || err != nil) {
			return s.ended(ctx, f, err)
		}
		if n == 0 {
			f.want = min(2*f.want, s.opts.MaxLine+2)
		}
	}
	return nil
}

// final reports whether what is at the end of the content is a line even
// without a line end.
func (s *Source) final(f *file, end bool, err error) bool {
	if errors.Is(err, errDamaged) {
		return true
	}
	return end && err == nil && (!f.isPlain() || s.closing(f))
}

// closing reports whether nothing more is expected to be written to a file.
func (s *Source) closing(f *file) bool {
	if f != s.newest[f.log] {
		return s.quiet(f, quietAfter)
	}
	return f.gone && s.quiet(f, abandonedAfter)
}

// digest splits a chunk and yields its lines. It returns how much of it is
// dealt with, and false if it is to be seen again.
func (s *Source) digest(ctx context.Context, f *file, b []byte, before int, final bool) (n int64, all bool, err error) {
	if len(b) > before {
		s.update(func(st *event.SourceStatus) { st.LastReceived = time.Now() })
		f.stream.finished = false
	}
	for {
		lines, used := f.split.split(b[before:], f.at, final, s.lines[:0])
		if err := s.yield(ctx, f.items(lines, b, before)...); err != nil {
			return 0, false, err
		}
		f.advance(lines, b, before, used)
		f.forkOf = nil
		before += used
		n += int64(used)
		more := len(lines) == batchMax
		// What was kept of lines that are too large is not to be kept twice.
		clear(lines)
		if !more {
			break
		}
		if f.want > chunkSize {
			// Each batch looks for the next line end anew, which must not be
			// far away.
			f.want = chunkSize
			return n, false, nil
		}
	}
	if n > 0 {
		f.want = chunkSize
	}
	return n, true, nil
}

// ended deals with a file that was read to where it ends for now.
func (s *Source) ended(ctx context.Context, f *file, err error) error {
	switch {
	case errors.Is(err, errDamaged):
		s.log(ctx, slog.LevelWarn, "a compressed file is damaged: what follows cannot be read",
			"file", f.path, "offset", f.at)
		f.settled = true
		f.close()
		return nil
	case errors.Is(err, errTorn):
		f.atEnd, f.torn = true, true
		return nil
	case f.isPlain() && !s.closing(f):
		f.atEnd = true
		return nil
	}
	f.settled, f.stream.finished = true, true
	f.close()
	return s.yield(ctx, progress(f.stream, f.path))
}

// progress returns an item that only says how far a stream was read.
func progress(st *stream, path string) event.Item {
	return event.Item{
		Kind: event.KindAudit, Change: event.Progress, Stream: st.name, Position: st.position(),
		Place: event.Place{Source: sourceName, Name: path, Offset: st.offset},
	}
}

// limit closes a file if too many are open. One that has no name could not be
// opened again, the newest is written to, and one that is being decompressed
// would have to begin anew.
func (s *Source) limit(f *file) {
	_, compressed := f.body.(*zipped)
	underWay := compressed && f == s.reading[f.log]
	if *s.open > openMost && !f.gone && !underWay && f != s.newest[f.log] {
		f.close()
	}
}
