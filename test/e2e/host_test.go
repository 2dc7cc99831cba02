package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/fluentbit"
)

// host is a program that loads the plugin.
type host struct {
	name string
	real bool
}

// hosts are the programs to run each test in.
func hosts() []host {
	all := []host{{name: "plugin-host"}}
	if fluentbit.Path() != "" {
		all = append(all, host{name: "fluent-bit", real: true})
	}
	return all
}

// eachHost runs a test in every host.
func eachHost(t *testing.T, f func(t *testing.T, h host)) {
	for _, h := range hosts() {
		t.Run(h.name, func(t *testing.T) { f(t, h) })
	}
	if fluentbit.Path() == "" {
		t.Log("NOT RUN in a real Fluent Bit: none was found")
	}
}

// run is a configuration and where its records go. Several processes may run
// it one after the other.
type run struct {
	host host
	dir  string
	// inputs are the options of each live_status input.
	inputs []map[string]string
	// flush is how often the engine hands records to its outputs, in seconds.
	flush string
	out   string
	log   string
}

func newRun(t testing.TB, h host, inputs ...map[string]string) *run {
	t.Helper()
	dir := t.TempDir()
	r := &run{host: h, dir: dir, inputs: inputs, flush: "1", out: filepath.Join(dir, "records.jsonl"), log: filepath.Join(dir, "host.log")}
	r.configure(t)
	t.Cleanup(func() { r.explain(t) })
	return r
}

// configure writes the configuration that all hosts read.
func (r *run) configure(t testing.TB) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "service:\n  flush: %s\n  grace: 5\n  log_level: info\n  hot_reload: on\n  storage.path: %s\n", r.flush, filepath.Join(r.dir, "storage"))
	fmt.Fprintf(&b, "plugins:\n  - %s\npipeline:\n  inputs:\n", plugin)
	for _, input := range r.inputs {
		fmt.Fprintf(&b, "    - name: live_status\n      tag: live\n      storage.type: filesystem\n")
		for _, key := range slices.Sorted(maps.Keys(input)) {
			fmt.Fprintf(&b, "      %s: %q\n", key, input[key])
		}
	}
	b.WriteString("  outputs:\n    - name: stdout\n      match: '*'\n      format: json_lines\n      json_date_key: \"false\"\n")
	if err := os.WriteFile(r.config(), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r *run) config() string { return filepath.Join(r.dir, "config.yaml") }

// process is a running host.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// start starts the host; its records are appended to the run's.
func (r *run) start(t testing.TB) *process {
	t.Helper()
	return r.startWith(t, func(cmd *exec.Cmd) { cmd.Stdout = r.appendTo(t, r.out) })
}

// startWith starts the host after the command has been prepared.
func (r *run) startWith(t testing.TB, prepare func(*exec.Cmd)) *process {
	t.Helper()
	program, args := pluginHost, []string{"-c", r.config()}
	if r.host.real {
		program, args = fluentbit.Path(), []string{"-c", r.config(), "-Y"}
	}
	cmd := exec.Command(program, args...)
	cmd.Stderr = r.appendTo(t, r.log)
	prepare(cmd)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	t.Cleanup(p.kill)
	return p
}

// explain shows the end of the host's log when the test has failed.
func (r *run) explain(t testing.TB) {
	t.Helper()
	if !t.Failed() {
		return
	}
	data, err := os.ReadFile(r.log)
	if err != nil {
		t.Log(err)
		return
	}
	lines := strings.Split(string(data), "\n")
	t.Logf("the end of the host's log:\n%s", strings.Join(lines[max(len(lines)-40, 0):], "\n"))
}

func (r *run) appendTo(t testing.TB, path string) *os.File {
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

// kill ends the process without warning and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// terminate asks the process to end and waits until it has.
func (p *process) terminate(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("terminate: %v", err)
	}
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		t.Fatal("the host did not end within 30 s of SIGTERM")
	}
	if p.err != nil {
		t.Errorf("the host ended badly: %v", p.err)
	}
}

// wait waits for the process to end by itself and returns its exit code.
func (p *process) wait(t testing.TB, within time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(within):
		t.Fatalf("the host did not end within %s", within)
	}
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok {
		return exit.ExitCode()
	}
	if p.err != nil {
		t.Fatal(p.err)
	}
	return 0
}

// proc reads what the kernel says of the process.
func (p *process) proc(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// megabytes returns a field of /proc/PID/status such as VmRSS, VmHWM.
func (p *process) megabytes(t testing.TB, field string) float64 {
	t.Helper()
	for line := range bytes.Lines(p.proc(t, "status")) {
		f := strings.Fields(string(line))
		if len(f) >= 2 && f[0] == field+":" {
			kb, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb / 1024
		}
	}
	t.Fatalf("no %s in /proc status", field)
	return 0
}

// count returns the number of entries of a folder of /proc/PID: fd, task.
func (p *process) count(t testing.TB, folder string) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, folder))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// eventually waits until done says so.
func eventually(t testing.TB, within time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
