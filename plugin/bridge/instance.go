package bridge

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/fluent-live/live-status/pipeline"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/crash"
)

const (
	// takeWait bounds how long a collect call waits for the commit of the
	// batch before: at its end Fluent Bit joins the thread that calls, so no
	// call may take more than 200 ms.
	takeWait = 150 * time.Millisecond
	// settled is how long after a hand-over the engine has drained its ring
	// of batches: it does so every 250 ms, while it shuts down as well.
	settled = 350 * time.Millisecond
	// closeWithin bounds the last commit.
	closeWithin = 5 * time.Second
)

// Getter reads the configuration of an instance: it returns the value of a
// key, or the empty string where the key is not set.
type Getter = config.GetterFunc

// Instance is one configured input. The host calls Accepted and Collect from
// one thread; Close may come from another.
type Instance struct {
	pipe *pipeline.Pipeline
	log  *logger
}

// Open starts an instance. The error is a mistake to be mended by the user,
// one line for each; it has been logged to w.
func Open(get Getter, index int, version string, w io.Writer) (*Instance, error) {
	name := fmt.Sprintf("live_status.%d", index)
	log := newLogger(w, "input:live_status:"+name)
	cfg, err := config.Parse(get)
	if err != nil {
		log.Errors(err)
		return nil, err
	}
	pipe, err := start(cfg, name, version, log, settled)
	if err != nil {
		return nil, err
	}
	return &Instance{pipe: pipe, log: log}, nil
}

// start starts the pipeline of a plugin. Its error has been logged.
func start(cfg config.Config, name, version string, log *logger, settled time.Duration) (*pipeline.Pipeline, error) {
	log.level.Set(cfg.LogLevel)
	if !cfg.CoreDumps {
		if err := crash.DisableCoreDumps(); err != nil {
			log.Warn("core dumps cannot be turned off: they would hold what is not redacted", "error", err)
		}
	}
	pipe, err := pipeline.Start(context.Background(), cfg, pipeline.Options{
		Instance: name, Version: version, Logger: log.Logger, Settled: settled,
	})
	if err != nil {
		log.Errors(err)
		return nil, err
	}
	return pipe, nil
}

// Collect returns the next records as Fluent Bit's msgpack, or nil. Calling it
// says that the records of the call before have arrived, unless it comes sooner
// than the engine could have passed them on. The bytes may be used until the
// next call.
func (i *Instance) Collect() []byte { return i.pipe.Take(takeWait) }

// Refused says that what Collect returned could not be handed over. The next
// Collect returns it again.
func (i *Instance) Refused() { i.pipe.Refuse() }

// Pause says that the engine takes no more: its buffers are full, or it stops.
// An input that is paused may still be called.
func (i *Instance) Pause() { i.pipe.Pause() }

// Resume says that the engine takes again.
func (i *Instance) Resume() { i.pipe.Resume() }

// Close ends the instance. It is logged, not returned: the host has nobody to
// tell.
func (i *Instance) Close() { closeWithLog(i.pipe, i.log) }

func closeWithLog(pipe *pipeline.Pipeline, log *logger) {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	if err := pipe.Close(ctx); err != nil {
		log.Error("stop", "error", err)
	}
}
