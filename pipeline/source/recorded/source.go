package recorded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"

	"github.com/fluent-live/live-status/pipeline/event"
)

// sourceName is the name of this source in statuses and places.
const sourceName = "recorded"

// Sink takes what the source yields. YieldAll blocks while the sink is full,
// and owns the slice from then on. Its error ends the source's run, and is the
// context's unless the sink is broken.
type Sink interface {
	YieldAll(ctx context.Context, items []event.Item) error
}

// Options say what to read and how.
type Options struct {
	// Audit are audit logs: JSON Lines, bodies that an API server posted to a
	// webhook, or lines that have the audit event under the key log, as Fluent
	// Bit's tail writes them.
	Audit []string
	// Events are lists of core/v1 or events.k8s.io/v1 as JSON or YAML, watches, or
	// JSON Lines.
	Events []string
	// Objects are dumps of objects as JSON or YAML.
	Objects []string
	// Stdin is what the name "-" stands for, which may be given once.
	Stdin io.Reader

	Sink Sink
	// Put takes each object of the dumps, whole, before anything is yielded. It may
	// keep what it is given. Its error ends the run. Needed with Objects only.
	Put func(raw []byte) error
	// Progress is called by Run whenever it has read on; nil for nobody. It must
	// not block.
	Progress func(Progress)
	Logger   *slog.Logger

	// MaxItem is the longest audit event, event or object that is kept whole, in
	// bytes. Of a longer audit event its ends are yielded.
	MaxItem int
	Window  Window
}

// Window bounds what is kept to put items in order. Zero means the default.
type Window struct {
	// Items and Bytes are for one file: how many items are kept of it. Of what is
	// out of order by less nothing comes late.
	Items int
	Bytes int64
	// TotalBytes is for all files together, but for one item of each that is open.
	TotalBytes int64
	// Files is how many are read side by side.
	Files int
	// EventBytes is how much is kept of events that cannot be read twice before
	// they go to a temporary file.
	EventBytes int64
	// Events is how many events there may be in all files: their index is in memory.
	Events int
}

// The defaults of Window.
const (
	defaultItems      = 4096
	defaultBytes      = 16 << 20
	defaultTotalBytes = 48 << 20
	defaultFiles      = 64
	defaultEventBytes = 32 << 20
	defaultEvents     = 5_000_000
)

func (w Window) orDefaults() Window {
	if w.Items <= 0 {
		w.Items = defaultItems
	}
	if w.Bytes <= 0 {
		w.Bytes = defaultBytes
	}
	if w.TotalBytes <= 0 {
		w.TotalBytes = defaultTotalBytes
	}
	if w.Files <= 0 {
		w.Files = defaultFiles
	}
	if w.EventBytes <= 0 {
		w.EventBytes = defaultEventBytes
	}
	if w.Events <= 0 {
		w.Events = defaultEvents
	}
	return w
}

// Progress is how far a file was read, in bytes as they are stored. Total is 0
// where nobody knows, as with a pipe.
type Progress struct {
	File        string
	Read, Total int64
}

// Source reads recorded files once. Run it in one goroutine; the other methods
// may be called from any.
type Source struct {
	opts   Options
	inputs []*input
	late   atomic.Int64
	read   atomic.Int64
	done   chan struct{}

	mu    sync.Mutex
	state event.SourceState
	// errs are the failures so far; err is them and what ended the run.
	errs []error
}

// New returns a source, or an error that names the option which is wrong or the
// file that cannot be read. A pipe is not looked into.
func New(opts Options) (*Source, error) {
	switch {
	case opts.MaxItem <= 0 || opts.MaxItem > math.MaxInt32:
		return nil, fmt.Errorf("longest item %d: it must be greater than 0 and below 2 GiB", opts.MaxItem)
	case opts.Sink == nil && len(opts.Audit)+len(opts.Events) > 0:
		return nil, errors.New("audit logs or events: nobody takes them")
	case opts.Put == nil && len(opts.Objects) > 0:
		return nil, errors.New("objects: nobody takes them")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Progress == nil {
		opts.Progress = func(Progress) {}
	}
	opts.Window = opts.Window.orDefaults()
	s := &Source{opts: opts, done: make(chan struct{}), state: event.SourceStarting}
	if err := s.add(opts); err != nil {
		return nil, err
	}
	return s, nil
}

// add looks at the files.
func (s *Source) add(opts Options) error {
	stdin := false
	for _, group := range []struct {
		class class
		names []string
	}{{objectFile, opts.Objects}, {auditFile, opts.Audit}, {eventFile, opts.Events}} {
		for _, name := range group.names {
			in, err := newInput(name, group.class, opts.Stdin)
			if err != nil {
				return err
			}
			if in.stdin && stdin {
				return errors.New("standard input can be named once only")
			}
			stdin = stdin || in.stdin
			in.rank = len(s.inputs)
			s.inputs = append(s.inputs, in)
		}
	}
	return nil
}

// Run passes the objects on and then yields everything else, until that is done
// or ctx ends.
func (s *Source) Run(ctx context.Context) {
	defer close(s.done)
	s.enter(event.SourceReading)
	defer s.enter(event.SourceStopped)
	// What reads pipes ends with the run.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := s.run(ctx); err != nil {
		s.fail(err)
	}
}

func (s *Source) run(ctx context.Context) error {
	if err := s.objects(ctx); err != nil {
		return err
	}
	events, err := s.index(ctx)
	if err != nil {
		return err
	}
	defer events.close()
	return s.merge(ctx, events)
}

// of returns the files of a class, in the order in which they were named.
func (s *Source) of(c class) []*input {
	var of []*input
	for _, in := range s.inputs {
		if in.class == c {
			of = append(of, in)
		}
	}
	return of
}

// Done is closed once everything has been yielded, or the run has ended early.
func (s *Source) Done() <-chan struct{} { return s.done }

// Err returns what could not be read, one error per file, and what ended the run
// early. It quotes nothing of the files. It is complete once Done is closed.
func (s *Source) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.errs...)
}

func (s *Source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs = append(s.errs, err)
}

// Late returns how many items have come after a later one.
func (s *Source) Late() int64 { return s.late.Load() }

// Size returns how many bytes the files have together, as far as that is known.
func (s *Source) Size() int64 {
	var n int64
	for _, in := range s.inputs {
		n += in.size
	}
	return n
}

// Status returns what the source is doing now.
func (s *Source) Status() event.SourceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := event.SourceStatus{Name: sourceName, State: s.state, Behind: max(s.Size()-s.read.Load(), 0)}
	if n := len(s.errs); n > 0 {
		st.Error = s.errs[n-1].Error()
	}
	return st
}

func (s *Source) enter(state event.SourceState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}
