package pipeline

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/metrics"
)

// exposition shows the pipeline to those who scrape.
type exposition struct {
	*Pipeline
	server *metrics.Server
	// wasReady is set once everything was read once. An API server that goes away
	// later must not keep anybody from asking what there is to see.
	wasReady atomic.Bool
}

// addExposition begins to listen: an address that is taken is a mistake to be mended
// at the start.
func (p *Pipeline) addExposition(ctx context.Context) error {
	cfg := p.cfg.Metrics
	e := &exposition{Pipeline: p}
	options := metrics.Options{
		Listen: cfg.Listen, CertFile: cfg.CertFile, KeyFile: cfg.KeyFile, Objects: metrics.Objects(cfg.Objects), MaxSeries: cfg.MaxSeries,
		State: e, Clean: p.pump.redactor.Name, Ready: e.ready, Logger: p.opts.Logger, Now: time.Now,
	}
	if cfg.Auth {
		options.Auth = metrics.NewReviewer(p.access, time.Now)
	}
	var err error
	if e.server, err = metrics.New(ctx, options); err != nil {
		return err
	}
	p.exposition = e
	p.opts.Logger.Info("metrics: listening", "address", e.server.Addr().String(), "tls", cfg.CertFile != "", "auth", cfg.Auth, "objects", cfg.Objects)
	return nil
}

// MetricsAddress returns the address on which metrics are served; empty where they are
// not.
func (p *Pipeline) MetricsAddress() string {
	if p.exposition == nil {
		return ""
	}
	return p.exposition.server.Addr().String()
}

// Monitor implements metrics.State.
func (e *exposition) Monitor() metrics.Monitor {
	m := metrics.Monitor{
		MonitorStatus: e.monitorStatus(time.Now()), Cluster: e.pump.cluster, Started: e.started, Files: e.files(),
	}
	if e.objects != nil {
		m.Watches = e.objects.Watches()
	}
	if s := e.pump.statuses; s != nil {
		m.ObjectTransitions, m.ApplicationTransitions = s.tracker.Transitions()
	}
	return m
}

// Applications implements metrics.State.
func (e *exposition) Applications(yield func(event.ApplicationView) bool) {
	if s := e.pump.statuses; s != nil {
		s.tracker.Applications(yield)
	}
}

// Objects implements metrics.State.
func (e *exposition) Objects(yield func(event.ObjectView) bool) {
	if s := e.pump.statuses; s != nil {
		s.tracker.Objects(yield)
	}
}

// files returns the sizes of what the cursor keeps on disk, in bytes. What cannot be
// looked at is not told: those who write it tell what is wrong.
func (e *exposition) files() map[string]int64 {
	sizes := map[string]int64{}
	add := func(name, path string) {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			sizes[name] += info.Size()
		}
	}
	if path := e.cfg.Cursor.Path; path != "" {
		add("db", path)
		add("wal", path+"-wal")
	}
	if path := e.cfg.Audit.Webhook.SpoolFile; path != "" && e.spool != nil {
		add("spool", path)
		add("spool", path+"-wal")
	}
	return sizes
}

// What is not ready yet.
var (
	errObjectsUnlisted = errors.New("not all live objects have been listed yet")
	errSecretsUnread   = errors.New("the secrets of the cluster have not been read yet")
	errSourceStarting  = errors.New("not all sources have read what was there at the start")
)

// ready returns why not everything was read yet, or nil.
func (e *exposition) ready() error {
	if e.wasReady.Load() {
		return nil
	}
	if isOpen(e.pump.known) {
		return errSecretsUnread
	}
	if isOpen(e.pump.listed) {
		return errObjectsUnlisted
	}
	for _, src := range e.sources {
		switch src.Status().State {
		case event.SourceStarting, event.SourceListing, event.SourceBackingOff:
			return errSourceStarting
		case event.SourceWatching, event.SourceReading, event.SourceWaiting, event.SourceServing, event.SourceStopped:
		}
	}
	e.wasReady.Store(true)
	return nil
}

// isOpen reports whether a channel, if there is one, is yet to be closed.
func isOpen(c <-chan struct{}) bool {
	if c == nil {
		return false
	}
	select {
	case <-c:
		return false
	default:
		return true
	}
}
