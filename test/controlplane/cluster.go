package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// readyTimeout bounds the wait for one component; on a busy machine the API
// server needs up to 20 seconds.
const readyTimeout = 2 * time.Minute

// stopGrace is how long a component may take to end before it is killed, the same
// as a kubelet leaves to the API server.
const stopGrace = 30 * time.Second

// Cluster is a running control plane. Its methods may be called from several
// goroutines, except that starting, stopping and rotating exclude each other:
// they wait for one another.
type Cluster struct {
	opts     Options
	binary   string
	state    state
	report   *progress
	ports    ports
	clientCA *authority
	admin    keyPair
	failures chan error
	watchers sync.WaitGroup

	// lifecycle is held by whatever starts, stops or rotates.
	lifecycle sync.Mutex
	stopped   bool

	// guard protects what follows.
	guard     sync.Mutex
	processes map[string]*process
	servingCA *authority
	access    *access
}

// Start builds the control plane if necessary, starts it and returns once every
// component is ready. When ctx ends before that, or a component fails, all of
// them are stopped again and the error holds the end of the failed one's log.
// Once started, the cluster runs until Stop, whatever becomes of ctx.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	if opts.Nodes < 0 {
		return nil, fmt.Errorf("start control plane: nodes must not be negative, got %d", opts.Nodes)
	}
	binary, err := Build(ctx, opts)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		opts:   opts,
		binary: binary,
		report: newProgress(opts.Progress),
		// Room for one failure of each component: the watchers never block.
		failures:  make(chan error, 16),
		processes: map[string]*process{},
	}
	if c.state, err = newState(opts.StateDir); err != nil {
		return nil, err
	}
	start := time.Now()
	if err := c.bringUp(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start control plane: %w", err), c.Stop())
	}
	c.report.printf("control plane ready in %.1fs at %s", time.Since(start).Seconds(), c.URL())
	return c, nil
}

func (c *Cluster) bringUp(ctx context.Context) error {
	c.lifecycle.Lock()
	defer c.lifecycle.Unlock()
	var err error
	if c.ports, err = choosePorts(ctx); err != nil {
		return err
	}
	if err := c.createIdentities(); err != nil {
		return err
	}
	if err := c.startEtcd(ctx); err != nil {
		return err
	}
	if err := c.startAPIServer(ctx); err != nil {
		return err
	}
	return c.startOthers(ctx)
}

// startOthers starts what was asked for beside the API server, all at once
// because each of them takes seconds to become ready.
func (c *Cluster) startOthers(ctx context.Context) error {
	var waits []func() error
	if c.opts.ControllerManager {
		wait, err := c.startControllerManager(ctx)
		if err != nil {
			return err
		}
		waits = append(waits, wait)
	}
	if c.opts.Scheduler {
		wait, err := c.startScheduler(ctx)
		if err != nil {
			return err
		}
		waits = append(waits, wait)
	}
	if c.opts.Nodes > 0 {
		wait, err := c.startKwok(ctx)
		if err != nil {
			return err
		}
		waits = append(waits, wait)
	}
	for _, wait := range waits {
		if err := wait(); err != nil {
			return err
		}
	}
	return nil
}

// launch starts a component and watches for its unexpected end.
func (c *Cluster) launch(component string, args []string) (*process, error) {
	p, err := startProcess(c.binary, component, c.state.dir, c.LogFile(component), args)
	if err != nil {
		return nil, err
	}
	c.guard.Lock()
	c.processes[component] = p
	c.guard.Unlock()
	c.watchers.Go(func() {
		<-p.done
		if p.asked.Load() {
			return
		}
		select {
		case c.failures <- p.ended():
		default:
		}
	})
	return p, nil
}

// ready waits for a component, and says how long that took.
func (c *Cluster) ready(ctx context.Context, p *process, answers func(context.Context) error) error {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := p.waitReady(ctx, answers); err != nil {
		return err
	}
	c.report.printf("%s ready in %.1fs", p.name, time.Since(start).Seconds())
	return nil
}

// Failed yields an error for every component that ended without having been
// told to. A test that stops the API server through this package sees none.
func (c *Cluster) Failed() <-chan error { return c.failures }

// StopAPIServer ends the API server with the signal, normally SIGTERM or
// SIGKILL, and returns when it is gone. All else keeps running. After SIGTERM it
// ends open watches within a second; a kube-apiserver with default flags lets
// them go on until its end, which Options.APIServerFlags can restore with
// --shutdown-watch-termination-grace-period=0.
func (c *Cluster) StopAPIServer(how syscall.Signal) error {
	c.lifecycle.Lock()
	defer c.lifecycle.Unlock()
	return c.stopComponents(how, apiServer)
}

// StartAPIServer starts the API server again, on the same port with the same
// keys and flags, and returns when it is ready.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	c.lifecycle.Lock()
	defer c.lifecycle.Unlock()
	if c.stopped {
		return errors.New("start kube-apiserver: the cluster was stopped")
	}
	if p := c.process(apiServer); p != nil && p.running() {
		return errors.New("start kube-apiserver: it is running")
	}
	return c.startAPIServer(ctx)
}

// RestartAPIServer is StopAPIServer and StartAPIServer.
func (c *Cluster) RestartAPIServer(ctx context.Context, how syscall.Signal) error {
	if err := c.StopAPIServer(how); err != nil {
		return err
	}
	return c.StartAPIServer(ctx)
}

// Stop ends all components, in the order in which they depend on each other,
// and returns when none is left. It may be called more than once.
func (c *Cluster) Stop() error {
	c.lifecycle.Lock()
	defer c.lifecycle.Unlock()
	if c.stopped {
		return nil
	}
	c.stopped = true
	err := errors.Join(
		c.stopComponents(syscall.SIGTERM, kwok, scheduler, controllerManager),
		c.stopComponents(syscall.SIGTERM, apiServer),
		c.stopComponents(syscall.SIGTERM, etcd),
	)
	c.watchers.Wait()
	c.guard.Lock()
	if c.access != nil {
		c.access.close()
	}
	c.guard.Unlock()
	return errors.Join(err, c.state.remove())
}

// stopComponents stops those that run, at the same time.
func (c *Cluster) stopComponents(how os.Signal, components ...string) error {
	var group sync.WaitGroup
	errs := make([]error, len(components))
	for i, component := range components {
		p := c.process(component)
		if p == nil {
			continue
		}
		group.Go(func() { errs[i] = p.stop(how, stopGrace) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// process returns the latest process of a component, or nil.
func (c *Cluster) process(component string) *process {
	c.guard.Lock()
	defer c.guard.Unlock()
	return c.processes[component]
}
