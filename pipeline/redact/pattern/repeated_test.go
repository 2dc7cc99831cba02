package pattern_test

import (
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

// TestRepeatedFlags takes the first of two flags out as well: kubelets tell the
// command of a hook twice in one line.
func TestRepeatedFlags(t *testing.T) {
	rules, err := pattern.Load(pattern.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const password = "plumGrotto7x"
	text := "Exec lifecycle hook ([redis-cli -a " + password + " ping]) failed: command 'redis-cli -a " + password + " ping' exited with 137"
	if out, _ := rules.Replace(text, pattern.At{}, nil); strings.Contains(out, password) {
		t.Errorf("the password is in %q", out)
	}
}
