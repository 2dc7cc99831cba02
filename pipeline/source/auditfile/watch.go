package auditfile

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
)

// looksMost bounds how often the files are looked at before any is read.
const looksMost = 5

// survey looks at the files until that brings nothing new. While one look
// lasts, files can be renamed and compressed: it may find a new file and miss
// the one before, which is to be read first.
func (s *Source) survey(ctx context.Context) {
	for range looksMost {
		fresh := s.look(ctx)
		if moved := s.checkAll(ctx); !fresh && !moved {
			return
		}
	}
}

// look finds out which files there are, and which of them bear another name
// than before or none. It reports whether there may be one that it missed.
func (s *Source) look(ctx context.Context) (more bool) {
	s.seen = look(s.opts.Path)
	names := make(map[string]bool, len(s.seen.files))
	for _, found := range s.seen.files {
		names[found.path] = true
	}
	present := make(map[inode]found, len(s.seen.files))
	for _, now := range s.seen.files {
		if s.files[now.id] == nil && inTheMaking(now.path, names) {
			continue
		}
		if was, ok := present[now.id]; !ok || was.symlink && !now.symlink {
			present[now.id] = now
		}
	}
	for id, now := range present {
		f := s.files[id]
		if f == nil {
			f = &file{id: id, size: now.size, skipSize: now.size, mtime: now.mtime, changed: s.now, opened: s.open}
			f.skip = s.skipping && s.unseenBefore(now.path)
			s.files[id] = f
			more = true
		}
		if f.call(now) {
			// Who writes to it may not know yet.
			f.changed = s.now
		}
		if f.handle == nil {
			f.refresh(now.size, now.mtime, s.now)
		}
	}
	for id, f := range s.files {
		if _, ok := present[id]; !ok && !f.gone && !s.seen.blind(f.path) {
			// Silence counts from now: it may be on its way to another name.
			f.gone, f.changed = true, s.now
			s.log(ctx, slog.LevelDebug, "a file is gone", "file", f.path)
		}
	}
	s.remember()
	return more || s.seen.moved
}

// inTheMaking reports whether a file is what a backup is being compressed to:
// while that lasts both are there.
func inTheMaking(path string, names map[string]bool) bool {
	original, compressed := strings.CutSuffix(path, gzipSuffix)
	_, backup := logOf(filepath.Base(original))
	return compressed && backup && names[original]
}

// call gives a file the name that it was found under, and reports whether it
// had another.
func (f *file) call(now found) bool {
	f.gone, f.symlink = false, now.symlink
	if f.path == now.path {
		return false
	}
	f.path = now.path
	dir, name := filepath.Split(now.path)
	log, rotated := logOf(name)
	f.log, f.rotated = dir+log, rotated
	if f.stream != nil {
		f.stream.place.name = name
	}
	return true
}

// unseenBefore reports whether a file that is found for the first time may have
// been there when the source started.
func (s *Source) unseenBefore(path string) bool {
	return s.unseen == nil || s.unseen[path] || s.unseen[filepath.Dir(path)]
}

// remember notes which paths nobody has been able to look at since the start.
func (s *Source) remember() {
	if s.unseen == nil {
		s.unseen = make(map[string]bool)
		for path := range s.seen.problems {
			s.unseen[path] = true
		}
		return
	}
	for path := range s.unseen {
		if s.seen.problems[path] == nil {
			delete(s.unseen, path)
		}
	}
}

// checkAll finds out which files have changed, and how those begin that are
// new. It comes before any of them is given a content: one may have to let go
// of it first. It reports whether one was not found where it had just been.
func (s *Source) checkAll(ctx context.Context) (moved bool) {
	for _, f := range s.files {
		if f.trouble.waits(s.now) {
			continue
		}
		err := s.check(ctx, f)
		switch {
		case errors.Is(err, errReplaced), errors.Is(err, fs.ErrNotExist):
			moved = moved || !f.gone
		case err != nil:
			s.fail(f, err)
		}
		s.limit(f)
	}
	return moved
}

func (s *Source) check(ctx context.Context, f *file) error {
	if f.handle != nil {
		info, err := f.handle.Stat()
		if err != nil {
			return err
		}
		f.refresh(info.Size(), info.ModTime(), s.now)
	}
	if !f.looked {
		kept, err := f.check()
		if err != nil {
			return err
		}
		if !kept {
			s.log(ctx, slog.LevelInfo, "a file was truncated or written anew: reading it from its beginning", "file", f.path)
		}
		if f.stream != nil {
			f.trouble = trouble{}
		}
	}
	if f.known() || f.settled {
		return nil
	}
	return s.sniff(ctx, f)
}

// sniff finds out how a file begins.
func (s *Source) sniff(ctx context.Context, f *file) error {
	whole := s.superseded(f) && s.quiet(f, quietAfter)
	if f.atEnd && !whole {
		return nil
	}
	if err := f.open(); err != nil {
		return err
	}
	f.trouble = trouble{}
	err := errNoHead
	if f.body != nil {
		err = f.head.find(f.body, whole || !f.isPlain())
	}
	switch {
	case err == nil:
		f.atEnd = false
	case errors.Is(err, errBusy):
	case errors.Is(err, errDamaged):
		f.settled = true
		s.log(ctx, slog.LevelWarn, "a compressed file is damaged: nothing of it can be read", "file", f.path)
	case errors.Is(err, errNoHead), errors.Is(err, errTorn):
		// There is no line to be left out.
		f.atEnd, f.skip = true, false
	default:
		return err
	}
	return nil
}

// mark notes that there was a first start, even if there was no file, and what
// it left out. It is stored before anything is yielded: after a crash what came
// since the first start must not be taken for what was there before.
func (s *Source) mark(ctx context.Context) error {
	if s.started {
		return nil
	}
	s.skipped[sourceName] = "started"
	if !s.persist(ctx, "cannot store that the files were looked at; nothing is read until that is possible", func() error {
		return s.opts.Positions.Begin(ctx, s.skipped)
	}) {
		return ctx.Err()
	}
	s.started, s.skipped = true, nil
	return nil
}
