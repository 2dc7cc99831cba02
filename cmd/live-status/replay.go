package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
	"github.com/fluent-live/live-status/pipeline/config"
)

const replayUsage = `usage:
  live-status replay [--audit FILE|- ...] [--events FILE|- ...] [--objects FILE|- ...]
                     [--application NAME] [--object NAME] [--user NAME] [--type TYPE,...]
                     [--since TIME] [--until TIME] [-o table|json|jsonl] [--quiet]
                     [-c FILE] [-p KEY=VALUE ...] [--OPTION VALUE ...]

Prints the records that the plugin would have made of what was recorded, in the order
of time, without a cluster.

  --audit          audit logs, JSON Lines; further files may follow, as a shell writes
                   them for audit*.log; gzip is undone; - is standard input
  --events         events, as kubectl get events -A -o json prints them, likewise
  --objects        objects, as kubectl get ... -A -o json prints them, likewise: they
                   tie the others to applications
  -o, --output     jsonl (default), json (one array), or table for people
  --quiet          no summary on standard error
  -c, -p, --OPTION the options of the plugin that are listed below; -c reads them from
                   a Fluent Bit configuration or a YAML map, of which it takes no others
  --input          which of several inputs of that file: alias, tag or number from 1

Identities and hashes are those of the plugin, and those of another replay, only with
the same cluster_name and redact_salt_file.

Records that are printed; * stands for any characters:
  --application    of the application NAME or NAMESPACE/NAME; the namespace is that of
                   the application or of the object
  --object         about KIND/NAMESPACE/NAME, NAMESPACE/NAME, or KIND/NAME of what has no
                   namespace; about what it owns, and deployments of it
  --user           of requests of the user, also as another or by another, and of
                   deployments that the user asked for
  --type           of the types event, audit, object_status, application_status,
                   deployment, rejected, monitor_status
  --since, --until not before, and not after: 2026-01-31T12:00:00Z, 2026-01-31, or how
                   long ago: 90m, 2h, 7d. What has no time zone is UTC
Each may be given several times (but since and until), for what any of them chooses.

exit codes:
  0  everything was read
  1  it failed in the midst
  2  an argument or an option is wrong, or a file cannot be read

examples:
  live-status replay --audit audit*.log* --objects dump.json -o table
  live-status replay --audit audit.log --object Deployment/shop/web --since 2h -o table
  kubectl get events -A -o json | live-status replay --events - --application shop/web
  live-status replay --audit audit.log -c live-status.yaml --user 'system:serviceaccount:*'

options:
`

// replayOptions are the arguments of replay.
type replayOptions struct {
	audit, events, objects []string
	output                 format
	quiet                  bool
	filter                 filter

	// lists are those that arguments without a flag may go on.
	lists []list
}

// list is a list of files that goes on with the arguments from a number on.
type list struct {
	files *[]string
	from  int
}

// newReplayCommand returns the command replay.
func newReplayCommand(s streams) *cobra.Command {
	o := &replayOptions{output: formatLines}
	var opts *options
	cmd := &cobra.Command{
		Use: "replay", Short: "print records of recorded audit logs, events and objects", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return mistake{err}
			}
			given, err := opts.load()
			if err != nil {
				return mistake{err}
			}
			cfg, err := config.ParseReplay(given.Map)
			if err != nil {
				return mistake{given.explain(err)}
			}
			if given.Get("plugin_log_level") == "" {
				// What is usual need not be told among the errors.
				cfg.LogLevel = slog.LevelWarn
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return newReplay(o, cfg, s, time.Now).run(ctx, given.warnings)
		},
	}
	o.addFlags(s, cmd)
	accepted := config.ReplayOptions()
	opts = newOptions(s, cmd, accepted)
	describe(cmd, func() string { return replayUsage + optionUsage(accepted) })
	return cmd
}

func (o *replayOptions) addFlags(s streams, cmd *cobra.Command) {
	flags := cmd.Flags()
	o.addFiles(flags, &o.audit, "audit", "audit logs")
	o.addFiles(flags, &o.events, "events", "lists of events")
	o.addFiles(flags, &o.objects, "objects", "dumps of objects")
	flags.VarP(setter{"FORMAT", func(value string) (err error) {
		o.output, err = parseFormat(value)
		return err
	}}, "output", "o", "table, json or jsonl")
	flags.BoolVar(&o.quiet, "quiet", false, "no summary")
	flags.Var(setter{"NAME", func(value string) error {
		p, err := parseApplication(value)
		o.filter.applications = append(o.filter.applications, p)
		return err
	}}, "application", "records of an application")
	flags.Var(setter{"NAME", func(value string) error {
		p, err := parseObject(value)
		o.filter.objects = append(o.filter.objects, p)
		return err
	}}, "object", "records about an object")
	flags.Var(setter{"NAME", func(value string) error {
		if value == "" {
			return errors.New("no user is named")
		}
		o.filter.users = append(o.filter.users, value)
		return nil
	}}, "user", "records of a user")
	flags.Var(setter{"TYPE", o.filter.types.add}, "type", "records of a type")
	now := time.Now()
	for name, to := range map[string]*time.Time{"since": &o.filter.since, "until": &o.filter.until} {
		flags.Var(setter{"TIME", func(value string) (err error) {
			*to, err = parseTime(value, now)
			return err
		}}, name, "limit of time")
	}
	completeWords(s, cmd, "output", formats()...)
	completeList(s, cmd, "type", typeNames())
	completeNothing(s, cmd, "application", "object", "user", "since", "until")
}

func (o *replayOptions) addFiles(flags *pflag.FlagSet, to *[]string, name, use string) {
	add := fileList(to).set
	flags.Var(setter{"FILE", func(value string) error {
		o.lists = append(o.lists, list{to, flags.NArg()})
		return add(value)
	}}, name, use)
}

// complete completes the arguments: those without a flag are further files of the
// flag before.
func (o *replayOptions) complete(rest []string) error {
	for i, name := range rest {
		var to *[]string
		for _, l := range o.lists {
			if l.from <= i {
				to = l.files
			}
		}
		if to == nil {
			return fmt.Errorf("unexpected argument %q: write --audit, --events or --objects before it", name)
		}
		*to = append(*to, name)
	}
	files := slices.Concat(o.audit, o.events, o.objects)
	stdin := 0
	for _, name := range files {
		if name == manifest.Stdin {
			stdin++
		}
	}
	switch since, until := o.filter.since, o.filter.until; {
	case len(files) == 0:
		return errors.New("nothing is named to replay: write --audit FILE, --events FILE or --objects FILE")
	case stdin > 1:
		return errors.New("standard input can be read once: write - for one of the files only")
	case !since.IsZero() && !until.IsZero() && until.Before(since):
		return fmt.Errorf("--until (%s) is before --since (%s)", until.Format(time.RFC3339), since.Format(time.RFC3339))
	}
	var wrong []error
	for _, name := range files {
		if name == manifest.Stdin {
			continue
		}
		if err := readable(name); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// readable tries whether a file can be read.
func readable(name string) error {
	stat, err := os.Stat(name)
	switch {
	case err != nil:
		return fmt.Errorf("open %s: %w", name, errors.Unwrap(err))
	case stat.IsDir():
		return fmt.Errorf("%s: is a folder: name the files in it", name)
	case !stat.Mode().IsRegular():
		// Who writes to a pipe would take it for given up.
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return f.Close()
}
