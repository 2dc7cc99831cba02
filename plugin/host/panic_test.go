package host_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// panicCalls are the calls of the plugin that do anything, by the name under which
// they recover.
const panicCalls = "register,init,collect,cleanup,pause,resume,exit,unregister"

// panicking builds a plugin from the sources of the real one, its exported
// functions and what recovers in them included, in which each call panics. The
// compiler is given other files in place of some (go help build, -overlay), so that
// the real plugin needs no way to be made to panic.
var panicking = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return "", err
	}
	bridge, flb := filepath.Join(root, "plugin", "bridge"), filepath.Join(root, "plugin", "internal", "flb", "flb.go")
	glue, err := os.ReadFile(flb)
	if err != nil {
		return "", err
	}
	text := strings.Replace(string(glue), "import (\n", "import (\n\t\"github.com/fluent-live/live-status/plugin/bridge\"\n", 1)
	for function, call := range map[string]string{"Register": "register", "Unregister": "unregister", "Free": "cleanup"} {
		planted := regexp.MustCompile(`(?m)^func `+function+`\(.*\{`).ReplaceAllString(text, "$0 bridge.Planted(\""+call+"\");")
		if planted == text {
			return "", fmt.Errorf("%s has no function %s", flb, function)
		}
		text = planted
	}
	// The test's bridge runs no pipeline.
	replace := map[string]string{
		filepath.Join(bridge, "instance.go"):  "",
		filepath.Join(bridge, "output.go"):    "",
		filepath.Join(bridge, "instances.go"): filepath.Join(root, "plugin", "host", "testdata", "panics", "instances.go"),
		flb:                                   filepath.Join(tools.dir, "flb.go"),
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	for name, data := range map[string][]byte{"flb.go": []byte(text), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(tools.dir, name), data, 0o600); err != nil {
			return "", err
		}
	}
	plugin := filepath.Join(tools.dir, "panics.so")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-overlay", filepath.Join(tools.dir, "overlay.json"), "-o", plugin, "./plugin/in_live_status")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the plugin that panics: %w\n%s", err, out)
	}
	caller := filepath.Join(tools.dir, "calls")
	return plugin, compile(caller, "testdata/calls.c", "-ldl")
})

// planted is a plugin that panics, and what it panics with.
type planted struct {
	t       *testing.T
	plugin  string
	payload string
	file    string
}

func plant(t *testing.T) *planted {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a plugin")
	}
	plugin, err := panicking()
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
func exported(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "in_live_status", "main.go"))
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

// TestPanicInEachExport: each call that panics is logged and fails, nothing of what
// it handled is told, and the host goes on.
func TestPanicInEachExport(t *testing.T) {
	t.Parallel()
	p := plant(t)
	h := start(t, filepath.Join(tools.dir, "calls"), append(p.environment(panicCalls), p.plugin)...)
	r := h.wait()
	if r.code != 0 {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	p.wantNoPayload("stdout", r.stdout)
	p.wantNoPayload("stderr", r.stderr)
	acts := 0
	for name, does := range exported(t) {
		if does {
			acts++
		}
		if len(lines(r.stdout, name+" ")) != 1 {
			t.Errorf("%s was not called, or the host did not survive it:\n%s", name, r.stdout)
		}
	}
	calls := strings.Split(panicCalls, ",")
	if acts != len(calls) {
		t.Errorf("%d exported functions do something, %d panic", acts, len(calls))
	}
	for _, call := range calls {
		got := lines(r.stderr, "panic in "+call+": please report this")
		if len(got) != 1 || !strings.Contains(got[0], `panic="`) || !strings.Contains(got[0], "main.FLBPlugin") {
			t.Errorf("%s: logged %q", call, got)
		}
	}
	same(t, len(lines(r.stderr, "")), len(calls))
	for _, name := range []string{"FLBPluginRegister", "FLBPluginInit", "FLBPluginInputCallbackCtx"} {
		same(t, lines(r.stdout, name+" "), []string{name + " -1"})
	}
}

// TestPanicsInAHost runs the plugin that panics as Fluent Bit would.
func TestPanicsInAHost(t *testing.T) {
	t.Parallel()
	p := plant(t)
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

// TestNoCoreOfAHost ends a host by SIGABRT that may leave a core of any size, as an
// abort in Go code does with GOTRACEBACK=crash.
func TestNoCoreOfAHost(t *testing.T) {
	t.Parallel()
	p := plant(t)
	// cores are those that a host leaves.
	cores := func(env ...string) (found [][]byte, stderr string) {
		dir := t.TempDir()
		cmd := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -c unlimited && exec "$0" "$@"`,
			filepath.Join(tools.dir, "calls"), p.plugin, "abort")
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), p.environment("collect,exit")...), append(env, "GOTRACEBACK=crash")...)
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
