// Command try shows the plugin's records on the terminal: those of the cluster
// that KUBECONFIG or in-cluster credentials name, where that answers, else
// those of a control plane that it starts on this machine, with a sample
// application of which one part works and the other fails. Of its own control
// plane it shows the audit trail, too: the writes, but for those of Kubernetes
// itself.
//
// It runs the plugin in fluent-bit where that is installed, else in the plugin
// host. `make run` calls it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/sample"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "try:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "live-status-try-")
	if err != nil {
		return fmt.Errorf("create a folder for the cursor: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	if where := cluster(); where != "" {
		say("showing the events of %s (Ctrl-C ends)", where)
		var options []string
		if kubeconfig := os.Getenv(clientcmd.RecommendedConfigPathEnvVar); kubeconfig != "" {
			options = append(options, "kube_config="+kubeconfig)
		}
		return show(ctx, dir, options, nil)
	}
	say("no cluster answers (KUBECONFIG, in-cluster): starting one on this machine")
	policy, err := filepath.Abs(filepath.Join("..", "conf", "audit-policy.yaml"))
	if err != nil {
		return fmt.Errorf("find the audit policy: %w", err)
	}
	c, err := controlplane.Start(ctx, controlplane.Options{
		Progress: os.Stderr, ControllerManager: true, Scheduler: true, Nodes: 2, AuditPolicyFile: policy,
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	say("showing its events and who writes to it (Ctrl-C ends); try it: kubectl --kubeconfig %s scale -n shop deployment/web --replicas 1", c.Kubeconfig())
	options := []string{
		"kube_config=" + c.Kubeconfig(), "audit_path=" + c.AuditLog(),
		"audit_verbs=create,update,patch,delete*", "audit_users_exclude=system:*",
	}
	return show(ctx, dir, options, func() error { return sample.Apply(ctx, c) })
}

// cluster returns the address of the user's cluster if it answers.
func cluster() string {
	config, err := rest.InClusterConfig()
	if file := os.Getenv(clientcmd.RecommendedConfigPathEnvVar); file != "" {
		config, err = clientcmd.BuildConfigFromFlags("", file)
	}
	if err != nil {
		return ""
	}
	config.Timeout = 5 * time.Second
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return ""
	}
	if _, err := client.ServerVersion(); err != nil {
		say("%s does not answer: %v", config.Host, err)
		return ""
	}
	return config.Host
}

// show runs the plugin until ctx ends, and does then once it runs.
func show(ctx context.Context, dir string, options []string, then func() error) error {
	host, args, err := command(dir, options)
	if err != nil {
		return err
	}
	// The terminal's Ctrl-C is for us; the host is told with a signal of which
	// it makes an orderly end.
	cmd := exec.CommandContext(ctx, host, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", host, err)
	}
	if then != nil {
		if err := then(); err != nil && ctx.Err() == nil {
			return errors.Join(err, cmd.Cancel(), cmd.Wait())
		}
	}
	if err := cmd.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s ended: %w", host, err)
	}
	return nil
}

// command returns the host to run, and its arguments.
func command(dir string, options []string) (string, []string, error) {
	build, err := filepath.Abs(filepath.Join("..", "build"))
	if err != nil {
		return "", nil, fmt.Errorf("find the build folder: %w", err)
	}
	args := []string{"-e", filepath.Join(build, "in_live_status.so"), "-i", "live_status", "-p", "db=" + filepath.Join(dir, "cursor.db")}
	for _, option := range options {
		args = append(args, "-p", option)
	}
	for _, name := range []string{os.Getenv("FLUENT_BIT"), "fluent-bit", "/opt/fluent-bit/bin/fluent-bit"} {
		if path, err := exec.LookPath(name); err == nil {
			say("host: %s", path)
			return path, append([]string{"-f", "1", "-q"}, append(args, "-o", "stdout", "-p", "format=json_lines", "-p", "json_date_key=false", "-m", "*")...), nil
		}
	}
	path := filepath.Join(build, "live-status-host")
	say("host: %s (no fluent-bit is installed)", path)
	return path, args, nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "try: "+format+"\n", args...) }
