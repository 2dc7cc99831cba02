package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
	"github.com/fluent-live/live-status/cmd/live-status/internal/piece"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
	"github.com/fluent-live/live-status/pipeline/redact/values"
)

const redactUsage = `usage:
  live-status redact [-f FILE|-] [-f ...] [--values PATH] [--rules FILE] [--explain]
  live-status redact --check [-f FILE|-] ...
  live-status redact --list-rules [--rules FILE] [--rules-off LIST]

Prints the input without secrets, as records leave the plugin without them. What
holds none is printed byte for byte; what cannot be examined is withheld, and
standard error says where and why.

  -f, --filename  files; - is standard input, which is the default; gzip and UTF-16
                  are undone
  --format        auto (default), json, jsonl, yaml or text: one format for all
                  files; auto finds it out by the first lines of each
  --values        known sensitive values: a folder with a file for each, a dotenv
                  or a JSON file; several, separated by commas
  --rules         own rules for credentials in texts, YAML; several, separated by
                  commas
  --rules-off     rules that are not applied, by their names, separated by commas
  --env-names     names of environment variables that hold secrets
  --min-length    length of the shortest value that is looked for, in bytes
  --stop-list     values that are not looked for, separated by commas
  --salt          salt of the hashes; without it they are comparable within this
                  run only
  --explain       tell on standard error what was found by which rule, where and
                  how often, never a value; and a summary
  --check         print nothing, and say by the exit code whether anything would
                  be redacted
  --list-rules    print the names of all rules

The options are those of the plugin that begin with redact_ (docs/CONFIGURATION.md);
docs/REDACTION.md tells what is found and what cannot be.

exit codes:
  0  everything was examined, and printed without secrets
  1  with --check: something would be redacted or withheld
  2  something could not be read or written, or an argument is wrong
  3  something was withheld; the rest is printed

examples:
  live-status redact -f audit.log --values /run/secrets/app --explain > clean.log
  kubectl get all,secrets -o yaml | live-status redact
  live-status redact --check -f manifests.yaml
`

// redactOptions are the arguments of redact.
type redactOptions struct {
	files   []string
	format  piece.Format
	salt    string
	explain bool
	check   bool
	list    bool
	config.Redaction
}

// redactKeys are the plugin's options that are flags here.
var redactKeys = map[string]string{
	"values": "redact_values_path", "rules": "redact_rules_file", "rules-off": "redact_rules_off",
	"env-names": "redact_env_names", "min-length": "redact_min_length", "stop-list": "redact_stop_list",
}

func newRedactCommand(s streams) *cobra.Command {
	o, given := redactOptions{format: piece.Auto}, config.Map{}
	cmd := &cobra.Command{
		Use: "redact", Short: "print logs and manifests without secrets", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return mistake{err}
			}
			cfg, err := config.Parse(given)
			if err != nil {
				return mistake{asFlags(err)}
			}
			o.Redaction = cfg.Redaction
			return redaction(cmd.Context(), o, s)
		},
	}
	describe(cmd, func() string { return redactUsage })
	flags := cmd.Flags()
	flags.VarP(fileList(&o.files), "filename", "f", "files")
	flags.Var(setter{"FORMAT", func(value string) (err error) {
		o.format, err = piece.ParseFormat(value)
		return err
	}}, "format", "format of all files")
	for name, key := range redactKeys {
		flags.Var(setter{"VALUE", func(value string) error {
			if given[key] != "" {
				value = given[key] + "," + value
			}
			given[key] = value
			return nil
		}}, name, "option "+key)
	}
	flags.StringVar(&o.salt, "salt", "", "salt of the hashes")
	flags.BoolVar(&o.explain, "explain", false, "tell what was found")
	flags.BoolVar(&o.check, "check", false, "print nothing")
	flags.BoolVar(&o.list, "list-rules", false, "print the names of all rules")
	completeWords(s, cmd, "format", "auto", "json", "jsonl", "yaml", "text")
	completeNothing(s, cmd, "rules-off", "env-names", "min-length", "stop-list")
	return cmd
}

// complete completes the arguments.
func (o *redactOptions) complete(rest []string) error {
	stdin := 0
	for _, name := range o.files {
		if name == manifest.Stdin {
			stdin++
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: write -f %s, and -f before each further file", rest[0], rest[0])
	case stdin > 1:
		return errors.New("standard input can be read once: write - for one of the files only")
	case len(o.files) == 0:
		o.files = []string{manifest.Stdin}
	}
	return nil
}

// asFlags names options as they are named on the command line.
func asFlags(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for name, key := range redactKeys {
		text = strings.ReplaceAll(text, key, "--"+name)
	}
	return errors.New(text)
}

// withheldError is the error of an output in which something is withheld.
type withheldError struct{ error }

// redaction prints an input without secrets. What it returns is a mistake, but for
// what was found.
func redaction(ctx context.Context, o redactOptions, std streams) error {
	patterns, err := pattern.Load(pattern.Options{Files: o.RulesFiles, Off: o.RulesOff})
	if err != nil {
		return mistake{fmt.Errorf("--rules: %w", err)}
	}
	if o.list {
		return listRules(std.out, patterns)
	}
	s := newSieve(o, std)
	if err := s.load(ctx, patterns); err != nil {
		return mistake{err}
	}
	err = s.run(ctx)
	switch {
	case errors.Is(err, syscall.EPIPE):
		return mistake{errQuiet}
	case err != nil:
		return mistake{err}
	}
	return s.verdict()
}

// load makes the redactor.
func (s *sieve) load(ctx context.Context, patterns *pattern.Set) error {
	salt, err := s.loadSalt()
	if err != nil {
		return err
	}
	opts := redact.Options{
		Salt: salt, Patterns: patterns, EnvNames: s.o.EnvNames,
		MaxBytes: s.o.MaxBytes, MaxDepth: s.o.MaxDepth, Budget: s.o.Budget, Now: time.Now,
	}
	if len(s.o.ValuesPaths) > 0 {
		store, err := values.Open(ctx, values.Options{
			Paths: s.o.ValuesPaths, MinLength: s.o.MinLength, Stop: s.o.Stop, Retire: s.o.Retire,
			Logger: slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: untimed})),
		})
		if err != nil {
			return fmt.Errorf("--values: %w", err)
		}
		if s.o.explain {
			s.say(fmt.Sprintf("values that are looked for: %d", store.Stats().Values))
		}
		opts.Values = store
	}
	s.redactor = redact.New(opts)
	return nil
}

// loadSalt reads the salt, or makes one for this run.
func (s *sieve) loadSalt() ([]byte, error) {
	if s.o.salt == "" {
		if s.o.explain {
			s.say("the salt of the hashes is one for this run only: --salt names a file to compare them with others")
		}
		return redact.NewSalt(rand.Reader)
	}
	// Nothing is made here that a typing error could have asked for.
	if _, err := os.Stat(s.o.salt); err != nil {
		return nil, fmt.Errorf("--salt: %w", err)
	}
	salt, err := redact.LoadSalt(s.o.salt, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("--salt: %w", err)
	}
	return salt, nil
}

// untimed leaves the time out of a line that is read at once.
func untimed(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
