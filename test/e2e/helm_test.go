package e2e

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/helmcli"
)

// helm runs the real Helm as one user.
type helm struct{ cli helmcli.CLI }

func newHelm(t testing.TB, c *controlplane.Cluster, namespace string) *helm {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	binary, err := helmcli.Build(ctx)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := c.KubeconfigFor("bob", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	return &helm{helmcli.CLI{Binary: binary, Kubeconfig: kubeconfig, Namespace: namespace, Home: t.TempDir()}}
}

// command prepares a command line of Helm.
func (h *helm) command(ctx context.Context, args ...string) *exec.Cmd {
	return h.cli.Command(ctx, args...)
}

// run runs Helm and fails the test where it fails.
func (h *helm) run(ctx context.Context, t testing.TB, args ...string) {
	t.Helper()
	if out, err := h.command(ctx, args...).CombinedOutput(); err != nil {
		t.Errorf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// refuses runs Helm and fails the test where it succeeds.
func (h *helm) refuses(ctx context.Context, t testing.TB, args ...string) {
	t.Helper()
	if out, err := h.command(ctx, args...).CombinedOutput(); err == nil {
		t.Errorf("helm %s succeeded\n%s", strings.Join(args, " "), out)
	}
}

// revision is what Helm says of one revision of a release.
type revision struct {
	Revision   int    `json:"revision"`
	Status     string `json:"status"`
	Chart      string `json:"chart"`
	AppVersion string `json:"app_version"`
}

// history asks Helm for the revisions of a release.
func (h *helm) history(ctx context.Context, t testing.TB, release string) []revision {
	t.Helper()
	out, err := h.command(ctx, "history", release, "--max", "1000", "-o", "json").Output()
	if err != nil {
		t.Fatalf("helm history: %v", err)
	}
	var all []revision
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	return all
}
