package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

// Each script is taken by its shell, where that is there.
func TestCompletionScripts(t *testing.T) {
	for shell, check := range map[string][]string{
		"bash": {"bash", "-n"}, "zsh": {"zsh", "-n"}, "fish": {"fish", "--no-execute"}, "powershell": nil,
	} {
		t.Run(shell, func(t *testing.T) {
			var script, stderr bytes.Buffer
			if code := run(t.Context(), []string{"completion", shell}, strings.NewReader(""), &script, &stderr); code != 0 {
				t.Fatalf("exit code %d: %s", code, &stderr)
			}
			if !strings.Contains(script.String(), "__complete") || !strings.Contains(script.String(), "live-status") {
				t.Errorf("no script: %.100s", &script)
			}
			if check == nil {
				return
			}
			path, err := exec.LookPath(check[0])
			if err != nil {
				t.Skipf("no %s here", check[0])
			}
			cmd := exec.CommandContext(t.Context(), path, append(check[1:], "/dev/stdin")...)
			cmd.Stdin = &script
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// The values of what can be listed are completed.
func TestComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "conf/fluent-bit.yaml", []byte("pipeline: {inputs: [{name: live_status, tag: prod, alias: a}, {name: live_status, tag: test}]}"))
	const noFiles, noSpace, files = ":4", ":6", ":0"
	for _, tt := range []struct {
		args string
		want []string
		how  string
	}{
		{"re", []string{"replay", "redact"}, noFiles},
		{"help as", []string{"assess"}, noFiles},
		{"completion z", []string{"zsh"}, noFiles},
		{"run --db-jour", []string{"--db-journal-mode"}, noFiles},
		{"run --db-sync ", []string{"extra", "full", "normal", "off"}, noFiles},
		{"run --db-sync n", []string{"normal"}, noFiles},
		{"run --kube-events=", []string{"on", "off"}, noFiles},
		{"run -p db.s", []string{"db.sync="}, noSpace},
		{"run -p db.sync=f", []string{"db.sync=full"}, noFiles},
		{"run -p kube_config=co", []string{"kube_config=conf/"}, noSpace},
		{"run -p kube_config=conf/", []string{"kube_config=conf/fluent-bit.yaml"}, noSpace},
		{"run --kube-config ", nil, files},
		{"run -c ", nil, files},
		{"run -o ", nil, files},
		{"run --only ", []string{"event", "rejected"}, noSpace},
		{"run --only event,aud", []string{"event,audit"}, noSpace},
		{"run -c conf/fluent-bit.yaml --input ", []string{"a", "prod", "test"}, noFiles},
		{"run -c nowhere --input ", nil, noFiles},
		{"replay --audit ", nil, files},
		{"replay --audit x ", nil, files},
		{"replay -o ", []string{"table", "json", "jsonl"}, noFiles},
		{"replay --type event,", []string{"event,deployment"}, noSpace},
		{"replay -p redact_r", []string{"redact_rules_file="}, noSpace},
		{"replay --audit-bodies w", []string{"writes"}, noFiles},
		{"assess -f ", nil, files},
		{"assess -o t", []string{"table"}, noFiles},
		{"checkmk --piggyback ", []string{"off", "cluster", "namespace", "application"}, noFiles},
		{"checkmk --state out", []string{"out-of-sync="}, noSpace},
		{"checkmk --state out-of-sync=", []string{"out-of-sync=OK", "out-of-sync=UNKNOWN"}, noSpace},
		{"checkmk --token-file ", nil, files},
		{"redact --format ", []string{"auto", "jsonl"}, noFiles},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			args := append([]string{"__complete"}, strings.Split(tt.args, " ")...)
			if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 0 {
				t.Fatalf("exit code %d: %s", code, &stderr)
			}
			lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
			got := map[string]bool{}
			for _, line := range lines {
				word, _, _ := strings.Cut(line, "\t")
				got[word] = true
			}
			for _, want := range tt.want {
				if !got[want] {
					t.Errorf("%q is not offered: %s", want, &stdout)
				}
			}
			if tt.want == nil && len(lines) > 1 {
				t.Errorf("offered: %s", &stdout)
			}
			if how := lines[len(lines)-1]; how != tt.how {
				t.Errorf("directive %s, want %s", how, tt.how)
			}
		})
	}
}

// Each option is a flag and has a line in the usage.
func TestOptionFlags(t *testing.T) {
	root := newRoot(streams{})
	for name, options := range map[string][]config.Option{"run": config.Options(), "replay": config.ReplayOptions()} {
		cmd, _, err := root.Find([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		text := optionUsage(options)
		for _, o := range options {
			if f := cmd.Flags().Lookup(o.Key); f == nil || f.Name != flagOf(o.Key) {
				t.Errorf("%s: no flag for %s", name, o.Key)
			}
			if !strings.Contains(text, "  --"+flagOf(o.Key)) {
				t.Errorf("%s: no usage of %s", name, o.Key)
			}
		}
		for line := range strings.Lines(text) {
			if len(line) > 100 && len(strings.Fields(line)) > 2 {
				t.Errorf("%s: a line of %d bytes: %s", name, len(line), line)
			}
		}
	}
}
