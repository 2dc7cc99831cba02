package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"time"
)

// process is one running component. Its end is known from Wait alone, never
// from looking for its number, which may be somebody else's by then.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd

	// asked is set before the process is told to end.
	asked atomic.Bool

	// done is closed once the process has ended and was reaped; exit may be read
	// from then on.
	done chan struct{}
	exit error
}

// startProcess runs the binary as the named component, with its output appended
// to a log file. The process leads a group of its own, so that Ctrl-C in the
// caller's terminal does not reach it before Stop does.
func startProcess(binary, name, dir, log string, args []string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", name, err)
	}
	//nolint:noctx // A component ends by stop, not with the context of its start.
	cmd := exec.Command(binary, append([]string{name}, args...)...)
	cmd.Dir = dir
	cmd.Stdout = out
	cmd.Stderr = out
	cmd.SysProcAttr = childAttributes()

	p := &process{name: name, log: log, cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(out, started)
	if err := <-started; err != nil {
		<-p.done
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// run owns the process from start to end. It keeps its thread, because on Linux
// the signal that a child gets at its parent's death is sent when the thread
// ends that started it.
func (p *process) run(out *os.File, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	defer func() { _ = out.Close() }()

	if err := p.cmd.Start(); err != nil {
		p.exit = err
		started <- err
		return
	}
	started <- nil
	p.exit = p.cmd.Wait()
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// stop ends the process with the signal and returns when it is gone; one that
// does not go within the grace is killed. How it ended is not an error.
func (p *process) stop(signal os.Signal, grace time.Duration) error {
	p.asked.Store(true)
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-p.done:
		return nil
	case <-patience.C:
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	<-p.done
	return nil
}

// waitReady asks until ready returns nil, and gives up when ctx or the process
// ends. The error then holds the last answer and the end of the log.
func (p *process) waitReady(ctx context.Context, ready func(context.Context) error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.ended()
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w (last answer: %w); the end of %s:\n%s",
				p.name, ctx.Err(), err, p.log, p.logTail())
		case <-tick.C:
		}
	}
}

// ended describes a process that has gone without having been asked to.
func (p *process) ended() error {
	reason := "exit status 0"
	if p.exit != nil {
		reason = p.exit.Error()
	}
	return fmt.Errorf("%s ended (%s); the end of %s:\n%s", p.name, reason, p.log, p.logTail())
}

func (p *process) logTail() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return lastLines(content, 15)
}
