package chart

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a running host of the plugin.
type process struct {
	cmd      *exec.Cmd
	out, log string
	done     chan struct{}
	err      error
}

// start runs the configuration in a program that reads it as Fluent Bit does.
func (i *instance) start(t *testing.T, program string) *process {
	t.Helper()
	p := &process{out: filepath.Join(i.dir, "records.jsonl"), log: filepath.Join(i.dir, "host.log"), done: make(chan struct{})}
	p.cmd = exec.Command(program, "-c", i.path)
	p.cmd.Env = i.env
	p.cmd.Stdout, p.cmd.Stderr = appendTo(t, p.out), appendTo(t, p.log)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			lines := strings.Split(p.logged(t), "\n")
			t.Logf("the end of the log:\n%s", strings.Join(lines[max(len(lines)-40, 0):], "\n"))
		}
	})
	return p
}

func appendTo(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (p *process) mustRun(t *testing.T) {
	t.Helper()
	select {
	case <-p.done:
		t.Fatalf("%s ended by itself: %v", p.cmd.Path, p.err)
	default:
	}
}

// terminate asks the process to end, and waits until it has.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		t.Fatal("it did not end within a minute of SIGTERM")
	}
	if p.err != nil {
		t.Errorf("it ended badly: %v", p.err)
	}
}

func (p *process) logged(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// records are those that are printed so far; the last line may be half written.
func (p *process) records(t *testing.T) []record {
	t.Helper()
	data, err := os.ReadFile(p.out)
	if err != nil {
		t.Fatal(err)
	}
	var out []record
	for line := range strings.Lines(string(data)) {
		var r record
		if strings.HasPrefix(line, "{") && strings.HasSuffix(line, "\n") {
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(fmt.Errorf("a record is no JSON: %w: %s", err, line))
			}
			out = append(out, r)
		}
	}
	return out
}
