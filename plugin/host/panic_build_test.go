package host_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// panicOverlay is a file for go build that puts other files in the place of some, so
// that each call of a plugin panics and the real one needs no way to be made to. Its
// exported functions and what recovers in them are the real ones.
var panicOverlay = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return "", err
	}
	bridge, stands := filepath.Join(root, "plugin", "bridge"), filepath.Join(root, "plugin", "host", "testdata", "panics")
	// The test's bridge runs no pipeline.
	replace := map[string]string{
		filepath.Join(bridge, "instance.go"):  "",
		filepath.Join(bridge, "output.go"):    filepath.Join(stands, "outputs.go"),
		filepath.Join(bridge, "instances.go"): filepath.Join(stands, "instances.go"),
	}
	for name, functions := range map[string]map[string]string{
		"flb.go":    {"Register": "register", "Unregister": "unregister", "Free": "cleanup"},
		"output.go": {"RegisterOutput": "register", "UnregisterOutput": "unregister"},
	} {
		glue := filepath.Join(root, "plugin", "internal", "flb", name)
		if replace[glue], err = plantCalls(glue, functions); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(tools.dir, "overlay.json")
	if err := os.WriteFile(path, overlay, 0o600); err != nil {
		return "", err
	}
	return path, compile(filepath.Join(tools.dir, "calls"), "testdata/calls.c", "-ldl")
})

// plantCalls writes a copy of a file with glue in which functions panic as calls.
func plantCalls(glue string, functions map[string]string) (string, error) {
	source, err := os.ReadFile(glue)
	if err != nil {
		return "", err
	}
	text := strings.Replace(string(source), "import (\n", "import (\n\t\"github.com/fluent-live/live-status/plugin/bridge\"\n", 1)
	for function, call := range functions {
		planted := regexp.MustCompile(`(?m)^func `+function+`\(.*\{`).ReplaceAllString(text, "$0 bridge.Planted(\""+call+"\");")
		if planted == text {
			return "", fmt.Errorf("%s has no function %s", glue, function)
		}
		text = planted
	}
	path := filepath.Join(tools.dir, "panics-"+filepath.Base(glue))
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// panickyPlugin is a plugin of this repository of which each call is to panic.
type panickyPlugin struct {
	name string
	// calls are those that do anything, by the name under which they recover.
	calls []string
	// says is how often each is expected to say so, where not once.
	says map[string]int
	// returns is what exported functions return then, where not 0.
	returns map[string]int

	build func() (string, error)
}

func newPanickyPlugin(name string, calls string, says, returns map[string]int) *panickyPlugin {
	return &panickyPlugin{
		name: name, calls: strings.Split(calls, ","), says: says, returns: returns,
		build: sync.OnceValues(func() (string, error) {
			overlay, err := panicOverlay()
			if err != nil {
				return "", err
			}
			plugin := filepath.Join(tools.dir, "panics-"+name+".so")
			build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-overlay", overlay, "-o", plugin, "./plugin/"+name)
			build.Dir = filepath.Join("..", "..")
			build.Env = append(os.Environ(), "CGO_ENABLED=1")
			if out, err := build.CombinedOutput(); err != nil {
				return "", fmt.Errorf("build the plugin that panics: %w\n%s", err, out)
			}
			return plugin, nil
		}),
	}
}

var (
	panickyInput = newPanickyPlugin("in_live_status", "register,init,collect,cleanup,pause,resume,exit,unregister", nil,
		map[string]int{"FLBPluginRegister": -1, "FLBPluginInit": -1, "FLBPluginInputCallbackCtx": -1})
	// Of an output the exit call is there twice, for hosts that know contexts and for
	// others. 2 is FLB_RETRY: Fluent Bit keeps the chunk.
	panickyOutput = newPanickyPlugin("out_live_status", "register,init,flush,exit,unregister", map[string]int{"exit": 2},
		map[string]int{"FLBPluginRegister": -1, "FLBPluginInit": -1, "FLBPluginFlushCtx": 2})
)
