package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-live/live-status/cmd/live-status/internal/checkmk"
	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
	"github.com/fluent-live/live-status/cmd/live-status/internal/scrape"
)

const checkmkUsage = `usage:
  live-status checkmk --url https://HOST:9465/metrics [--token-file FILE] [--ca-file FILE] ...
  live-status checkmk -f FILE|- ...

Prints the output of a Checkmk agent: a service for each application, with the
object that decides its status, for each namespace, and for Live Status itself, made
of the metrics of a running instance (metrics_listen). It is a datasource program
("Individual program call instead of agent access"), or with --form a plugin or a
local check of an agent. docs/CHECKMK.md tells how it is set up and what it prints.

where from:
  --url           address of the metrics; https, unless --insecure is given
  --token-file    bearer token, read at each call
  --ca-file       authorities that may have signed the server's certificate, PEM;
                  those of the system without it
  --server-name   name in the server's certificate, where it is not that of --url
  --cert-file, --key-file
                  certificate of the client and its key, PEM
  --timeout       for the whole call; 10s
  --proxy         take the proxy that the environment names
  --insecure      allow http; a token is then sent to loopback alone
  --insecure-skip-verify
                  take any certificate: whoever is in between reads the token
  -f, --filename  a saved answer instead of --url; - is standard input

what is printed:
  --form          agent (default), plugin or local
  --piggyback     hosts that services belong to: off (default; the host that is
                  asked), cluster, namespace or application
  --host-prefix   what the names of piggyback hosts begin with
  --objects       services of objects that belong to no application; --objects=false
                  leaves them out
  --state         state of a status, as in --state out-of-sync=OK; any number of times
  --progressing-warn, --progressing-crit
                  how long Progressing and Waiting are OK, and not CRIT; 15m and 0,
                  0 is for ever
  --levels        levels of a metric of the service Live Status Monitor, as in
                  --levels lag_seconds=60,300 or applications=3:,1:
  --on-error      fail: exit code 1, which makes the service Check_MK CRIT; unknown:
                  the service Live Status UNKNOWN, and exit code 0. fail is the
                  default with --form agent, unknown with the others, where the
                  agent does not look at exit codes

exit codes:
  0  printed
  1  no metrics; with --on-error unknown that is printed instead
  2  an argument is wrong

examples:
  live-status checkmk --url https://live-status.example:9465/metrics \
    --token-file ~/etc/live-status.token --ca-file ~/etc/live-status-ca.pem
  curl -s http://127.0.0.1:9465/metrics | live-status checkmk -f -
`

// checkmkOptions are the arguments of checkmk.
type checkmkOptions struct {
	file    string
	from    scrape.Options
	to      checkmk.Options
	onError string
}

func newCheckmkCommand(s streams) *cobra.Command {
	o := checkmkOptions{to: checkmk.Options{
		Form: checkmk.FormAgent, Piggyback: checkmk.PiggybackOff, Objects: true,
		States: checkmk.States{}, Levels: checkmk.DefaultLevels(), ProgressingWarn: 15 * time.Minute, Version: version,
	}}
	cmd := &cobra.Command{
		Use: "checkmk", Short: "print the output of a Checkmk agent", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return mistake{err}
			}
			return printCheckmk(cmd.Context(), o, s)
		},
	}
	describe(cmd, func() string { return checkmkUsage })
	flags := cmd.Flags()
	flags.StringVarP(&o.file, "filename", "f", "", "saved answer")
	flags.StringVar(&o.from.URL, "url", "", "address of the metrics")
	flags.StringVar(&o.from.TokenFile, "token-file", "", "bearer token")
	flags.StringVar(&o.from.CAFile, "ca-file", "", "authorities")
	flags.StringVar(&o.from.CertFile, "cert-file", "", "certificate of the client")
	flags.StringVar(&o.from.KeyFile, "key-file", "", "key of that certificate")
	flags.StringVar(&o.from.ServerName, "server-name", "", "name in the certificate")
	flags.DurationVar(&o.from.Timeout, "timeout", 10*time.Second, "for the whole call")
	flags.BoolVar(&o.from.Proxy, "proxy", false, "take the proxy of the environment")
	flags.BoolVar(&o.from.Insecure, "insecure", false, "allow http")
	flags.BoolVar(&o.from.SkipVerify, "insecure-skip-verify", false, "take any certificate")
	flags.Var(choice("FORM", &o.to.Form, checkmk.FormAgent, checkmk.FormPlugin, checkmk.FormLocal), "form", "where the output is read")
	flags.Var(choice("HOSTS", &o.to.Piggyback, checkmk.PiggybackOff, checkmk.PiggybackCluster, checkmk.PiggybackNamespace, checkmk.PiggybackApplication),
		"piggyback", "hosts of services")
	flags.StringVar(&o.to.HostPrefix, "host-prefix", "", "beginning of the names of hosts")
	flags.BoolVar(&o.to.Objects, "objects", true, "services of objects")
	flags.Var(setter{"STATUS=STATE", o.to.States.Set}, "state", "state of a status")
	flags.DurationVar(&o.to.ProgressingWarn, "progressing-warn", 15*time.Minute, "how long Progressing is OK")
	flags.DurationVar(&o.to.ProgressingCrit, "progressing-crit", 0, "how long Progressing is not CRIT")
	flags.Var(setter{"METRIC=LEVELS", o.to.Levels.Set}, "levels", "levels of a metric")
	flags.Var(choice("ACTION", &o.onError, "fail", "unknown"), "on-error", "what is done without metrics")
	completeWords(s, cmd, "form", "agent", "plugin", "local")
	completeWords(s, cmd, "piggyback", "off", "cluster", "namespace", "application")
	completeWords(s, cmd, "on-error", "fail", "unknown")
	completeNothing(s, cmd, "url", "server-name", "timeout", "host-prefix", "levels", "progressing-warn", "progressing-crit")
	complete(s, cmd, "state", completeState)
	return cmd
}

// choice is a flag that is one of some words.
func choice[T ~string](kind string, to *T, words ...T) setter {
	return setter{kind, func(value string) error {
		var all []string
		for _, w := range words {
			if value == string(w) {
				*to = w
				return nil
			}
			all = append(all, string(w))
		}
		return fmt.Errorf("%q: write one of %s", value, strings.Join(all, ", "))
	}}
}

// completeState completes the status and then its state.
func completeState(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, usual := range checkmk.Conditions() {
		name := strings.ReplaceAll(strings.ToLower(string(usual.Condition)), " ", "-") + "="
		if !strings.HasPrefix(prefix, name) {
			if strings.HasPrefix(name, prefix) {
				out = append(out, cobra.CompletionWithDesc(name, usual.About))
			}
			continue
		}
		for _, state := range []checkmk.State{checkmk.OK, checkmk.Warn, checkmk.Crit, checkmk.Unknown} {
			if word := name + state.String(); strings.HasPrefix(word, prefix) {
				out = append(out, word)
			}
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// complete completes the arguments.
func (o *checkmkOptions) complete() error {
	o.from.Limits.Prefix = checkmk.Prefix
	if o.onError == "" {
		o.onError = "unknown"
		if o.to.Form == checkmk.FormAgent {
			o.onError = "fail"
		}
	}
	switch {
	case o.file == "" && o.from.URL == "":
		return errors.New("write --url https://HOST:9465/metrics, or -f FILE for a saved answer")
	case o.file != "" && (o.from.URL != "" || o.from.TokenFile != "" || o.from.CAFile != ""):
		return errors.New("-f reads a saved answer: leave out --url, --token-file and --ca-file")
	case o.from.Timeout <= 0:
		return errors.New("--timeout: write a duration above 0, as in 10s")
	case o.to.ProgressingWarn < 0 || o.to.ProgressingCrit < 0:
		return errors.New("--progressing-warn and --progressing-crit: write a duration, as in 15m, or 0")
	}
	if o.file == "" {
		if err := o.from.Check(); err != nil {
			return err
		}
	}
	return o.to.Check()
}

// printCheckmk prints what Checkmk reads, whole or not at all.
func printCheckmk(ctx context.Context, o checkmkOptions, s streams) error {
	warnOfChoices(o, s)
	services, err := servicesOf(ctx, o, s)
	if err != nil {
		if o.onError == "fail" {
			return err
		}
		// The reason is a service's text, too.
		_, _ = fmt.Fprintf(s.err, "live-status: %s\n", printable(err.Error()))
		services = checkmk.Failed(err)
	}
	err = o.to.Write(s.out, services)
	if errors.Is(err, syscall.EPIPE) {
		return errQuiet
	}
	return err
}

func servicesOf(ctx context.Context, o checkmkOptions, s streams) ([]checkmk.Service, error) {
	var model checkmk.Model
	if err := read(ctx, o, s, model.Add); err != nil {
		return nil, err
	}
	return o.to.Services(&model, time.Now())
}

func read(ctx context.Context, o checkmkOptions, s streams, take func(scrape.Sample)) error {
	if o.file == "" {
		return scrape.Fetch(ctx, o.from, take)
	}
	in := s.in
	if o.file != manifest.Stdin {
		f, err := os.Open(o.file)
		if err != nil {
			return mistake{err}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	if err := scrape.Parse(in, o.from.Limits, take); err != nil {
		return fmt.Errorf("%s: %w", o.file, err)
	}
	return nil
}

// warnOfChoices says what an argument gives up.
func warnOfChoices(o checkmkOptions, s streams) {
	warn := func(format string, args ...any) {
		_, _ = fmt.Fprintf(s.err, "live-status: warning: "+format+"\n", args...)
	}
	if o.from.SkipVerify {
		warn("--insecure-skip-verify: any server is believed, and gets the token; write --ca-file instead")
	}
	if strings.HasPrefix(o.from.URL, "http:") {
		warn("--insecure: what is asked and answered is neither encrypted nor authentic")
	}
	if o.from.TokenFile == "" {
		return
	}
	if info, err := os.Stat(o.from.TokenFile); err == nil && info.Mode().Perm()&0o004 != 0 {
		warn("every user of this machine may read --token-file %s: chmod 600 it", printable(o.from.TokenFile))
	}
}
