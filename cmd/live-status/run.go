package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-live/live-status/pipeline"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/crash"
)

const runUsage = `usage:
  live-status run [-c FILE [--input INPUT]] [-p KEY=VALUE ...] [--OPTION VALUE ...]
                  [-o FILE] [--only TYPE,...]

Prints the records of a cluster as JSON Lines, as the plugin hands them to Fluent Bit,
until SIGINT or SIGTERM; then everything that was read is printed. Without options it
reads the events and objects of the cluster that KUBECONFIG or ~/.kube/config names,
or of the one that it runs in.

  -o, --output     a file that the records are appended to; - is standard output,
                   which is the default. What is on disk counts as delivered, and is
                   not repeated by the next run with the same db
  --only           types of records that are printed, separated by commas: event,
                   audit, object_status, application_status, deployment, rejected,
                   monitor_status
  -c, --config     a Fluent Bit configuration in YAML, of which the input live_status
                   is taken with ${VARIABLES} filled in, or a YAML map of options
  --input          which of several inputs: its alias, its tag, or its number from 1
  -p, --option     an option, key=value
  --OPTION         an option, by the flags below; a flag outweighs -p, and that -c

exit codes:
  0  it was ended by a signal
  1  the records could not be written, or the cursor could not be kept
  2  an argument, an option or a file is wrong

examples:
  live-status run
  live-status run --kube-config ~/.kube/config --db live-status.db -o records.jsonl
  live-status run -c /fluent-bit/etc/live-status.yaml --only object_status,application_status
  live-status run --kube-events=off --audit-path audit.log --cluster-name production

options:
`

// newRunCommand returns the command run.
func newRunCommand(s streams) *cobra.Command {
	var opts *options
	var only types
	output := "-"
	cmd := &cobra.Command{
		Use: "run", Short: "print records of a cluster", Args: cobra.ArbitraryArgs,
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
			// A signal ends the other commands at once, also where they wait for input.
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			to, err := openOutput(output, s.out)
			if err != nil {
				return mistake{err}
			}
			if len(only) > 0 {
				to = &sorted{output: to, only: only}
			}
			logger := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: cfg.LogLevel}))
			for _, w := range options.warnings {
				logger.Warn(w)
			}
			return errors.Join(stream(ctx, cfg, to, logger), to.Close())
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&output, "output", "o", "-", "a file to append to")
	flags.Var(setter{"TYPE", only.add}, "only", "types of records")
	completeList(s, cmd, "only", typeNames())
	all := config.Options()
	opts = newOptions(s, cmd, all)
	describe(cmd, func() string { return runUsage + optionUsage(all) })
	return cmd
}

// poll is how often the pipeline is asked for records.
const poll = 100 * time.Millisecond

// stream writes records until ctx ends. Records count as delivered once they
// are written.
func stream(ctx context.Context, cfg config.Config, to output, logger *slog.Logger) (err error) {
	noCoreDumps(cfg, logger)
	pipe, err := pipeline.Start(ctx, cfg, pipeline.Options{Instance: "live-status", Version: version, Logger: logger, JSON: true})
	if err != nil {
		return mistake{err}
	}
	defer func() { err = errors.Join(err, pipe.Close(context.WithoutCancel(ctx))) }()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		if _, err := pass(pipe, to); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	pipe.Stop()
	for {
		if more, err := pass(pipe, to); err != nil || !more {
			return err
		}
	}
}

// noCoreDumps keeps what is not redacted from being written to disk by a crash.
func noCoreDumps(cfg config.Config, logger *slog.Logger) {
	if cfg.CoreDumps {
		return
	}
	if err := crash.DisableCoreDumps(); err != nil {
		logger.Warn("core dumps cannot be turned off: they would hold what is not redacted", "error", err)
	}
}

// pass writes a batch, and reports whether there was one.
func pass(pipe *pipeline.Pipeline, to output) (bool, error) {
	batch := pipe.Take(poll)
	if len(batch) == 0 {
		return false, nil
	}
	if err := to.Put(batch); err != nil {
		// What was not written must not be committed.
		pipe.Refuse()
		return false, fmt.Errorf("write records: %w", err)
	}
	return true, nil
}
