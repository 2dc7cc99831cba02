package conf

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a running Fluent Bit, or the plugin host.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
}

// launch starts Fluent Bit or what stands in for it. What it prints goes to one file,
// what it logs to another.
func launch(t *testing.T, program string, args []string, out, log string, env ...string) *process {
	t.Helper()
	p := &process{log: log, done: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for _, stream := range []struct {
		path string
		to   func(*os.File)
	}{
		{out, func(f *os.File) { p.cmd.Stdout = f }},
		{log, func(f *os.File) { p.cmd.Stderr = f }},
	} {
		f, err := os.OpenFile(stream.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
		stream.to(f)
	}
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
			lines := strings.Split(read(t, log), "\n")
			t.Logf("the end of the log:\n%s", strings.Join(lines[max(len(lines)-40, 0):], "\n"))
		}
	})
	return p
}

// ended reports whether the process has come to its end by itself.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// started reports whether all inputs and outputs are initialised: the engine
// logs its grace period then.
func (p *process) started(t *testing.T) bool {
	t.Helper()
	if p.ended() {
		t.Fatalf("%s ended at its start: %v", p.cmd.Path, p.err)
	}
	return strings.Contains(read(t, p.log), "[engine] Shutdown Grace Period")
}

// terminate asks the process to end, and waits until it has with code 0.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("terminate: %v", err)
	}
	select {
	case <-p.done:
	case <-time.After(2 * time.Minute):
		t.Fatal("Fluent Bit did not end within two minutes of SIGTERM")
	}
	if p.err != nil {
		t.Errorf("Fluent Bit ended badly: %v", p.err)
	}
}

var complaint = regexp.MustCompile(`\[\s*(?:error|warn)\]`)

// complaints are the lines of a log with errors and warnings, but for those
// that are expected.
func complaints(log []byte, expected ...string) []string {
	var out []string
next:
	for line := range bytes.Lines(log) {
		if !complaint.Match(line) {
			continue
		}
		// Said at each stop.
		for _, e := range append(expected, "service will shutdown in max") {
			if bytes.Contains(line, []byte(e)) {
				continue next
			}
		}
		out = append(out, strings.TrimSpace(string(line)))
	}
	return out
}
