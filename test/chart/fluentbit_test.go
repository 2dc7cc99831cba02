package chart

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// fluentBit returns the path of a real Fluent Bit, or nothing.
func fluentBit() string {
	if path := os.Getenv("FLUENT_BIT"); path != "" {
		return path
	}
	if path, err := exec.LookPath("fluent-bit"); err == nil {
		return path
	}
	const vendor = "/opt/fluent-bit/bin/fluent-bit"
	if _, err := os.Stat(vendor); err == nil {
		return vendor
	}
	return ""
}

var helpEntry = regexp.MustCompile(`(?m)^  ([a-z0-9_]+)\s`)

// builtIn names the plugins that the Fluent Bit has, since builds differ; nil where
// there is none.
func builtIn(t *testing.T) map[string]bool {
	t.Helper()
	if fluentBit() == "" {
		return nil
	}
	help, err := exec.CommandContext(t.Context(), fluentBit(), "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("list the plugins of Fluent Bit: %v", err)
	}
	out := map[string]bool{"live_status": true}
	for _, m := range helpEntry.FindAllSubmatch(help, -1) {
		out[string(m[1])] = true
	}
	return out
}
