// Command live-status is the pipeline without Fluent Bit.
//
//	live-status run -p key=value ...   records as JSON lines on standard output
//	live-status assess -f FILE|- ...   the health and sync of manifests, without a cluster
//	live-status redact -f FILE|- ...   logs and manifests without secrets
//	live-status version
//
// The keys are the plugin's options. Logs go to standard error. The exit code is
// 2 for a mistake in the arguments, the options or the input and 1 for a failure,
// or for something that assess found Degraded or Missing, or redact --check has to
// redact; 3 says that redact withheld something.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/fluent-live/live-status/pipeline"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/crash"
)

// version is set by the linker.
var version = "dev"

const usage = `usage:
  live-status run -p key=value ...   print records as JSON lines until SIGINT or SIGTERM
  live-status assess -f FILE|- ...   print the health and sync of manifests (assess --help)
  live-status redact -f FILE|- ...   print logs and manifests without secrets (redact --help)
  live-status version
The keys are those of docs/CONFIGURATION.md, for example -p kube_config=FILE -p db=FILE.
`

func main() {
	code := 0
	crash.Run(func() { code = run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr) })
	os.Exit(code)
}

// mistake is an error of the user's, which another attempt would not mend.
type mistake struct{ error }

func (m mistake) Unwrap() error { return m.error }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdin, stdout, stderr)
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		_, _ = fmt.Fprintf(stderr, "live-status: %s\n", strings.TrimSpace(line))
	}
	if _, ok := errors.AsType[mistake](err); ok {
		return 2
	}
	if _, ok := errors.AsType[withheldError](err); ok {
		return 3
	}
	return 1
}

func dispatch(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	command := "help"
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "run":
		options, err := parse(args)
		if err != nil {
			return mistake{err}
		}
		// A signal ends the others at once, also where they wait for input.
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		return stream(ctx, options, stdout, stderr)
	case "assess":
		return assess(ctx, args, stdin, stdout, stderr)
	case "redact":
		return redaction(ctx, args, stdin, stdout, stderr)
	case "version", "--version":
		_, err := fmt.Fprintln(stdout, version)
		return err
	case "help", "-h", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	default:
		return mistake{fmt.Errorf("unknown command %q\n%s", command, usage)}
	}
}

// parse reads -p key=value pairs, in the notation of Fluent Bit's command line.
func parse(args []string) (config.Map, error) {
	known := map[string]bool{}
	for _, o := range config.Options() {
		known[o.Key] = true
	}
	options := config.Map{}
	for len(args) > 0 {
		if args[0] != "-p" || len(args) < 2 {
			return nil, fmt.Errorf("unexpected argument %q: write -p key=value", args[0])
		}
		key, value, ok := strings.Cut(args[1], "=")
		if !ok {
			return nil, fmt.Errorf("%q is no key=value", args[1])
		}
		key = strings.ToLower(strings.TrimSpace(key))
		if !known[key] {
			// Parse may know what was meant; it looks for what is set.
			if _, err := config.Parse(config.Map{key: value}); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("unknown key %q: docs/CONFIGURATION.md lists them", key)
		}
		options[key] = strings.TrimSpace(value)
		args = args[2:]
	}
	return options, nil
}

// poll is how often the pipeline is asked for records.
const poll = 100 * time.Millisecond

// stream writes records until ctx ends. Records count as delivered once they
// are written.
func stream(ctx context.Context, options config.Map, stdout, stderr io.Writer) (err error) {
	cfg, err := config.Parse(options)
	if err != nil {
		return mistake{err}
	}
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: cfg.LogLevel}))
	if !cfg.CoreDumps {
		if err := crash.DisableCoreDumps(); err != nil {
			logger.Warn("core dumps cannot be turned off: they would hold what is not redacted", "error", err)
		}
	}
	pipe, err := pipeline.Start(ctx, cfg, pipeline.Options{Instance: "live-status", Version: version, Logger: logger, JSON: true})
	if err != nil {
		return mistake{err}
	}
	defer func() { err = errors.Join(err, pipe.Close(context.WithoutCancel(ctx))) }()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		if _, err := pass(pipe, stdout); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	pipe.Stop()
	for {
		if more, err := pass(pipe, stdout); err != nil || !more {
			return err
		}
	}
}

// pass writes a batch, and reports whether there was one.
func pass(pipe *pipeline.Pipeline, to io.Writer) (bool, error) {
	batch := pipe.Take(poll)
	if _, err := to.Write(batch); err != nil {
		// What was not written must not be committed.
		pipe.Refuse()
		return false, fmt.Errorf("write records: %w", err)
	}
	return len(batch) > 0, nil
}
