package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fluent-live/live-status/pipeline"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/source/recorded"
)

// replaying is one run of replay.
type replaying struct {
	o        *replayOptions
	cfg      config.Config
	s        streams
	now      func() time.Time
	progress *progress
	tally    tally

	mu sync.Mutex
	// begun is set once anything was read: what goes wrong before is a mistake in
	// what was named.
	begun bool
	// read is how much was, in bytes.
	read int64
}

func newReplay(o *replayOptions, cfg config.Config, s streams, now func() time.Time) *replaying {
	return &replaying{
		o: o, cfg: cfg, s: s, now: now, progress: newProgress(s.err, now),
		tally: tally{printed: map[event.Type]int64{}},
	}
}

func (r *replaying) run(ctx context.Context, warnings []string) error {
	stderr := r.progress.above(r.s.err)
	// The time that matters is that of the records.
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: r.cfg.LogLevel, ReplaceAttr: untimed}))
	for _, w := range warnings {
		logger.Warn(w)
	}
	noCoreDumps(r.cfg, logger)
	begin := r.now()
	out := r.o.output.printer(r.progress.above(r.s.out))
	summary, err := pipeline.Replay(ctx, r.cfg, pipeline.ReplayOptions{
		Version: version, Logger: logger,
		Audit: r.o.audit, Events: r.o.events, Objects: r.o.objects, Stdin: interruptible{ctx, r.s.in},
		Format: r.format, Progress: r.report,
	}, func(batch []byte) error { return unwritten(out.put(batch)) })
	if err == nil {
		err = unwritten(out.close())
	}
	r.progress.erase()
	begun, read := r.state()
	switch {
	case errors.Is(err, syscall.EPIPE):
		return errQuiet
	case errors.As(err, new(*writeError)):
		// Nobody knows what of the records has arrived.
		return err
	case err != nil && ctx.Err() != nil:
		err = errors.New("stopped by a signal: the rest was not replayed")
	case err != nil && !begun:
		return mistake{err}
	}
	if !r.o.quiet {
		r.tally.summary(stderr, summary, read, r.now().Sub(begin))
	}
	return err
}

// unwritten tells errors of the output from others.
func unwritten(err error) error {
	if err == nil {
		return nil
	}
	return &writeError{fmt.Errorf("write records: %w", err)}
}

// interruptible is an input of which a signal ends the reading, also where it waits.
type interruptible struct {
	ctx context.Context //nolint:containedctx // a Read is given none
	r   io.Reader
}

// Read implements io.Reader. What it still waits for after the end is lost.
func (i interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done, own := make(chan result, 1), make([]byte, len(p))
	go crash.Run(func() {
		n, err := i.r.Read(own)
		done <- result{n, err}
	})
	select {
	case <-i.ctx.Done():
		return 0, i.ctx.Err()
	case got := <-done:
		return copy(p, own[:got.n]), got.err
	}
}

// format appends a record if it is wanted.
func (r *replaying) format(dst []byte, clean redact.Redacted) ([]byte, error) {
	rec := clean.Fields()
	wanted := r.o.filter.wants(&rec)
	r.start()
	if !wanted {
		r.tally.count("")
		return dst, nil
	}
	out, err := r.o.output.appendLine(dst, clean)
	if err != nil {
		return dst, err
	}
	r.tally.count(rec.Type)
	return out, nil
}

func (r *replaying) report(at recorded.Progress) {
	r.mu.Lock()
	r.begun = r.begun || at.Read > 0
	r.read = max(r.read, at.Read)
	r.mu.Unlock()
	r.progress.report(at)
}

func (r *replaying) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = true
}

func (r *replaying) state() (begun bool, read int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.begun, r.read
}

// tally counts records.
type tally struct {
	mu      sync.Mutex
	printed map[event.Type]int64
	// left counts those that were not wanted.
	left int64
}

// count counts a record that is printed, or one that is not: it has no type here.
func (t *tally) count(of event.Type) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of == "" {
		t.left++
		return
	}
	t.printed[of]++
}

// summary says in a line what came of a replay.
func (t *tally) summary(to io.Writer, s pipeline.ReplaySummary, read int64, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := int64(0)
	for _, n := range t.printed {
		all += n
	}
	text := many(all, "record") + listed(t.printed)
	if t.left > 0 {
		text += fmt.Sprintf(" of %d", all+t.left)
	}
	if rejected := sum(s.Counters.Rejected); rejected > 0 {
		text += fmt.Sprintf("; rejected %d", rejected) + listed(s.Counters.Rejected)
	}
	if s.Late > 0 {
		text += fmt.Sprintf("; %d came too late to be put in order", s.Late)
	}
	text += fmt.Sprintf("; read %s in %s", size(read), took.Round(time.Millisecond))
	if took >= time.Second {
		text += fmt.Sprintf(", %s/s", size(int64(float64(read)/took.Seconds())))
	}
	// Who does not read standard error misses nothing else.
	_, _ = fmt.Fprintf(to, "live-status: %s\n", text)
}

// listed are numbers by their names, in parentheses.
func listed[K ~string](numbers map[K]int64) string {
	if len(numbers) == 0 {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, numbers[name]))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func sum(numbers map[string]int64) (all int64) {
	for _, n := range numbers {
		all += n
	}
	return all
}

func many(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
