// Package fluentbit finds the real Fluent Bit of this machine for tests.
package fluentbit

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// Path returns where a real Fluent Bit is: what FLUENT_BIT names, else the one of
// PATH, else that of the vendor's package; empty where there is none.
func Path() string {
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

// Plugins names the plugins that it has, since builds differ, and ours; nil where
// there is no Fluent Bit.
func Plugins(t testing.TB) map[string]bool {
	t.Helper()
	if Path() == "" {
		return nil
	}
	help, err := exec.CommandContext(t.Context(), Path(), "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("list the plugins of Fluent Bit: %v", err)
	}
	out := map[string]bool{"live_status": true}
	for _, m := range helpEntry.FindAllSubmatch(help, -1) {
		out[string(m[1])] = true
	}
	return out
}
