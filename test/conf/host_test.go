package conf

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// runInHost starts a configuration with the output plugin in the plugin host, where
// that has its inputs. Of one with the input plugin it starts the inputs and looks for
// keys that they do not know: the outputs are Fluent Bit's.
func (c configuration) runInHost(t *testing.T, p *place) {
	t.Helper()
	if !strings.HasSuffix(c.file, ".yaml") {
		t.Skip("NOT RUN in the plugin host, which reads YAML alone")
	}
	inputs, _ := parsePipeline(t, p.text).names()
	for _, name := range inputs {
		if !slices.Contains([]string{"live_status", "tail"}, name) {
			t.Skipf("NOT RUN in the plugin host, which has no input %s", name)
		}
	}
	arrived := func() error { return nil }
	if c.prepare != nil {
		arrived = c.prepare(t, p)
	}
	// What the host has no use for, and says so.
	p.expected = append(p.expected, "service", "filters", "parsers", "means nothing to the plugin host")
	if !strings.Contains(p.text, "out_live_status.so") {
		cmd := exec.CommandContext(t.Context(), file(t, "build", "live-status-host"), "-c", p.config(t, c.file), "--check")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, line := range complaints(out, p.expected...) {
			t.Error(line)
		}
		return
	}
	// Parsers have no names there.
	p.text = strings.ReplaceAll(p.text, "parser: audit", "parser: json")
	c.follow(t, p, launch(t, file(t, "build", "live-status-host"), []string{"-c", p.config(t, c.file)}, p.path("out.jsonl"), p.path("host.log"), p.env...), arrived)
}
