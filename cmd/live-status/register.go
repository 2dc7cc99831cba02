package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-live/live-status/cmd/live-status/internal/register"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/kube"
)

const registerUsage = `usage:
  live-status register --secret NAME [--namespace NS] [--salt] [--from-file KEY=PATH ...]
                       [--remove KEY ...] [--label KEY=VALUE ...] [--adopt] [--OPTION ...]

Creates or updates the one Secret that an installation mounts: the salt of hashes, and
the credentials of what records are sent to. It may be run again and again: what is as
it should be is not written, and keys that are not named are left alone. No value is
ever printed. The plugin itself never writes to the cluster; this command is for the
Job that the chart removes once it is done, and for people.

  --secret         name of the Secret
  -n, --namespace  its namespace; within a pod that of the pod when not set
  --salt           make a random salt under the key salt, unless there is one; point
                   redact_salt_file at where it is mounted
  --from-file      a key and the file with its value, as it is; may be given again. All
                   values have 1 MiB at most
  --remove         a key that goes; may be given again
  --label          a label that is set; may be given again
  --adopt          take over a Secret without the label
                   app.kubernetes.io/managed-by=live-status
  --timeout        how long it may take (1m)
  -c, --config     a Fluent Bit configuration in YAML, of which the input live_status
                   is taken with ${VARIABLES} filled in, or a YAML map of options
  --input          which of several inputs: its alias, its tag, or its number from 1
  -p, --option     an option, key=value
  --OPTION         an option, by the flags below; a flag outweighs -p, and that -c

It needs a Role with get, create and update of secrets, get and update of this one
alone: resourceNames: [NAME].

exit codes:
  0  the Secret is as it should be
  1  it could not be read or written
  2  an argument, an option or a file is wrong

examples:
  live-status register --secret live-status --namespace monitoring --salt
  live-status register --secret live-status -n monitoring --from-file loki-password=pw.txt
  live-status register --secret live-status -n monitoring --remove loki-password

options:
`

// registerOptions are the plugin's options that say how to reach the API server.
func registerOptions() []config.Option {
	return slices.DeleteFunc(config.Options(), func(o config.Option) bool {
		switch o.Key {
		case "kube_config", "kube_context", "kube_url", "kube_ca_file", "kube_ca_path", "kube_token_file", "kube_token_ttl",
			"kube_client_cert_file", "kube_client_key_file", "kube_tls_verify", "kube_tls_server_name":
			return false
		}
		return true
	})
}

// registration are the arguments of register.
type registration struct {
	register.Plan
	files   map[string]string
	timeout time.Duration
}

func newRegisterCommand(s streams) *cobra.Command {
	var opts *options
	r := registration{files: map[string]string{}, Plan: register.Plan{Labels: map[string]string{}}}
	cmd := &cobra.Command{
		Use: "register", Short: "keep the Secret with the salt and credentials", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opts.unexpected(args); err != nil {
				return mistake{err}
			}
			options, err := opts.load()
			if err != nil {
				return mistake{err}
			}
			cfg, err := config.Parse(options.Map)
			if err != nil {
				return mistake{options.explain(err)}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			logger := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
			for _, w := range options.warnings {
				logger.Warn(w)
			}
			return r.run(ctx, cfg.Kube, s, logger)
		},
	}
	r.flags(s, cmd)
	all := registerOptions()
	opts = newOptions(s, cmd, all)
	describe(cmd, func() string { return registerUsage + optionUsage(all) })
	return cmd
}

func (r *registration) flags(s streams, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&r.Target.Name, "secret", "", "name of the Secret")
	flags.StringVarP(&r.Target.Namespace, "namespace", "n", "", "its namespace")
	flags.BoolVar(&r.Salt, "salt", false, "make a salt unless there is one")
	flags.BoolVar(&r.Adopt, "adopt", false, "take over a Secret of others")
	flags.DurationVar(&r.timeout, "timeout", time.Minute, "how long it may take")
	flags.Var(setter{"KEY=PATH", func(value string) error {
		key, path, err := register.ParseFile(value)
		if err != nil {
			return err
		}
		if _, ok := r.files[key]; ok {
			return fmt.Errorf("the key %s is named twice", key)
		}
		r.files[key] = path
		return nil
	}}, "from-file", "a key and the file with its value")
	flags.Var(setter{"KEY", func(value string) error {
		if !slices.Contains(r.Remove, value) {
			r.Remove = append(r.Remove, value)
		}
		return register.CheckKey(value)
	}}, "remove", "a key that goes")
	flags.Var(setter{"KEY=VALUE", func(value string) error {
		key, value, err := register.ParseLabel(value)
		r.Labels[key] = value
		return err
	}}, "label", "a label")
	completeNothing(s, cmd, "secret", "namespace", "remove", "label", "timeout")
	complete(s, cmd, "from-file", func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		how := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		if key, path, ok := strings.Cut(prefix, "="); ok {
			return filesAfter(key, path), how
		}
		return nil, how
	})
}

// run does what the arguments say.
func (r *registration) run(ctx context.Context, cluster config.Kube, s streams, logger *slog.Logger) error {
	if r.Target.Name == "" {
		return mistake{errors.New("no Secret is named: write --secret NAME")}
	}
	if r.timeout <= 0 {
		return mistake{errors.New("--timeout: write a time above 0, 1m for example")}
	}
	if r.Target.Namespace == "" {
		ns, err := ownNamespace(cluster)
		if err != nil {
			return mistake{err}
		}
		r.Target.Namespace = ns
	}
	var err error
	if r.Set, err = register.ReadFiles(r.files); err != nil {
		return mistake{err}
	}
	if err := r.Check(); err != nil {
		return mistake{err}
	}
	access, err := kube.Load(cluster, kube.Options{Logger: logger, UserAgent: "live-status/" + version + " register"})
	if err != nil {
		return mistake{err}
	}
	defer access.Close()
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	report, err := register.Run(ctx, access, r.Plan, register.Options{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, report)
	return err
}

// ownNamespace is that of the pod this runs in, which stands beside its token.
func ownNamespace(cluster config.Kube) (string, error) {
	none := errors.New("no namespace is named: write --namespace NS")
	if cluster.Kubeconfig != "" || cluster.Context != "" || cluster.URLSet {
		return "", none
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(cluster.TokenFile), "namespace"))
	if err != nil {
		return "", none
	}
	return strings.TrimSpace(string(data)), nil
}
