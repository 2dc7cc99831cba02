package helmcli

import (
	"context"
	"os"
	"os/exec"
)

// CLI is Helm as one user runs it.
type CLI struct {
	// Binary is the path that Build returns.
	Binary string
	// Kubeconfig is empty where no cluster is asked.
	Kubeconfig string
	Namespace  string
	// Home takes Helm's own files.
	Home string
}

// Command prepares a command line of Helm.
func (c CLI) Command(ctx context.Context, args ...string) *exec.Cmd {
	if c.Kubeconfig != "" {
		args = append(args, "--kubeconfig", c.Kubeconfig)
	}
	cmd := exec.CommandContext(ctx, c.Binary, append(args, "--namespace", c.Namespace)...)
	cmd.Env = append(os.Environ(), "HOME="+c.Home, "XDG_CONFIG_HOME="+c.Home, "XDG_CACHE_HOME="+c.Home, "XDG_DATA_HOME="+c.Home)
	return cmd
}
