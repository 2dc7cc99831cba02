package auditfile

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"
)

// quietAfter is how long a file must not have changed before what it says is
// taken for all that it will say: a half-written last line of a rotated file, a
// copy that is shorter than its original.
const quietAfter = 5 * time.Second

// abandonedAfter is the same for the last file of a log when it was deleted.
// Its writer may still have it open, and be slow.
const abandonedAfter = time.Minute

// match is what a comparison of a file with a stream said.
type match int

const (
	// other content, although it begins alike.
	other match = iota
	// same content, at least up to where the stream was read.
	same
	// contained content: a copy of a part that was read.
	contained
	// undecided: it is shorter, and may still grow.
	undecided
)

// identify finds out which content each file has. A content goes first to the
// file it was last read from, then to the longest.
func (s *Source) identify(ctx context.Context) error {
	var files []*file
	for _, f := range s.files {
		if f.stream == nil && !f.settled && f.known() && !f.trouble.waits(s.now) {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b *file) int {
		return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.path, b.path))
	})
	for _, own := range []bool{true, false} {
		for _, f := range files {
			if f.stream != nil || f.settled {
				continue
			}
			err := f.open()
			if err == nil && f.body != nil {
				err = s.attach(ctx, f, own)
			}
			s.limit(f)
			switch {
			case errors.As(err, new(*sinkError)):
				return err
			case errors.Is(err, errReplaced), errors.Is(err, errBusy):
			case err != nil:
				s.fail(f, err)
			}
		}
	}
	return nil
}

// attach finds the stream that a file continues, or begins one. With own set
// it considers only those that were read from this very file.
func (s *Source) attach(ctx context.Context, f *file, own bool) error {
	candidates := slices.Clone(s.streams.byHead[f.head.sum])
	// Of several that agree, the one that was read furthest tells best what is
	// unread.
	slices.SortFunc(candidates, func(a, b *stream) int { return cmp.Compare(b.offset, a.offset) })
	wait := false
	for _, st := range candidates {
		if own && st.id != f.id {
			continue
		}
		m, err := s.compare(f, st)
		if err != nil {
			return err
		}
		switch m {
		case other:
		case undecided:
			if wait = true; f.doubted.IsZero() {
				f.doubted = s.now
			}
		case contained:
			f.settled, f.copyOf, f.skip = true, st, false
			return nil
		case same:
			f.skip = false
			if err := s.take(f, st); err != nil {
				return err
			}
			s.announce(ctx, f)
			return nil
		}
	}
	if own || wait {
		return nil
	}
	f.doubted = time.Time{}
	if f.skip {
		return s.skipToEnd(ctx, f)
	}
	f.hold(s.streams.add(f.head.sum), s.opts.MaxLine)
	s.announce(ctx, f)
	return nil
}

// announce says what is going to be read, if anything is.
func (s *Source) announce(ctx context.Context, f *file) {
	if f.stream != nil && f.behind() > 0 {
		s.log(ctx, slog.LevelInfo, "reading", "file", f.path, "from", f.at, "size", f.size)
	}
}

// take makes a file that has the content of a stream go on with it, unless
// another one is at it.
func (s *Source) take(f *file, st *stream) error {
	if st.holder == nil {
		f.hold(st, s.opts.MaxLine)
		return nil
	}
	n, exact := f.body.length(f.size)
	if exact {
		// The other one may be read beyond the end of its copy, and truncated.
		if _, err := s.proves(f, st, n); err != nil {
			return err
		}
	}
	// More than the other one has, and not because it is being written to: the
	// copy has gone on by itself, or the original was cut short. One that is
	// about to be closed has still to say its last.
	h := st.holder
	done := h.settled || h.atEnd && !s.closing(h)
	if n != st.offset && done && s.quiet(h, quietAfter) && s.quiet(f, quietAfter) {
		fork := s.streams.add(f.head.sum)
		fork.offset, fork.sum = st.offset, st.sum
		f.hold(fork, s.opts.MaxLine)
		f.forkOf = st
	}
	return nil
}

// compare says whether a file has the content of a stream with the same head.
func (s *Source) compare(f *file, st *stream) (match, error) {
	if f.mismatched[st] {
		return other, nil
	}
	n, exact := f.body.length(f.size)
	if !exact {
		return compareNoted(st, n), nil
	}
	if n >= st.offset {
		sum, err := endsAt(f.body, st.offset)
		switch {
		case err != nil:
			return other, err
		case sum == st.sum:
			return same, nil
		}
		// A copy may be made out of order while it is being made.
		return s.unless(f, st.holder != nil), nil
	}
	if ok, err := s.proves(f, st, n); ok || err != nil {
		return contained, err
	}
	// A copy may still be growing. One that does not may be any content, and so
	// may the file itself that was read further than it goes now: it lost its end.
	return s.unless(f, st.holder != nil || st.id != f.id), nil
}

// proves reports whether a file of length n is a copy of what the stream says
// up to there. It can tell while the original is there.
func (s *Source) proves(f *file, st *stream, n int64) (bool, error) {
	sum, err := endsAt(f.body, n)
	if err != nil {
		return false, err
	}
	if proven, ok := st.proven[n]; ok {
		return proven == sum, nil
	}
	h := st.holder
	if h == nil || h == f || h.body == nil || !h.isPlain() || h.size < n {
		return false, nil
	}
	// An original that cannot be read will say so itself.
	original, err := endsAt(h.body, n)
	if err != nil || original != sum {
		return false, nil //nolint:nilerr // See above.
	}
	st.prove(n, sum)
	return true, nil
}

// unless returns other, unless there is a reason to wait for a file that has
// not been quiet yet. A file that is written to all the time is not waited for
// without end.
func (s *Source) unless(f *file, wait bool) match {
	long := !f.doubted.IsZero() && s.now.Sub(f.doubted) >= abandonedAfter
	if wait && !long && !s.quiet(f, quietAfter) {
		return undecided
	}
	return other
}

// compareNoted compares by the length that a compressed file notes. Whether it
// has the content of the stream shows once it was decompressed up to there.
func compareNoted(st *stream, noted int64) match {
	if st.offset > 0 && sameLength(noted, st.offset) {
		return contained
	}
	for n := range st.proven {
		if sameLength(noted, n) {
			return contained
		}
	}
	return same
}

// superseded reports whether nobody is expected to write to a file any more.
func (s *Source) superseded(f *file) bool {
	return f.gone || f != s.newest[f.log]
}

// quiet reports whether a file has not changed for some time.
func (s *Source) quiet(f *file, d time.Duration) bool { return s.now.Sub(f.changed) >= d }
