package chart

import (
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/test/fluentbit"
)

// nobody listens there.
const nobody = "127.0.0.1:1"

var complaint = regexp.MustCompile(`\[\s*(?:error|warn)\]`)

// What every profile configures is taken by whatever reads it.
func TestConfiguration(t *testing.T) {
	if fluentbit.Path() == "" {
		t.Log("NOT RUN in a real Fluent Bit: none was found")
	}
	has := fluentbit.Plugins(t)
	for _, profile := range profiles(t) {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			docs := render(t, profile, "monitoring")
			i := newInstance(t, docs)
			input := strings.Contains(i.config, "in_live_status.so")
			crt, _ := certificate(t)
			ca := filepath.Join(i.dir, "ca.crt")
			i.write(t, ca, string(crt))
			if input {
				i.reach(t, "https://"+nobody, ca, "token")
			}

			if input {
				// The output that cannot be opened ends it before anything starts, and
				// after all options were read.
				cmd := exec.CommandContext(t.Context(), command, "run", "-c", i.path, "-o", filepath.Join(i.dir, "nowhere", "x"))
				cmd.Env = i.env
				_, stderr, err := output(cmd)
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.HasPrefix(stderr, "live-status: -o: ") || strings.Count(stderr, "\n") != 1 {
					t.Errorf("live-status run: %v\n%s", err, stderr)
				}
			}

			if known := onlyKnownInputs(i.config); known {
				cmd := exec.CommandContext(t.Context(), pluginHost, "-c", i.path, "--check")
				cmd.Env = i.env
				stdout, stderr, err := output(cmd)
				if err != nil {
					t.Errorf("plugin host: %v\n%s%s", err, stdout, stderr)
				}
				for line := range strings.Lines(stderr) {
					// The plugin host has no use for some of what Fluent Bit reads, and
					// nothing listens where the API server should.
					if complaint.MatchString(line) && !unused(line) && !strings.Contains(line, nobody) && !strings.Contains(line, "retry_in=") {
						t.Errorf("plugin host: %s", line)
					}
				}
			} else {
				t.Log("NOT RUN in the plugin host, which has not all of the inputs")
			}

			if missing := lacks(i.config, has); missing != "" {
				t.Logf("NOT RUN in this Fluent Bit, which was built without %s", missing)
			} else if fluentbit.Path() != "" {
				cmd := exec.CommandContext(t.Context(), fluentbit.Path(), "-c", i.path, "--dry-run")
				cmd.Env = i.env
				stdout, stderr, err := output(cmd)
				if err != nil {
					t.Errorf("fluent-bit --dry-run: %v\n%s%s", err, stdout, stderr)
				}
				for line := range strings.Lines(stdout + stderr) {
					if complaint.MatchString(line) {
						t.Errorf("fluent-bit: %s", line)
					}
				}
			}
			if t.Failed() {
				t.Logf("the configuration:\n%s", i.config)
			}
		})
	}
}

// unused reports whether the plugin host says that it makes no use of something.
func unused(line string) bool {
	return strings.Contains(line, "means nothing to the plugin host") || strings.Contains(line, "filters are ignored")
}

// lacks names a plugin of a configuration that a Fluent Bit was built without.
func lacks(config string, has map[string]bool) string {
	for _, m := range namedPlugin.FindAllStringSubmatch(config, -1) {
		if has != nil && !has[m[1]] {
			return m[1]
		}
	}
	return ""
}

var namedPlugin = regexp.MustCompile(`(?m)^\s*(?:- )?name: (\S+)$`)

// onlyKnownInputs reports whether the plugin host has all inputs.
func onlyKnownInputs(config string) bool {
	_, inputs, _ := strings.Cut(config, "\n  inputs:")
	inputs, _, _ = strings.Cut(inputs, "\n  outputs:")
	inputs, _, _ = strings.Cut(inputs, "\n  filters:")
	for _, m := range namedPlugin.FindAllStringSubmatch(inputs, -1) {
		if m[1] != "live_status" && m[1] != "tail" {
			return false
		}
	}
	return true
}
