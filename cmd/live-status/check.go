package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-live/live-status/pipeline"
	"github.com/fluent-live/live-status/pipeline/check"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/kube"
	"github.com/fluent-live/live-status/pipeline/permission"
)

const checkUsage = `usage:
  live-status check [-c FILE [--input INPUT]] [-p KEY=VALUE ...] [--OPTION VALUE ...]
                    [--skip CHECK,...] [--only CHECK,...] [--timeout 5s]
                    [--instance URL [--instance-ca-file FILE | --instance-insecure]]
                    [--format table|json]

Checks a target before, or while, it is monitored: whether the API server is reached
and is the right one, who this is there and what it may do, whether the audit trail
flows, whether what has to be written can be, and whether records would arrive. It
changes nothing, and sends no record. Below what is not well stands how to mend it;
docs/CHECK.md tells what each check asks.

  -c, --config     a Fluent Bit configuration in YAML, of which the input live_status
                   is taken, else the output; the hosts of its outputs are connected
                   to as well. Or a YAML map of options
  --input          which of several inputs: its alias, its tag, or its number from 1
  -p, --option     an option, key=value
  --OPTION         an option, by the flags below; a flag outweighs -p, and that -c
  --skip, --only   checks to leave out, or all that are made, separated by commas:
                   configuration, reach, tls, identity, permissions, versions, clock,
                   discovery, audit-file, audit-webhook, cursor, salt, redaction,
                   metrics, downstream, outputs, instance
  --timeout        how long each check may take (5s)
  --instance       asks a running instance, https://HOST:PORT, whether it is ready
  --instance-ca-file, --instance-insecure
                   what its certificate is signed by; take any certificate
  --format         table (default) or json

exit codes:
  0  all is well, but for warnings
  1  something failed
  2  an argument or the file is wrong

examples:
  live-status check
  live-status check -c /fluent-bit/etc/live-status.yaml
  live-status check --kube-config ~/.kube/config --skip cursor,salt
  live-status check --only instance --instance https://live-status:9465 --instance-insecure

options:
`

// maxTimeout is the longest that one check may be given.
const maxTimeout = 10 * time.Minute

// checkArguments are the arguments of check besides the options.
type checkArguments struct {
	skip, only checkNames
	timeout    time.Duration
	instance   check.Peer
	format     string
}

// checkNames are names of checks.
type checkNames []check.Name

func (n *checkNames) add(value string) error {
	for word := range strings.SplitSeq(value, ",") {
		name, err := check.ParseName(strings.TrimSpace(word))
		if err != nil {
			return fmt.Errorf("%q is no check: write some of %s", word, strings.Join(allChecks(), ", "))
		}
		*n = append(*n, name)
	}
	return nil
}

func allChecks() []string {
	var out []string
	for _, name := range check.Names() {
		out = append(out, string(name))
	}
	return out
}

// checkOptions are the options of both plugins.
func checkOptions() []config.Option {
	all := config.Options()
	for _, o := range config.OutputOptions() {
		if !slices.ContainsFunc(all, func(known config.Option) bool { return known.Key == o.Key }) {
			all = append(all, o)
		}
	}
	return all
}

func newCheckCommand(s streams) *cobra.Command {
	var opts *options
	a := checkArguments{timeout: check.DefaultTimeout, format: "table"}
	cmd := &cobra.Command{
		Use: "check", Short: "check a target, and tell how to mend it", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(opts.unexpected(args), a.check()); err != nil {
				return mistake{err}
			}
			return a.run(cmd.Context(), opts, s)
		},
	}
	flags := cmd.Flags()
	flags.Var(setter{"CHECK", a.skip.add}, "skip", "checks to leave out")
	flags.Var(setter{"CHECK", a.only.add}, "only", "checks to make")
	flags.DurationVar(&a.timeout, "timeout", check.DefaultTimeout, "how long each check may take")
	flags.StringVar(&a.instance.URL, "instance", "", "a running instance")
	flags.StringVar(&a.instance.CAFile, "instance-ca-file", "", "authorities of its certificate")
	flags.BoolVar(&a.instance.Insecure, "instance-insecure", false, "take any certificate")
	flags.StringVar(&a.format, "format", "table", "table or json")
	for _, flag := range []string{"skip", "only"} {
		completeList(s, cmd, flag, allChecks())
	}
	completeWords(s, cmd, "format", "table", "json")
	completeNothing(s, cmd, "timeout", "instance")
	all := checkOptions()
	opts = newOptions(s, cmd, all)
	describe(cmd, func() string { return checkUsage + optionUsage(all) })
	return cmd
}

func (a *checkArguments) check() error {
	switch {
	case a.format != "table" && a.format != "json":
		return fmt.Errorf("--format %q: write table or json", a.format)
	case a.timeout <= 0 || a.timeout > maxTimeout:
		return fmt.Errorf("--timeout %s: write a duration up to %s", a.timeout, maxTimeout)
	case a.instance.URL == "" && (a.instance.CAFile != "" || a.instance.Insecure):
		return errors.New("--instance-ca-file and --instance-insecure are of use with --instance only")
	case a.instance.URL == "" && slices.Contains(a.only, check.Instance):
		return errors.New("--only instance: write --instance https://HOST:PORT too")
	}
	return nil
}

// run makes the checks and prints what they found.
func (a *checkArguments) run(ctx context.Context, opts *options, s streams) error {
	t, err := loadTarget(opts, os.LookupEnv)
	if err != nil {
		return mistake{err}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	rows := check.Run(ctx, check.Options{
		Config: t.config, Mistakes: t.mistakes, Warnings: t.warnings, Unknown: t.unknown, Source: t.source, Outputs: t.outputs,
		FluentBit: fluentBitVersion, Rights: rights, Instance: a.instance, Version: version, Timeout: a.timeout, Skip: a.skip, Only: a.only,
	})
	if err := ctx.Err(); err != nil {
		return errors.New("ended by a signal")
	}
	write := checkTable
	if a.format == "json" {
		write = checkJSON
	}
	if err := write(s.out, rows); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if check.Worst(rows) == check.Failed {
		return errQuiet
	}
	return nil
}

// fluentBitVersion asks the Fluent Bit of this machine or image for its version.
func fluentBitVersion(ctx context.Context) string {
	names := []string{"/fluent-bit/bin/fluent-bit", "/opt/fluent-bit/bin/fluent-bit"}
	if found, err := exec.LookPath("fluent-bit"); err == nil {
		names = append([]string{found}, names...)
	}
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, name, "--version")
		cmd.WaitDelay = time.Second
		out, err := cmd.Output()
		line, _, _ := strings.Cut(string(out), "\n")
		if err == nil && strings.HasPrefix(line, "Fluent Bit") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// rights compares what the account may do with what the configuration needs.
func rights(ctx context.Context, access *kube.Access, cfg config.Config) (permission.Report, error) {
	return pipeline.CheckPermissions(ctx, access, cfg)
}
