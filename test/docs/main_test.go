package docs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/sample"
)

// TestMain is the test, or one of the programs that the documentation calls and that a
// machine may lack, by the name that it is called by.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "jq":
		os.Exit(jq(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	case "sqlite3":
		os.Exit(sqlite3(os.Args[1:], os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

// cluster starts a control plane in which the part of the sample that works is well.
func cluster(t *testing.T) *controlplane.Cluster {
	t.Helper()
	c, err := controlplane.Start(t.Context(), controlplane.Options{ControllerManager: true, Scheduler: true, Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Errorf("stop the control plane: %v", err)
		}
	})
	if err := sample.Apply(t.Context(), working{c}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Kubectl(t.Context(), nil, "rollout", "status", "-n", "shop", "deployment/web", "--timeout=2m"); err != nil {
		t.Fatal(err)
	}
	return c
}

// working leaves out the part of the sample that is to fail.
type working struct{ *controlplane.Cluster }

func (w working) Apply(ctx context.Context, manifests []byte) error {
	if contains(manifests, "does-not-exist") {
		return nil
	}
	return w.Cluster.Apply(ctx, manifests)
}

// kubectl returns the path of the program that is kubectl when it is called so.
func kubectl(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 45*time.Minute)
	defer cancel()
	path, err := controlplane.Build(ctx, controlplane.Options{Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func complain(to *os.File, err error) int {
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(to, "Error: %v\n", err)
	return 1
}
