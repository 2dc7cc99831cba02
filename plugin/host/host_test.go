// Package host_test compiles the plugin host and a plugin in C, runs one in
// the other and looks at what the plugin was called with and what the host
// printed. Where a Fluent Bit is installed the same calls are expected of it,
// which shows that the host does what it stands in for.
package host_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a condition is waited for: far longer than it takes,
// since the machine may be busy.
const patience = 60 * time.Second

// tools is what TestMain compiled.
var tools struct {
	dir    string
	host   string
	driver string
}

func TestMain(m *testing.M) {
	os.Exit(compileAndRun(m))
}

func compileAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "live-status-host")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	tools.dir = dir
	tools.host = filepath.Join(dir, "live-status-host")
	tools.driver = filepath.Join(dir, "driver")
	if err := compileAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// fixture is the file of a variant of the plugin in testdata/fixture.c.
func fixture(variant string) string {
	return filepath.Join(tools.dir, variant+".so")
}

func compileAll() error {
	sources, err := filepath.Glob("src/*.c")
	if err != nil {
		return err
	}
	if err := compile(tools.host, append(sources, "-ldl", "-lpthread")...); err != nil {
		return err
	}
	parts := []string{"testdata/driver.c", "-Isrc"}
	for _, name := range []string{"memory", "json", "jsonpack", "item", "msgpack", "match", "yaml", "yaml_lines", "yaml_scalar"} {
		parts = append(parts, "src/"+name+".c")
	}
	if err := compile(tools.driver, append(parts, "-lm")...); err != nil {
		return err
	}
	for variant, flags := range map[string][]string{
		"drain":       {"-pthread"},
		"drain-plain": {"-pthread", "-DNO_CTX"},
		"drain-none":  {"-DNO_FLUSH"},
	} {
		args := append([]string{"-shared", "-fPIC", "-Wl,-z,nodelete", "-Wall", "-Wextra", "-Wno-unused-function", "testdata/drain.c", "-o", fixture(variant)}, flags...)
		if err := cc(args...); err != nil {
			return err
		}
	}
	for variant, flags := range map[string][]string{
		"fixture": nil,
		"plain":   {"-DNO_CTX"},
		"bare":    {"-DNO_CTX", "-DNO_CLEANUP"},
		"other":   {`-DPLUGIN_NAME="other"`},
		"sink":    {`-DPLUGIN_NAME="sink"`, "-DPLUGIN_TYPE=2"},
	} {
		// nodelete: as Go's plugins are linked, which cannot be unloaded.
		args := append([]string{"-shared", "-fPIC", "-Wl,-z,nodelete", "-Wall", "-Wextra", "testdata/fixture.c", "-o", fixture(variant)}, flags...)
		if err := cc(args...); err != nil {
			return err
		}
	}
	return nil
}

// compile makes a program with the warnings that the host has to be free of.
// HOST_CFLAGS adds to them, such as -fsanitize=address,undefined.
func compile(program string, args ...string) error {
	flags := []string{"-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", program}
	flags = append(flags, strings.Fields(os.Getenv("HOST_CFLAGS"))...)
	return cc(append(flags, args...)...)
}

func cc(args ...string) error {
	compiler := os.Getenv("CC")
	if compiler == "" {
		compiler = "cc"
	}
	out, err := exec.Command(compiler, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("compile: %w\n%s", err, out)
	}
	return nil
}

// fluentBit is the Fluent Bit installed on this machine, or "".
func fluentBit(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("FLUENT_BIT"); path != "" {
		return path
	}
	if path, err := exec.LookPath("fluent-bit"); err == nil {
		return path
	}
	const packaged = "/opt/fluent-bit/bin/fluent-bit"
	if _, err := os.Stat(packaged); err == nil {
		return packaged
	}
	return ""
}

// eachHost runs a test in the plugin host and, where there is one, in Fluent
// Bit.
func eachHost(t *testing.T, test func(t *testing.T, program string)) {
	t.Helper()
	t.Run("plugin host", func(t *testing.T) { test(t, tools.host) })
	path := fluentBit(t)
	if path == "" {
		t.Log("ran in the plugin host only: no fluent-bit by FLUENT_BIT, on PATH or in /opt/fluent-bit/bin")
		return
	}
	t.Log("ran in the plugin host and in", path)
	t.Run("fluent-bit", func(t *testing.T) { test(t, path) })
}

// call is a line that the fixture wrote.
type call struct {
	millis int    // on the monotonic clock
	thread string // "main0" or the thread's number
	text   string
}

// process is a host under test.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	dir string
}

// result is what a host left behind when it ended.
type result struct {
	code   int
	stdout string
	stderr string
	calls  []call
}

// start runs a program with environment variables as NAME=value in front of
// its arguments.
func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir()}
	env := append(os.Environ(), "FIXTURE_LOG="+p.path("calls"), "TZ=UTC")
	for len(args) > 0 && isVariable(args[0]) {
		env = append(env, args[0])
		args = args[1:]
	}
	p.cmd = exec.CommandContext(t.Context(), program, args...)
	p.cmd.Env = env
	p.cmd.Stdout = p.create("stdout")
	p.cmd.Stderr = p.create("stderr")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func isVariable(arg string) bool {
	name, _, ok := strings.Cut(arg, "=")
	return ok && name != "" && strings.ToUpper(name) == name && !strings.HasPrefix(name, "-")
}

func (p *process) path(name string) string { return filepath.Join(p.dir, name) }

func (p *process) create(name string) *os.File {
	p.t.Helper()
	f, err := os.Create(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := f.Close(); err != nil {
			p.t.Error(err)
		}
	})
	return f
}

// read is a file of the process so far; empty when it is not there yet.
func (p *process) read(name string) string {
	p.t.Helper()
	data, err := os.ReadFile(p.path(name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	return string(data)
}

// await waits until a file of the process holds text count times.
func (p *process) await(name, text string, count int) {
	p.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for strings.Count(p.read(name), text) < count {
		select {
		case <-tick.C:
		case <-deadline:
			p.t.Fatalf("%q is not in %s %d times\nstdout:\n%s\nstderr:\n%s\ncalls:\n%s", text, name, count,
				p.read("stdout"), p.read("stderr"), p.read("calls"))
		}
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) wait() result {
	p.t.Helper()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	r := result{code: p.cmd.ProcessState.ExitCode(), stdout: p.read("stdout"), stderr: p.read("stderr")}
	for line := range strings.Lines(p.read("calls")) {
		r.calls = append(r.calls, parseCall(p.t, strings.TrimSuffix(line, "\n")))
	}
	if strings.Contains(r.stderr, "Sanitizer") || strings.Contains(r.stderr, "runtime error") {
		p.t.Errorf("a sanitizer complains:\n%s", r.stderr)
	}
	return r
}

// stop ends the process in order.
func (p *process) stop() result {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	return p.wait()
}

// run is start and wait, for what ends by itself.
func run(t *testing.T, args ...string) result {
	t.Helper()
	return start(t, tools.host, args...).wait()
}

func parseCall(t *testing.T, line string) call {
	t.Helper()
	fields := strings.SplitN(line, " ", 3)
	if len(fields) != 3 {
		t.Fatalf("call %q", line)
	}
	millis, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	return call{millis: millis, thread: fields[1], text: fields[2]}
}

// texts are the calls whose text begins with one of the prefixes, without the
// prefix-less rest.
func (r result) texts(prefixes ...string) []string {
	var out []string
	for _, c := range r.calls {
		for _, prefix := range prefixes {
			if strings.HasPrefix(c.text, prefix) {
				out = append(out, c.text)
				break
			}
		}
	}
	return out
}

// write puts a file into a folder of the test's and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lines are the lines of text that hold part.
func lines(text, part string) []string {
	var out []string
	for line := range bytes.Lines([]byte(text)) {
		if s := strings.TrimSuffix(string(line), "\n"); strings.Contains(s, part) {
			out = append(out, s)
		}
	}
	return out
}
