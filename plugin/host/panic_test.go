package host_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// planted is a plugin that panics, and what it panics with.
type planted struct {
	t       *testing.T
	plugin  string
	payload string
	file    string
}

func plant(t *testing.T, what *panickyPlugin) *planted {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a plugin")
	}
	plugin, err := what.build()
	if err != nil {
		t.Fatal(err)
	}
	payload := "s3cret-" + rand.Text()
	return &planted{t: t, plugin: plugin, payload: payload, file: write(t, "payload", payload)}
}

// environment is that of a host whose calls panic.
func (p *planted) environment(calls string) []string {
	return []string{"PANIC_IN=" + calls, "PANIC_PAYLOAD=" + p.file}
}

// wantNoPayload searches what a host printed for the payload, and for its bytes as
// a trace shows those of arguments.
func (p *planted) wantNoPayload(where, text string) {
	p.t.Helper()
	for _, form := range []string{p.payload, p.payload[7:], fmt.Sprintf("%x", p.payload[:4]), "s3cret"} {
		if strings.Contains(text, form) {
			p.t.Errorf("%s has the payload as %q:\n%s", where, form, text)
		}
	}
}

// exported are the functions that Fluent Bit can call, and whether they do
// anything.
func (p *panickyPlugin) exported(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", p.name, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^//export (\w+)\nfunc (\w+)\(.*\{(.*)$`).FindAllStringSubmatch(string(text), -1) {
		body := strings.TrimSpace(m[3])
		found[m[1]] = body != "}" && body != "return 0 }"
	}
	if want := strings.Count(string(text), "//export "); len(found) != want || want == 0 {
		t.Fatalf("%d exported functions, found %v", want, found)
	}
	return found
}

// eachPlugin runs a test with both of the plugins.
func eachPlugin(t *testing.T, test func(t *testing.T, what *panickyPlugin)) {
	t.Helper()
	for _, what := range []*panickyPlugin{panickyInput, panickyOutput} {
		t.Run(what.name, func(t *testing.T) {
			t.Parallel()
			test(t, what)
		})
	}
}

// TestPanicInEachExport: each call that panics is logged and fails, nothing of what
// it handled is told, and the host goes on.
func TestPanicInEachExport(t *testing.T) {
	t.Parallel()
	eachPlugin(t, func(t *testing.T, what *panickyPlugin) {
		p := plant(t, what)
		h := start(t, filepath.Join(tools.dir, "calls"), append(p.environment(strings.Join(what.calls, ",")), p.plugin)...)
		r := h.wait()
		if r.code != 0 {
			t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		p.wantNoPayload("stdout", r.stdout)
		p.wantNoPayload("stderr", r.stderr)
		acts, total := 0, 0
		for name, does := range what.exported(t) {
			if does {
				acts++
			}
			same(t, lines(r.stdout, name+" "), []string{fmt.Sprintf("%s %d", name, what.returns[name])})
		}
		for _, call := range what.calls {
			want := max(what.says[call], 1)
			total += want
			got := lines(r.stderr, "panic in "+call+": please report this")
			if len(got) != want || !strings.Contains(got[0], `panic="`) || !strings.Contains(got[0], "main.FLBPlugin") {
				t.Errorf("%s: logged %q", call, got)
			}
		}
		if acts != total {
			t.Errorf("%d exported functions do something, %d panic", acts, total)
		}
		same(t, len(lines(r.stderr, "")), total)
	})
}

// TestPanicsInAHost runs the input that panics as Fluent Bit would.
func TestPanicsInAHost(t *testing.T) {
	t.Parallel()
	p := plant(t, panickyInput)
	for _, calls := range []string{"register", "init"} {
		r := start(t, tools.host, append(p.environment(calls), "-e", p.plugin, "-i", "live_status")...).wait()
		if r.code != 1 || len(lines(r.stderr, "panic in "+calls)) != 1 {
			t.Errorf("%s: exit code %d\n%s", calls, r.code, r.stderr)
		}
		p.wantNoPayload(calls, r.stdout+r.stderr)
	}
	eachHost(t, func(t *testing.T, program string) {
		h := start(t, program, append(p.environment("collect,pause,exit,unregister"), "-e", p.plugin, "-i", "live_status", "-o", "stdout")...)
		// It is called again after it has failed.
		h.await("stderr", "panic in collect", 2)
		r := h.stop()
		if r.code != 0 || len(lines(r.stderr, "panic in exit")) != 1 || len(lines(r.stderr, "panic in pause")) == 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		p.wantNoPayload("the log", r.stdout+r.stderr)
	})
}

// chunked is a configuration in which the output is handed the payload.
func (p *planted) chunked(t *testing.T, workers int) string {
	t.Helper()
	return write(t, "conf.yaml", fmt.Sprintf(`service:
  flush: 0.2
  scheduler.base: 1
  scheduler.cap: 1
plugins:
  - %s
pipeline:
  inputs:
    - name: tail
      tag: apps
      path: %s
      read_from_head: on
  outputs:
    - name: live_status
      match: '*'
      retry_limit: no_limits
      workers: %d
`, p.plugin, write(t, "apps.log", p.payload+"\n"), workers))
}

// TestPanicsOfAnOutput: a flush that panics is a retry, so that the host keeps the
// chunk and comes again with all of it.
func TestPanicsOfAnOutput(t *testing.T) {
	t.Parallel()
	p := plant(t, panickyOutput)
	eachHost(t, func(t *testing.T, program string) {
		for _, calls := range []string{"register", "init"} {
			t.Run(calls, func(t *testing.T) {
				t.Parallel()
				r := start(t, program, append(p.environment(calls), "-c", p.chunked(t, 1))...).wait()
				if r.code == 0 || len(lines(r.stderr, "panic in "+calls)) != 1 {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
				p.wantNoPayload(calls, r.stdout+r.stderr)
			})
		}
		for _, workers := range []int{0, 2} {
			t.Run(fmt.Sprintf("flush with %d workers", workers), func(t *testing.T) {
				t.Parallel()
				h := start(t, program, append(p.environment("flush,exit,unregister"), "PANIC_FLUSHES=2", "-c", p.chunked(t, workers))...)
				h.await("stderr", "succeeded at retry 2", 1)
				r := h.stop()
				same(t, lines(r.stdout, "took "), []string{"took 1 of apps for 1"})
				for call, want := range map[string]int{"flush": 2, "exit": 1, "unregister": 1} {
					if got := len(lines(r.stderr, "panic in "+call)); got != want {
						t.Errorf("%d panics in %s, want %d\n%s", got, call, want, r.stderr)
					}
				}
				if r.code != 0 {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
				p.wantNoPayload("the log", r.stdout+r.stderr)
			})
		}
	})
}

// TestNoCoreOfAHost ends a host by SIGABRT that may leave a core of any size, as an
// abort in Go code does with GOTRACEBACK=crash.
func TestNoCoreOfAHost(t *testing.T) {
	t.Parallel()
	eachPlugin(t, noCore)
}

func noCore(t *testing.T, what *panickyPlugin) {
	t.Helper()
	p := plant(t, what)
	// cores are those that a host leaves.
	cores := func(env ...string) (found [][]byte, stderr string) {
		dir := t.TempDir()
		cmd := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -c unlimited && exec "$0" "$@"`,
			filepath.Join(tools.dir, "calls"), p.plugin, "abort")
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), p.environment("collect,flush,exit")...), append(env, "GOTRACEBACK=crash")...)
		var out bytes.Buffer
		cmd.Stderr = &out
		if err := cmd.Run(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGABRT {
			t.Fatalf("it did not abort: %v\n%s", err, &out)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, data)
		}
		return found, out.String()
	}
	with, stderr := cores("PANIC_CORES=1")
	p.wantNoPayload("the log of a crash", stderr)
	if len(with) != 1 || !bytes.Contains(with[0], []byte(p.payload)) {
		pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
		t.Skipf("no core is left here where one may be: core_pattern is %q, %v, the hard limit may be 0", pattern, err)
	}
	without, stderr := cores()
	if len(without) != 0 {
		t.Errorf("%d cores are left; the payload is in it: %v", len(without), bytes.Contains(without[0], []byte(p.payload)))
	}
	p.wantNoPayload("the log of a crash", stderr)
}
