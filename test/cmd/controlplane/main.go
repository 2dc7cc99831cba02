// Command controlplane runs a real Kubernetes control plane on this machine, with
// a sample application of which one part works and the other fails, for trying
// the project out without a cluster.
//
//	controlplane build
//	controlplane up [--kubeconfig-out FILE] [--state-dir DIR] [--nodes N] [--no-sample]
//
// up prints the path of a kubeconfig, as a line for a shell, once everything
// runs; it stays in the foreground until SIGINT or SIGTERM and then stops
// everything. Progress goes to standard error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/sample"
)

const usage = `usage:
  controlplane build             build the control plane into the cache and print its path
  controlplane up [flags]        run it until SIGINT or SIGTERM

flags of up:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	up := upCommand{stdout: stdout, stderr: stderr}
	flags := up.flags()
	if len(args) == 0 {
		flags.Usage()
		return 2
	}
	var err error
	switch args[0] {
	case "build":
		err = build(ctx, stdout, stderr)
	case "up":
		if err := flags.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
			return 0
		} else if err != nil {
			return 2
		}
		err = up.run(ctx)
	case "help", "-h", "--help":
		flags.SetOutput(stdout)
		flags.Usage()
		return 0
	default:
		_, _ = fmt.Fprintf(stderr, "controlplane: unknown command %q\n", args[0])
		flags.Usage()
		return 2
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "controlplane: %v\n", err)
		return 1
	}
	return 0
}

func build(ctx context.Context, stdout, stderr io.Writer) error {
	binary, err := controlplane.Build(ctx, controlplane.Options{Progress: stderr})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, binary)
	return err
}

type upCommand struct {
	stdout, stderr io.Writer

	kubeconfigOut string
	stateDir      string
	nodes         int
	noSample      bool
}

func (u *upCommand) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("controlplane up", flag.ContinueOnError)
	flags.SetOutput(u.stderr)
	flags.StringVar(&u.kubeconfigOut, "kubeconfig-out", "", "also write the kubeconfig to this `file`, once everything runs; it is removed at the end")
	flags.StringVar(&u.stateDir, "state-dir", "", "keep keys, data and logs in this new `folder`")
	flags.IntVar(&u.nodes, "nodes", 2, "how many fake nodes join")
	flags.BoolVar(&u.noSample, "no-sample", false, "start without the sample application")
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	return flags
}

func (u *upCommand) run(ctx context.Context) (err error) {
	cluster, err := controlplane.Start(ctx, controlplane.Options{
		Progress:          u.stderr,
		StateDir:          u.stateDir,
		ControllerManager: true,
		Scheduler:         true,
		Nodes:             u.nodes,
		// As real clusters do.
		CompactionInterval: 5 * time.Minute,
	})
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		// Being told to stop during the start is no failure.
		return nil
	}
	if err != nil {
		return err
	}
	defer func() {
		u.say("stopping the control plane")
		err = errors.Join(err, cluster.Stop())
	}()

	if !u.noSample {
		if err := sample.Apply(ctx, cluster); err != nil {
			return interrupted(ctx, err)
		}
		u.say("applied the sample application: deployment shop/web works, shop/checkout cannot pull its image")
	}
	if u.kubeconfigOut != "" {
		if err := copyKubeconfig(cluster.Kubeconfig(), u.kubeconfigOut); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.Remove(u.kubeconfigOut)) }()
	}
	if _, err := fmt.Fprintf(u.stdout, "export KUBECONFIG=%s\n", cluster.Kubeconfig()); err != nil {
		return fmt.Errorf("print the kubeconfig's path: %w", err)
	}

	select {
	case <-ctx.Done():
		return nil
	case err := <-cluster.Failed():
		return err
	}
}

func (u *upCommand) say(line string) { _, _ = fmt.Fprintln(u.stderr, line) }

// interrupted takes an error for none if it comes from being told to stop.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// copyKubeconfig lets the copy appear in one step: whoever waits for the file
// finds it whole.
func copyKubeconfig(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	temporary := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".new")
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	if err := os.Rename(temporary, to); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}
