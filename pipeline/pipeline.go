package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/change"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/filter"
	"github.com/fluent-live/live-status/pipeline/kube"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/values"
	"github.com/fluent-live/live-status/pipeline/source/objects"
)

// Options are what a pipeline needs besides its configuration.
type Options struct {
	// Instance names this pipeline in records, logs and the cursor's lock.
	Instance string
	Version  string
	Logger   *slog.Logger
	// JSON makes Take return JSON Lines instead of Fluent Bit's msgpack.
	JSON bool
	// Settled is how long after Take the host is certain to have passed the
	// batch on: what Take returned is not committed earlier. Zero is for a host
	// that has passed it on before it calls again.
	Settled time.Duration

	// statusTime is the clock of the statuses; nil is time.Now.
	statusTime func() time.Time
	// replay is what is replayed; nil where the sources are those of the
	// configuration.
	replay *replay
}

// Pipeline is a running pipeline. Take and Close may be called from different
// goroutines.
type Pipeline struct {
	cfg    config.Config
	opts   Options
	cursor *cursor.Cursor
	// access is nil where only the audit trail is read, spool where no webhook
	// is.
	access  *kube.Access
	spool   *cursor.Spool
	sources []source
	// values is nil where no sensitive values are known.
	values *values.Store
	// forwarder is nil where a host takes the records, output where that is an input
	// plugin's or a command.
	forwarder *forwarder
	output    *output
	// exposition is nil where no metrics are served.
	exposition *exposition
	// permissions is nil where there is no access to a cluster.
	permissions *permissions
	// objects is nil where live objects are not watched.
	objects *objects.Source
	rules   []*ruleWatch
	pump    *pump
	outbox  *outbox
	commits *committer
	count   counters
	started time.Time

	stopSources, stopStages context.CancelFunc
	running, committing     sync.WaitGroup
	forwarding              sync.WaitGroup
	closing                 sync.Once
	closed                  error
}

// Start opens the cursor, checks what can be checked without the server and
// starts the sources. An error is a mistake in the configuration or the file
// system; a server that is down is none.
func Start(ctx context.Context, cfg config.Config, opts Options) (_ *Pipeline, err error) {
	opts.Instance = cmp.Or(cfg.InstanceName, opts.Instance)
	p := &Pipeline{cfg: cfg, opts: opts, outbox: newOutbox(cfg.BatchMaxBytes, opts.Settled), started: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.release())
		}
	}()
	salt, err := p.salt()
	if err != nil {
		return nil, err
	}
	redactor, err := p.newRedactor(ctx, salt)
	if err != nil {
		return nil, err
	}
	unredacted := opts.Logger
	opts.Logger = redacting(opts.Logger, redactor)
	p.opts.Logger = opts.Logger
	cluster := cfg.ClusterName
	if cfg.Access() && opts.replay == nil {
		p.access, err = kube.Load(cfg.Kube, kube.Options{
			Logger: unredacted, Warnings: opts.Logger, UserAgent: "live-status/" + opts.Version, ClusterName: cfg.ClusterName, Now: time.Now,
		})
		if err != nil {
			return nil, err
		}
		cluster = p.access.ClusterName()
		p.permissions = p.newPermissions()
	}
	var names []byte
	if cfg.Cursor.Path != "" {
		if names, err = derived(salt, keyOfCursor); err != nil {
			return nil, err
		}
	}
	p.cursor, err = cursor.Open(ctx, cursor.Options{
		Key:  names,
		Path: cfg.Cursor.Path, Sync: cfg.Cursor.Sync, JournalMode: cfg.Cursor.JournalMode, Locking: cfg.Cursor.Locking,
		Holder: opts.Instance, Now: time.Now, Logger: opts.Logger,
	})
	if err != nil {
		return nil, err
	}
	if cfg.Cursor.Path == "" && opts.replay == nil {
		opts.Logger.Warn("no db is set: the cursor is kept in memory, and a restart reports again what was reported")
	}
	format := encode.AppendMsgpack
	if opts.JSON {
		format = appendJSONLine
	}
	p.commits = &committer{store: p.cursor, outbox: p.outbox, count: &p.count, logger: opts.Logger}
	p.pump = &pump{
		items: make(chan []event.Item, batchQueue), objects: make(chan decoded, batchQueue), hold: hold{wait: cfg.Applications.Wait},
		events: dedup.New(p.cursor), redactor: redactor,
		audits: audits{
			filter:  filter.New(filter.Options(cfg.Audit.Filter)),
			window:  dedup.NewWindow(dedup.WindowOptions{Span: auditSpan, Most: auditMost, Key: salt}),
			tracker: change.NewTracker(change.Options{}),
			bodies:  cfg.Audit.Bodies,
		},
		format: format, outbox: p.outbox, count: &p.count, logger: opts.Logger,
		cluster: cluster, retention: cfg.Events.Retention, salt: salt,
		selective: cfg.Events.LabelSelector != "" || cfg.Events.FieldSelector != "",
		status:    p.monitorRecord, every: cfg.MonitorInterval,
	}
	if cfg.Audit.Enabled() || cfg.Forward.To != "" {
		if err := p.loadWindow(ctx); err != nil {
			return nil, err
		}
	}
	switch {
	case opts.replay != nil:
		err = opts.replay.attach(ctx, p)
	case cfg.Objects.Enabled:
		err = p.addObjects(ctx)
	case cfg.Forward.To != "":
		err = p.addIndex()
	}
	if err != nil {
		return nil, err
	}
	if cfg.Redaction.ClusterSecrets {
		if err := p.addSecrets(ctx, unredacted); err != nil {
			return nil, err
		}
	}
	if err := p.addSources(ctx); err != nil {
		return nil, err
	}
	if cfg.Forward.To != "" {
		if err := p.addOutput(cluster); err != nil {
			return nil, err
		}
	}
	if cfg.Metrics.Listen != "" && opts.replay == nil {
		if err := p.addExposition(ctx); err != nil {
			return nil, err
		}
	}
	p.start()
	return p, nil
}

// release closes what was opened, in the order in which it is needed.
func (p *Pipeline) release() error {
	var errs []error
	if p.exposition != nil {
		p.exposition.server.Close()
	}
	if p.output != nil {
		if err := p.output.close(); err != nil {
			errs = append(errs, err)
		}
	}
	if p.access != nil {
		p.access.Close()
	}
	if p.spool != nil {
		if err := p.spool.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close spool: %w", err))
		}
	}
	if p.cursor != nil {
		if err := p.cursor.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close cursor: %w", err))
		}
	}
	return errors.Join(errs...)
}

func appendJSONLine(dst []byte, r redact.Redacted) ([]byte, error) {
	dst, err := encode.AppendJSON(dst, r)
	if err != nil {
		return dst, err
	}
	return append(dst, '\n'), nil
}

// start runs the goroutines. Their contexts do not descend from Start's, which
// ends with the call; Close ends them.
func (p *Pipeline) start() {
	var sources, stages context.Context
	sources, p.stopSources = context.WithCancel(context.Background())
	stages, p.stopStages = context.WithCancel(context.Background())
	p.committing.Go(func() { crash.Run(func() { p.commits.run(stages) }) })
	if p.forwarder != nil {
		p.forwarding.Go(func() { crash.Run(func() { p.forwarder.run(stages) }) })
	}
	p.running.Go(func() { crash.Run(func() { p.pump.run(sources) }) })
	if s := p.pump.statuses; s != nil && p.opts.replay == nil {
		p.running.Go(func() { crash.Run(func() { s.run(sources, p.pump.heard, p.pump.YieldState) }) })
	}
	if p.exposition != nil {
		p.running.Go(func() { crash.Run(func() { p.exposition.server.Run(sources) }) })
	}
	if p.values != nil {
		p.running.Go(func() { crash.Run(func() { p.values.Run(sources) }) })
	}
	if p.permissions != nil {
		p.running.Go(func() { crash.Run(func() { p.permissions.run(sources) }) })
	}
	for _, src := range p.sources {
		p.running.Go(func() { crash.Run(func() { src.Run(sources) }) })
	}
}

// Take tells the pipeline that the host has the batch of the former Take, and
// returns the next: concatenated records in the host's encoding, or nil where
// there are none. It waits at most wait for the former batch to be committed and
// the next to be announced.
// The bytes may be used until the next call.
func (p *Pipeline) Take(wait time.Duration) []byte {
	p.outbox.accept(time.Now())
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		if done := p.outbox.wait(); done != nil {
			select {
			case <-done:
			case <-timer.C:
				return nil
			}
		}
		data := p.outbox.take(time.Now(), p.cfg.Interval)
		if data != nil || p.outbox.wait() == nil {
			return data
		}
	}
}

// Refuse says that what Take returned did not arrive: the next Take returns it
// again.
func (p *Pipeline) Refuse() { p.outbox.refuse() }

// Pause says that the host passes nothing on, even if it calls Take; Resume
// ends that.
func (p *Pipeline) Pause() { p.outbox.pause(time.Now()) }

// Resume says that the host passes on again what it takes.
func (p *Pipeline) Resume() { p.outbox.resume() }

// Stop stops the sources and adds a last monitor_status, if there are any. A host that goes on
// taking gets what is left; then it calls Close. A host that cannot does without
// Stop.
func (p *Pipeline) Stop() {
	p.stopSources()
	p.running.Wait()
	if p.cfg.MonitorInterval > 0 {
		// A full batch has no room for it, and nobody to wait for.
		now, cancel := context.WithCancel(context.Background())
		cancel()
		p.pump.monitor(now, event.PhaseStop)
	}
	p.outbox.drain()
}

// Close stops the sources, commits what the host is certain to have and closes
// the cursor. What the host may not have is read again at the next start. It
// may be called more than once; ctx bounds the last commit.
func (p *Pipeline) Close(ctx context.Context) error {
	p.closing.Do(func() { p.closed = p.close(ctx) })
	return p.closed
}

func (p *Pipeline) close(ctx context.Context) error {
	p.stopSources()
	p.forwardRest(ctx)
	p.stopStages()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.running.Wait()
		p.forwarding.Wait()
		p.committing.Wait()
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		// What was not committed is read again. The file stays locked until
		// the process ends, which is better than to close it under a writer.
		return fmt.Errorf("stop the stages: %w", ctx.Err())
	}

	left := p.outbox.settle(time.Now())
	p.commits.commit(ctx)
	p.outbox.rest()
	p.commits.commit(ctx)
	s := p.count.snapshot()
	p.opts.Logger.Info("stopped", "received", s.Received, "events", s.Events, "audits", s.Audits, "deployments", s.Deployments, "deduplicated", s.Deduplicated,
		"filtered", s.Filtered, "rejected", total(s.Rejected), "emitted", s.Emitted, "uncommitted", left)
	return p.release()
}

// forwardRest gives what is left to the downstream, as far as there is time: what
// came of chunks comes again, but not what was made of live objects.
func (p *Pipeline) forwardRest(ctx context.Context) {
	if p.forwarder == nil {
		return
	}
	rest, cancel := context.WithTimeout(ctx, restWithin)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Stop()
		p.forwarding.Wait()
	}()
	select {
	case <-done:
	case <-rest.Done():
	}
}

func total(counts map[string]int64) (sum int64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}
