package auditfile

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// trouble is what keeps a file from being read, and when to try again.
type trouble struct {
	text  string
	until time.Time
	delay time.Duration
}

const (
	firstDelay = time.Second
	lastDelay  = 30 * time.Second
)

func (t *trouble) waits(now time.Time) bool { return t.text != "" && now.Before(t.until) }

// fail notes that a file could not be read. It is closed: after an error of
// its file system only a new descriptor may do.
func (s *Source) fail(f *file, err error) {
	t := &f.trouble
	t.delay = min(max(2*t.delay, firstDelay), lastDelay)
	t.until = s.now.Add(t.delay)
	t.text = advise(f.path, err).Error()
	f.looked = false
	if !f.gone {
		f.close()
	}
}

// troubles returns what is wrong now, by the path it concerns.
func (s *Source) troubles() map[string]string {
	all := make(map[string]string)
	for path, err := range s.seen.problems {
		all[path] = advise(path, err).Error()
	}
	for _, f := range s.files {
		if f.trouble.text != "" {
			all[f.path] = f.trouble.text
		}
	}
	if s.nothing() {
		all[s.opts.Path] = fmt.Sprintf("%s: nothing is there yet; check the path, the mount and the API server's --audit-log-path", s.opts.Path)
	}
	return all
}

// nothing reports whether the path names nothing, as far as one can see.
func (s *Source) nothing() bool { return len(s.files) == 0 && len(s.seen.problems) == 0 }

// complain logs what is newly wrong, and what is well again.
func (s *Source) complain(ctx context.Context, now map[string]string) {
	for _, path := range slices.Sorted(maps.Keys(now)) {
		if text := now[path]; s.told[path] != text {
			s.log(ctx, slog.LevelWarn, text)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.told)) {
		if _, ok := now[path]; !ok {
			s.log(ctx, slog.LevelInfo, "the trouble with a file is over", "file", path)
		}
	}
	s.told = now
}

func (s *Source) log(ctx context.Context, level slog.Level, text string, args ...any) {
	s.opts.Logger.Log(ctx, level, sourceName+": "+text, append([]any{"path", s.opts.Path}, args...)...)
}

// summary returns one of the troubles, and how many there are besides.
func summary(all map[string]string) string {
	paths := slices.Sorted(maps.Keys(all))
	switch len(paths) {
	case 0:
		return ""
	case 1:
		return all[paths[0]]
	}
	return fmt.Sprintf("%s (and %d more)", all[paths[0]], len(paths)-1)
}
