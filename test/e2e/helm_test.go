package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// builtHelm is the real Helm, of module test/helm, once it has been built.
var builtHelm helmBuild

type helmBuild struct {
	once sync.Once
	dir  string
	err  error
}

// path builds Helm at the first call. What it costs lies in the cache of the go
// command; only the linker runs every time.
func (b *helmBuild) path() (string, error) {
	b.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
		defer cancel()
		if b.dir, b.err = os.MkdirTemp("", "live-status-helm-"); b.err != nil {
			return
		}
		source := filepath.Join("..", "helm")
		list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", "helm.sh/helm/v4")
		list.Dir = source
		version, err := list.Output()
		if err != nil {
			b.err = fmt.Errorf("read the version of Helm: %w", err)
			return
		}
		// As a library it calls itself v4.3 and no more.
		stamp := "-s -w -X helm.sh/helm/v4/internal/version.version=" + strings.TrimSpace(string(version))
		build := exec.CommandContext(ctx, "go", "build", "-ldflags", stamp, "-o", filepath.Join(b.dir, "helm"), ".")
		build.Dir = source
		if out, err := build.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("build helm: %w\n%s", err, out)
		}
	})
	return filepath.Join(b.dir, "helm"), b.err
}

// remove removes what was built.
func (b *helmBuild) remove() error {
	if b.dir == "" {
		return nil
	}
	return os.RemoveAll(b.dir)
}

// helm runs the real Helm as one user.
type helm struct {
	binary, kubeconfig, namespace string
	home                          string
}

func newHelm(t testing.TB, c *controlplane.Cluster, namespace string) *helm {
	t.Helper()
	binary, err := builtHelm.path()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := c.KubeconfigFor("bob", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	return &helm{binary: binary, kubeconfig: kubeconfig, namespace: namespace, home: t.TempDir()}
}

// command prepares a command line of Helm.
func (h *helm) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, h.binary, append(args, "--kubeconfig", h.kubeconfig, "--namespace", h.namespace)...)
	cmd.Env = append(os.Environ(), "HOME="+h.home, "XDG_CONFIG_HOME="+h.home, "XDG_CACHE_HOME="+h.home, "XDG_DATA_HOME="+h.home)
	return cmd
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
