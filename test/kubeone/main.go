// Command kubeone is a small Kubernetes control plane in one binary: etcd, the
// API server, the controller manager, the scheduler, kubectl and kwok (which
// plays nodes and pods). Its first argument, or the name it is called by,
// chooses the component; everything after that is the component's own command
// line.
//
// It lies in a module of its own because Kubernetes as a library pins some 200
// modules to the versions of its release, which must not reach the project's
// own go.mod. Package controlplane builds and starts it.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	// CronJobs name time zones, and a bare machine has no zone files.
	_ "time/tzdata"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	kwoksignals "sigs.k8s.io/kwok/pkg/utils/signals"

	// The components register their JSON logs, their exec credential plugins
	// and their client metrics through imports of their own main packages,
	// which this one stands in for.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// component runs one program of the control plane. It reads os.Args, which is
// set as if the component had been called by its own name, and returns the
// exit code.
type component func() int

func components() map[string]component {
	return map[string]component{
		"etcd":                    runEtcd,
		"kube-apiserver":          cobraCommand(apiserver.NewAPIServerCommand),
		"kube-controller-manager": cobraCommand(kcm.NewControllerManagerCommand),
		"kube-scheduler":          cobraCommand(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
		"kubectl":                 runKubectl,
		"kwok":                    runKwok,
	}
}

func main() {
	all := components()
	args := os.Args
	run, found := all[filepath.Base(args[0])]
	if !found && len(args) > 1 {
		args = args[1:]
		run, found = all[args[0]]
	}
	if !found {
		names := slices.Sorted(maps.Keys(all))
		fmt.Fprintf(os.Stderr, "usage: kubeone COMPONENT [flags], where COMPONENT is one of: %s\n", strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Args = args
	os.Exit(run())
}

func cobraCommand(build func() *cobra.Command) component {
	return func() int { return cli.Run(build()) }
}

func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
}

func runKubectl() int {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		// Prints the error in kubectl's own way and ends the process.
		kubectlutil.CheckErr(err)
		return 1
	}
	return 0
}

func runKwok() int {
	// Kubernetes' packages have put a --version of their own type into the
	// global flag set, which cobra would merge with the one kwok defines.
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ContinueOnError)

	// kwok reads --config before it builds its command, to have defaults for
	// the other flags, so this first pass must ignore everything else.
	early := pflag.NewFlagSet("kwok-early", pflag.ContinueOnError)
	early.ParseErrorsAllowlist.UnknownFlags = true
	early.Usage = func() {}

	ctx, logger := kwoklog.InitFlags(kwoksignals.SetupSignalContext(), early)
	ctx, err := kwokconfig.InitFlags(ctx, early)
	if err != nil {
		logger.Error("read kwok's configuration", "err", err)
		return 1
	}
	cmd := kwok.NewCommand(ctx)
	cmd.PersistentFlags().AddFlagSet(early)
	if err := cmd.ExecuteContext(ctx); err != nil {
		logger.Error("run kwok", "err", err)
		return 1
	}
	return 0
}
