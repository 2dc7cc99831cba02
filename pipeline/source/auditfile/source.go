package auditfile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Sink takes what the source yields. YieldAll blocks while the sink is full,
// and owns the slice from then on. Its error ends the source's run, and is the
// context's unless the sink is broken.
type Sink interface {
	YieldAll(ctx context.Context, items []event.Item) error
}

// Positions tells how far earlier runs have read.
type Positions interface {
	Positions(ctx context.Context, prefix event.Stream) (map[event.Stream]event.Position, error)
	// Begin stores, at a first start, where streams begin. What it returns nil
	// for outlives a crash.
	Begin(ctx context.Context, positions map[event.Stream]event.Position) error
	// Forget is called for streams of which nothing is left on disk; it need
	// not be done at once.
	Forget(ctx context.Context, streams []event.Stream) error
}

// Options say what to read and how.
type Options struct {
	// Path is a log, a directory of logs or a pattern of path/filepath.Match. A
	// log stands for its backups, too. Nothing needs to be there yet.
	Path string
	// FromTail leaves out what is there at the very first start.
	FromTail bool
	// MaxLine is the longest line that is yielded, in bytes without the line
	// end. It bounds the memory that is needed.
	MaxLine int
	// Poll is how often to look for more. Zero means DefaultPoll.
	Poll time.Duration

	Sink      Sink
	Positions Positions
	Logger    *slog.Logger
}

// DefaultPoll is how often the files are looked at.
const DefaultPoll = 250 * time.Millisecond

// Source reads the files of one path. Run it in one goroutine; Status may be
// called from any.
type Source struct {
	opts Options

	streams *catalog
	// started is set once there was a first start. skipping is set in the run
	// that is the first, if what it finds is not to be read.
	started, skipping bool
	// skipped is what a first start leaves out, until that is stored.
	skipped map[event.Stream]event.Position
	// seen is the last look at the path, files what is known of the files, in
	// no order, and newest the last of each log.
	seen   listing
	files  map[inode]*file
	newest map[string]*file
	// reading is the file of each log that was read last.
	reading map[string]*file
	// unseen are the paths, of directories or files, that nobody could look at
	// yet; nil before the first look.
	unseen map[string]bool
	// now is when the current pass began, and swept when the last sweep was.
	now, swept time.Time
	// open is how many files are open.
	open *int
	// lines is scratch space.
	lines []line
	// told is what was complained of, by path.
	told map[string]string

	mu     sync.Mutex
	status event.SourceStatus
}

// batchMax is how many items are yielded at once. Together with the chunk it
// bounds a batch in bytes.
const batchMax = 2048

// New returns a source, or an error that names the option which is wrong.
func New(opts Options) (*Source, error) {
	if opts.Path == "" || strings.ContainsRune(opts.Path, 0) {
		return nil, errors.New("audit path: it must name a file, a directory or a pattern")
	}
	if _, err := filepath.Match(opts.Path, ""); err != nil {
		return nil, fmt.Errorf("audit path %q: %w", opts.Path, err)
	}
	if opts.MaxLine <= 0 {
		return nil, fmt.Errorf("longest line %d: it must be greater than 0", opts.MaxLine)
	}
	if opts.Poll <= 0 {
		opts.Poll = DefaultPoll
	}
	return &Source{
		opts:    opts,
		files:   make(map[inode]*file),
		reading: make(map[string]*file),
		skipped: make(map[event.Stream]event.Position),
		lines:   make([]line, 0, batchMax),
		open:    new(int),
		status:  event.SourceStatus{Name: sourceName, Scope: opts.Path, State: event.SourceStarting},
	}, nil
}

// Status returns what the source is doing now.
func (s *Source) Status() event.SourceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *Source) update(f func(*event.SourceStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.status)
}

// Run reads until ctx ends. Whatever goes wrong with the files is logged and
// tried again.
func (s *Source) Run(ctx context.Context) {
	defer s.update(func(st *event.SourceStatus) { st.State = event.SourceStopped })
	defer s.closeAll()
	if !s.load(ctx) {
		return
	}
	for ctx.Err() == nil {
		more, err := s.pass(ctx)
		if err != nil {
			if ctx.Err() == nil {
				s.log(ctx, slog.LevelError, "stopped: nobody takes what is read", "error", err)
			}
			return
		}
		if !more {
			s.pause(ctx, s.opts.Poll)
		}
	}
}

func (s *Source) pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// load learns how far earlier runs have read. It reports false if ctx ended
// before.
func (s *Source) load(ctx context.Context) bool {
	return s.persist(ctx, "cannot learn how far the files were read; waiting until that is possible", func() error {
		stored, err := s.opts.Positions.Positions(ctx, sourceName)
		if err != nil {
			return err
		}
		s.streams = newCatalog()
		s.restore(ctx, stored)
		return nil
	})
}

// persist does something until it succeeds, and reports false if ctx ended
// before.
func (s *Source) persist(ctx context.Context, complaint string, do func() error) bool {
	said := false
	for ctx.Err() == nil {
		err := do()
		if err == nil {
			return true
		}
		if !said && ctx.Err() == nil {
			said = true
			s.log(ctx, slog.LevelError, complaint, "error", err)
			s.update(func(st *event.SourceStatus) { st.State, st.Error = event.SourceBackingOff, err.Error() })
		}
		s.pause(ctx, firstDelay)
	}
	return false
}

func (s *Source) restore(ctx context.Context, stored map[event.Stream]event.Position) {
	now := time.Now()
	s.started = len(stored) > 0
	s.skipping = s.opts.FromTail && !s.started
	for name, position := range stored {
		if !strings.HasPrefix(string(name), streamPrefix) {
			continue
		}
		if err := s.streams.load(name, position); err != nil {
			s.log(ctx, slog.LevelWarn, "a stored position cannot be understood: its file is read from the beginning",
				"stream", name, "error", err)
			continue
		}
		s.streams.byName[name].lost = now
	}
}

// pass looks at the files and reads what is new, for about as long as it may
// take until the next look. It reports whether there is more.
func (s *Source) pass(ctx context.Context) (bool, error) {
	s.now = time.Now()
	s.survey(ctx)
	if err := s.identify(ctx); err != nil {
		return false, err
	}
	if err := s.mark(ctx); err != nil {
		return false, err
	}
	logs := s.sorted()
	for {
		more := false
		for _, files := range logs {
			m, err := s.turn(ctx, files)
			if err != nil {
				return false, err
			}
			more = more || m
		}
		s.report()
		if !more || time.Since(s.now) >= s.opts.Poll {
			s.sweep(ctx)
			s.complain(ctx, s.troubles())
			s.report()
			return more, ctx.Err()
		}
	}
}

// report tells Status what is going on.
func (s *Source) report() {
	state := event.SourceWaiting
	if len(s.files) > 0 {
		state = event.SourceReading
	}
	trouble := summary(s.troubles())
	if trouble != "" && !s.nothing() {
		state = event.SourceBackingOff
	}
	var behind int64
	for _, f := range s.files {
		behind += f.behind()
	}
	s.update(func(st *event.SourceStatus) {
		st.State, st.Error, st.Behind = state, trouble, behind
	})
}

func (s *Source) closeAll() {
	for _, f := range s.files {
		f.close()
	}
}
