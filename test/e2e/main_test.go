package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/fluentbit"
)

// What `make build` has built.
var (
	plugin     = built("in_live_status.so")
	pluginHost = built("live-status-host")
	command    = built("live-status")
)

func built(name string) string {
	path, err := filepath.Abs(filepath.Join("..", "..", "build", name))
	if err != nil {
		panic(err)
	}
	return path
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(prepareAndRun(m))
}

func prepareAndRun(m *testing.M) int {
	for _, file := range []string{plugin, pluginHost, command} {
		if _, err := os.Stat(file); err != nil {
			fmt.Fprintf(os.Stderr, "%v: run `make build` first\n", err)
			return 1
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 55*time.Minute)
	defer cancel()
	if _, err := controlplane.Build(ctx, controlplane.Options{Progress: os.Stderr}); err != nil {
		fmt.Fprintf(os.Stderr, "build the control plane: %v\n", err)
		return 1
	}
	if fluentbit.Path() == "" {
		fmt.Println("e2e: NO FLUENT BIT FOUND (FLUENT_BIT, PATH, /opt/fluent-bit/bin): only the plugin host runs")
	} else {
		fmt.Printf("e2e: hosts are %s and %s\n", pluginHost, fluentbit.Path())
	}
	return m.Run()
}

// cluster starts etcd and an API server for one test.
func cluster(t testing.TB) *controlplane.Cluster {
	t.Helper()
	return clusterWith(t, controlplane.Options{})
}

func clusterWith(t testing.TB, opts controlplane.Options) *controlplane.Cluster {
	t.Helper()
	c, err := controlplane.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Errorf("stop the control plane: %v", err)
		}
	})
	return c
}
