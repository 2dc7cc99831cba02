package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/emit"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/source/recorded"
)

// ReplayOptions say what is replayed.
type ReplayOptions struct {
	Version string
	Logger  *slog.Logger
	// Audit, Events and Objects are files of audit logs, of events and of objects.
	Audit, Events, Objects []string
	// Stdin is what the name "-" stands for.
	Stdin io.Reader
	// Format appends a record to dst, or nothing where the record is not wanted.
	Format func(dst []byte, r redact.Redacted) ([]byte, error)
	// Progress is told how far the events and audit logs were read. Nil is nobody.
	Progress func(recorded.Progress)
}

// ReplaySummary is what came of a replay.
type ReplaySummary struct {
	Counters event.Counters
	// Late counts what was so much out of order that it could not be put in its place.
	Late int64
}

// The receipts of a replay: of what was recorded, and of the statuses.
const (
	readReceipt event.Receipt = iota + 1
	toldReceipt
)

// replay is the source of a replay. The objects of a dump stand for how the cluster
// was when the recording ended.
type replay struct {
	opts    ReplayOptions
	pipe    *Pipeline
	dump    *dump
	write   func([]byte) error
	settled chan event.Receipt
	// failed is why nothing more can be written.
	failed error
	// stop ends the replay.
	stop context.CancelFunc
}

// Replay drives what was recorded through the stages, the objects first and then
// events and audit events in the order of time, and last the statuses. It calls write
// with the records, one batch after the other. Nothing is asked of a cluster, and
// nothing remembered. Its error is a mistake of the configuration, a file that cannot
// be read, or write's.
func Replay(ctx context.Context, cfg config.Config, o ReplayOptions, write func(batch []byte) error) (ReplaySummary, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := &replay{opts: o, write: write, settled: make(chan event.Receipt, 2), stop: stop}
	stdin, err := r.keepStdin()
	if err != nil {
		return ReplaySummary{}, err
	}
	defer stdin()
	// What it would say of itself is not what was recorded, and there is no time to
	// wait for anything.
	cfg.MonitorInterval, cfg.Applications.Wait, cfg.Statuses.Settle, cfg.Statuses.Resync, cfg.Events.Retention = 0, 0, 0, 0, 0
	cfg.Cursor = config.Cursor{Sync: "off", JournalMode: "MEMORY"}
	r.dump = newDump()
	pipe, err := Start(ctx, cfg, Options{
		Instance: "replay", Version: o.Version, Logger: o.Logger, statusTime: r.dump.clock.now, replay: r,
	})
	if err != nil {
		return ReplaySummary{}, err
	}
	late, err := r.run(ctx)
	summary := ReplaySummary{Counters: pipe.count.snapshot(), Late: late}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	err = errors.Join(err, pipe.Close(closing))
	if r.failed != nil {
		err = r.failed
	}
	return summary, err
}

// closeWithin bounds the end of a replay, of which nothing is to be kept.
const closeWithin = 5 * time.Second

// attach makes the pipeline that of the replay.
func (r *replay) attach(ctx context.Context, p *Pipeline) error {
	r.pipe = p
	p.forwardTo(r, emit.FormatJSON)
	p.pump.format = r.opts.Format
	p.outbox.forgetful = true
	p.commits.settled = func(b *batch) {
		for _, receipt := range b.ended {
			r.settled <- receipt
		}
	}
	options, err := p.objectOptions(ctx)
	if err != nil {
		return err
	}
	r.dump.attach(options, p.pump)
	p.pump.unwatched = len(r.opts.Objects) == 0
	return nil
}

// Deliver implements downstream.
func (r *replay) Deliver(_ context.Context, b emit.Batch) ([]int, error) {
	if err := r.write(b.Data); err != nil {
		r.failed = err
		r.stop()
		return nil, err
	}
	return nil, nil
}

// run returns how many items came late.
func (r *replay) run(ctx context.Context) (late int64, err error) {
	if err := r.readObjects(ctx, r.dump.learn); err != nil {
		return 0, err
	}
	if err := r.dump.listed(ctx); err != nil {
		return 0, err
	}
	src, err := recorded.New(recorded.Options{
		Audit: r.opts.Audit, Events: r.opts.Events, Stdin: r.opts.Stdin, Sink: r.pipe.pump, Progress: r.opts.Progress,
		Logger: r.pipe.opts.Logger, MaxItem: r.pipe.cfg.Audit.MaxLine,
	})
	if err != nil {
		return 0, err
	}
	crash.Run(func() { src.Run(ctx) })
	// A file that ends in the midst does not keep what it had from being told.
	readErr := src.Err()
	if err := r.await(ctx, readReceipt); err != nil {
		return 0, errors.Join(readErr, err)
	}
	if err := r.tell(ctx); err != nil {
		return 0, errors.Join(readErr, err)
	}
	return src.Late(), errors.Join(readErr, r.await(ctx, toldReceipt))
}

// await waits until everything that was yielded before has been written.
func (r *replay) await(ctx context.Context, receipt event.Receipt) error {
	if err := r.pipe.pump.Yield(ctx, event.Item{Change: event.Progress, Receipt: receipt}); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case settled := <-r.settled:
			if settled == receipt {
				return nil
			}
		}
	}
}

// tell has the statuses told, as of the end of the recording.
func (r *replay) tell(ctx context.Context) error {
	s := r.pipe.pump.statuses
	if s == nil || len(r.opts.Objects) == 0 {
		return nil
	}
	r.dump.begin()
	if err := r.readObjects(ctx, r.dump.assess); err != nil {
		return err
	}
	r.dump.assessed()
	return s.finish(ctx, &r.dump.clock, r.pipe.pump.YieldState)
}

// readObjects has the dumps read once.
func (r *replay) readObjects(ctx context.Context, put func(ctx context.Context, raw []byte) error) error {
	if len(r.opts.Objects) == 0 {
		return nil
	}
	src, err := recorded.New(recorded.Options{
		Objects: r.opts.Objects, Sink: r.pipe.pump, Logger: r.pipe.opts.Logger, MaxItem: maxObject,
		Put: func(raw []byte) error { return put(ctx, raw) },
	})
	if err != nil {
		return err
	}
	crash.Run(func() { src.Run(ctx) })
	return src.Err()
}

// maxObject is more than etcd stores as one object, in bytes.
const maxObject = 8 << 20

// keepStdin writes standard input to a temporary file where objects are read from it,
// since these are read twice. Where files can be opened without a name it has none, so
// that nothing stays behind whatever happens. It is gone once the function returned was
// called.
func (r *replay) keepStdin() (remove func(), err error) {
	at := slices.Index(r.opts.Objects, "-")
	if at < 0 {
		return func() {}, nil
	}
	f, err := os.CreateTemp("", "live-status-objects-*")
	if err != nil {
		return nil, fmt.Errorf("keep standard input: %w", err)
	}
	name := f.Name()
	remove = func() {
		_ = f.Close()
		_ = os.Remove(name)
	}
	if runtime.GOOS == "linux" && os.Remove(name) == nil {
		name = fmt.Sprintf("/proc/self/fd/%d", f.Fd())
		remove = func() { _ = f.Close() }
	}
	if _, err := io.Copy(f, r.opts.Stdin); err != nil {
		remove()
		return nil, fmt.Errorf("keep standard input: %w", err)
	}
	r.opts.Objects = slices.Clone(r.opts.Objects)
	r.opts.Objects[at] = name
	return remove, nil
}
