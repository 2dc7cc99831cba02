package chart

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/fluentbit"
	"github.com/fluent-live/live-status/test/helmcli"
)

// What is under test.
var (
	chartDir   = repository("charts", "live-status")
	inPlugin   = repository("build", "in_live_status.so")
	outPlugin  = repository("build", "out_live_status.so")
	pluginHost = repository("build", "live-status-host")
	command    = repository("build", "live-status")
)

// repository is the path of one of the repository's files.
func repository(elements ...string) string {
	path, err := filepath.Abs(filepath.Join(append([]string{"..", ".."}, elements...)...))
	if err != nil {
		panic(err)
	}
	return path
}

// shared is the control plane of all tests here, started by the first that asks.
var shared controlPlane

type controlPlane struct {
	once    sync.Once
	cluster *controlplane.Cluster
	err     error
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(prepareAndRun(m))
}

func prepareAndRun(m *testing.M) int {
	for _, file := range []string{inPlugin, outPlugin, pluginHost, command} {
		if _, err := os.Stat(file); err != nil {
			fmt.Fprintf(os.Stderr, "%v: run `make build` first\n", err)
			return 1
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 55*time.Minute)
	defer cancel()
	// What is built once on a machine must not count as the time of a test.
	if _, err := controlplane.Build(ctx, controlplane.Options{Progress: os.Stderr}); err != nil {
		fmt.Fprintf(os.Stderr, "build the control plane: %v\n", err)
		return 1
	}
	if _, err := helmcli.Build(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if fluentbit.Path() == "" {
		fmt.Println("chart: NO FLUENT BIT FOUND (FLUENT_BIT, PATH, /opt/fluent-bit/bin): only the plugin host runs")
	}
	code := m.Run()
	if shared.cluster != nil {
		if err := shared.cluster.Stop(); err != nil {
			fmt.Fprintf(os.Stderr, "stop the control plane: %v\n", err)
			return 1
		}
	}
	return code
}

// cluster is a control plane with a node for pods and one that is the control
// plane's.
func cluster(t *testing.T) *controlplane.Cluster {
	t.Helper()
	shared.once.Do(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		c, err := controlplane.Start(ctx, controlplane.Options{ControllerManager: true, Scheduler: true, Nodes: 2})
		if err != nil {
			shared.err = err
			return
		}
		shared.cluster = c
		shared.err = furnish(ctx, c)
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

// eventually waits until done says so; done returns what is still missing.
func eventually(t *testing.T, within time.Duration, what string, done func() (missing string)) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(within)
	for {
		missing := done()
		if missing == "" {
			return
		}
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("not within %s: %s: %s", within, what, missing)
		}
	}
}
