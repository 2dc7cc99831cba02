package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const usage = `usage:
  live-status run [-c FILE] ...      print records of a cluster until SIGINT or SIGTERM
  live-status replay --audit FILE    print records of recorded audit logs, events and
                                     objects, without a cluster
  live-status assess -f FILE|- ...   print the health and sync of manifests
  live-status redact -f FILE|- ...   print logs and manifests without secrets
  live-status check [-c FILE] ...    check a cluster and all that is needed, and tell how
                                     to mend what is not well
  live-status register --secret NAME keep the Secret with the salt and credentials
  live-status checkmk --url URL      print the output of a Checkmk agent, of the metrics of
                                     a running instance
  live-status completion SHELL       print the completion for bash, zsh, fish or powershell
  live-status version
live-status COMMAND --help tells more. The options of run, check and replay are those
of the plugin, docs/CONFIGURATION.md: as flags, as -p key=value, or as the YAML of Fluent Bit.
`

// newRoot returns the command, which runs once.
func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use: "live-status", Short: "the live status of what a cluster runs",
		Args: cobra.ArbitraryArgs, SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Version:           version,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	describe(root, func() string { return usage })
	root.AddCommand(newRunCommand(s), newReplayCommand(s), newAssessCommand(s), newRedactCommand(s),
		newCheckCommand(s), newRegisterCommand(s), newCheckmkCommand(s), newVersionCommand(), newCompletionCommand())
	root.SetHelpCommand(newHelpCommand())
	return root
}

// describe sets what help prints.
func describe(cmd *cobra.Command, text func() string) {
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		// Whoever does not read the help needs no exit code for it.
		_, _ = io.WriteString(cmd.OutOrStdout(), text())
	})
}

func newVersionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "print the version", Args: noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version)
			return err
		},
	}
	describe(cmd, func() string { return "usage:\n  live-status version\n" })
	return cmd
}

func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "print the usage of a command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && !c.Hidden && strings.HasPrefix(c.Name(), prefix) {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			if len(args) == 0 {
				return root.Help()
			}
			found, _, err := root.Find(args[:1])
			if err != nil || found == root {
				return unknownCommand(root, args[0])
			}
			return found.Help()
		},
	}
}

// unknownCommand says what may have been meant.
func unknownCommand(root *cobra.Command, name string) error {
	root.SuggestionsMinimumDistance = 2
	text := fmt.Sprintf("unknown command %q", name)
	if meant := root.SuggestionsFor(name); len(meant) > 0 {
		return mistake{fmt.Errorf("%s: did you mean %q?", text, meant[0])}
	}
	return mistake{fmt.Errorf("%s\n%s", text, usage)}
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return mistake{fmt.Errorf("unexpected argument %q", args[0])}
	}
	return nil
}

// flagError says what is wrong with a flag, in the words of the other errors.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("`%s --help` lists the arguments", cmd.CommandPath())
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		given := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			given = "-" + given
			if whole := unknown.GetSpecifiedShortnames(); len(whole) > 1 && cmd.Flags().Lookup(whole) != nil {
				// As other programs take it: -output.
				return mistake{fmt.Errorf("unknown flag %s: did you mean --%s?", given, whole)}
			}
		} else {
			if meant := nearestFlag(cmd, given); meant != "" {
				return mistake{fmt.Errorf("unknown flag --%s: did you mean --%s?", given, meant)}
			}
			given = "--" + given
		}
		return mistake{fmt.Errorf("unknown flag %s\n%s", given, hint)}
	}
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		// A value is told by what finds it wrong, if it may be told at all.
		flag := wrong.GetFlag()
		name := "--" + flag.Name
		if flag.Shorthand != "" {
			name = "-" + flag.Shorthand
		}
		return mistake{fmt.Errorf("%s: %w\n%s", name, wrong.Unwrap(), hint)}
	}
	return mistake{fmt.Errorf("%w\n%s", err, hint)}
}

// nearestFlag returns the flag that a misspelt one resembles most, if any does.
func nearestFlag(cmd *cobra.Command, given string) string {
	best, least := "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := distance(given, f.Name, least); d < least && d < len(f.Name)/2 {
			best, least = f.Name, d
		}
	})
	return best
}

// distance returns how many characters must be inserted, deleted or replaced to
// make b of a, or most where that is more.
func distance(a, b string, most int) int {
	if len(a)-len(b) >= most || len(b)-len(a) >= most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
		if slices.Min(row) >= most {
			return most
		}
	}
	return min(row[len(b)], most)
}

// setter is a flag that is set by a function, any number of times.
type setter struct {
	// kind is a word for what the flag takes.
	kind string
	set  func(string) error
}

func (s setter) String() string         { return "" }
func (s setter) Type() string           { return s.kind }
func (s setter) Set(value string) error { return s.set(value) }

// fileList is a flag that names files, any number of times.
func fileList(to *[]string) setter {
	return setter{"FILE", func(value string) error {
		// That is how -f= comes.
		if value == "" || value == "=" {
			return errors.New("no file is named")
		}
		*to = append(*to, value)
		return nil
	}}
}
