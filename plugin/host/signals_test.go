package host_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func TestSecondSignalExitsAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, tools.host, "FIXTURE_HANG_EXIT=600", "-e", fixture("fixture"), "-i", "fixture", "--grace", "0")
	p.await("calls", "Tick", 1)
	p.signal(syscall.SIGINT)
	p.await("calls", "Exit", 1)
	p.signal(syscall.SIGTERM)
	if r := p.wait(); r.code != 1 || len(r.texts("Unregister")) != 0 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestSignalBeforeStart(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT} {
		p := start(t, tools.host, "-e", fixture("fixture"), "-i", "fixture")
		p.await("calls", "Init", 1)
		p.signal(s)
		if r := p.wait(); r.code != 0 || len(r.texts("Exit")) != 1 {
			t.Errorf("%v: exit code %d, calls %v", s, r.code, r.calls)
		}
	}
}

func TestReloadThatIsNotEnabled(t *testing.T) {
	t.Parallel()
	p := start(t, tools.host, "-e", fixture("fixture"), "-i", "fixture")
	p.await("calls", "PreRun hot=0", 1)
	p.signal(syscall.SIGHUP)
	p.await("stderr", "[reload] hot reloading is not enabled", 1)
	p.signal(syscall.SIGHUP)
	p.await("stderr", "[reload] hot reloading is not enabled", 2)
	if r := p.stop(); r.code != 0 || len(r.texts("Init")) != 1 {
		t.Errorf("exit code %d, calls %v", r.code, r.calls)
	}
}

// TestReloadOfBadConfiguration: what cannot be loaded leaves the old one
// running; what fails once the old one has ended, ends the host.
func TestReloadOfBadConfiguration(t *testing.T) {
	t.Parallel()
	config := func(input string) string {
		return fmt.Sprintf("plugins:\n  - %s\npipeline:\n  inputs:\n    - name: %s\n", fixture("fixture"), input)
	}
	path := write(t, "conf.yaml", config("fixture"))
	p := start(t, tools.host, "-c", path, "-Y")
	p.await("calls", "PreRun hot=1", 1)
	for i, input := range []string{"nosuch", "[a]"} {
		if err := os.WriteFile(path, []byte(config(input)), 0o600); err != nil {
			t.Fatal(err)
		}
		p.signal(syscall.SIGHUP)
		p.await("stderr", "Reloading is halted", i+1)
	}
	// The next tick shows that it still runs.
	p.await("calls", "Tick", strings.Count(p.read("calls"), "Tick")+1)
	if err := os.WriteFile(path, []byte(config("fixture\n      init: 0")), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	r := p.wait()
	if r.code != 1 || len(lines(r.stderr, "Reloading is aborted")) != 1 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	same(t, r.texts("PreRegister", "Init", "PreExit", "Unregister"), []string{
		"PreRegister hot=0", "Init id=- name=fixture coll_fd=0 remote=0",
		"PreRegister hot=1", "Unregister name=fixture",
		"PreRegister hot=1", "PreExit hot=1", "Unregister name=fixture",
		"Init id=- name=fixture coll_fd=0 remote=0", "Unregister name=fixture",
	})
}

func TestLogLines(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^\[\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}\.\d{3}\] \[( info| warn|error|debug|trace| help)\] \S`)
	p := start(t, tools.host, "-e", fixture("fixture"), "-i", "fixture", "-p", "id=a", "-p", "log=1", "-v", "-v", "--grace", "0.1")
	p.await("calls", "PreRun", 1)
	r := p.stop()
	first, rest, _ := strings.Cut(r.stderr, "\n")
	if !strings.Contains(first, "this is not Fluent Bit") {
		t.Errorf("first line %q", first)
	}
	for line := range strings.Lines(rest) {
		if !form.MatchString(line) {
			t.Errorf("line %q", line)
		}
	}
	if len(lines(rest, "] [ info] [fixture] hello a 42")) != 1 {
		t.Errorf("stderr:\n%s", r.stderr)
	}
	p = start(t, tools.host, "-e", fixture("fixture"), "-i", "fixture", "-p", "log=1", "-q", "--grace", "0")
	p.await("calls", "PreRun", 1)
	if r := p.stop(); r.stderr != "" {
		t.Errorf("stderr with -q: %q", r.stderr)
	}
	p = start(t, tools.host, "-e", fixture("fixture"), "-i", "fixture", "-p", "log=1", "-p", "log_level=error", "--grace", "0")
	p.await("calls", "PreRun", 1)
	if r := p.stop(); strings.Contains(r.stderr, "hello") {
		t.Errorf("stderr with log_level error: %s", r.stderr)
	}
}
