package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	for _, tt := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"version", 0, "dev\n", ""},
		{"help", 0, usage, ""},
		{"walk", 2, "", `unknown command "walk"`},
		{"run --kube_config x", 2, "", `unexpected argument "--kube_config"`},
		{"run -p kube_config", 2, "", `"kube_config" is no key=value`},
		{"run -p kube_namspace=shop", 2, "", `did you mean "kube_namespace"?`},
		{"run -p nonsense=1", 2, "", `unknown key "nonsense"`},
		{"run -p kube_retention_time=soon", 2, "", `kube_retention_time "soon"`},
		{"run -p kube_config=/does/not/exist", 2, "", `kube_config "/does/not/exist"`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), strings.Fields(tt.args), &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if stdout.String() != tt.stdout || !strings.Contains(stderr.String(), tt.stderr) || (tt.stderr == "" && stderr.Len() > 0) {
				t.Errorf("stdout %q, stderr %q", &stdout, &stderr)
			}
		})
	}
}
