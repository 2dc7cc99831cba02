package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fluent-live/live-status/pipeline/config"
)

const completionUsage = `usage:
  live-status completion bash|zsh|fish|powershell

Prints a script for the shell to complete commands, flags, options and their values by.

examples:
  source <(live-status completion bash)
  live-status completion bash > /etc/bash_completion.d/live-status
  live-status completion zsh > "${fpath[1]}/_live-status"
  live-status completion fish > ~/.config/fish/completions/live-status.fish
  live-status completion powershell | Out-String | Invoke-Expression
`

func newCompletionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	cmd := &cobra.Command{
		Use: "completion SHELL", Short: "print the completion for a shell", ValidArgs: shells,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return mistake{fmt.Errorf("write one shell: %s", strings.Join(shells, ", "))}
			}
			root, to := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(to, true)
			case "zsh":
				return root.GenZshCompletion(to)
			case "fish":
				return root.GenFishCompletion(to, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(to)
			default:
				return mistake{fmt.Errorf("unknown shell %q: write one of %s", args[0], strings.Join(shells, ", "))}
			}
		},
	}
	describe(cmd, func() string { return completionUsage })
	return cmd
}

// complete sets how a flag's value is completed.
func complete(s streams, cmd *cobra.Command, flag string, how cobra.CompletionFunc) {
	if !s.completing {
		return
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, how); err != nil {
		// The flag is one that was defined just before.
		panic(err)
	}
}

func completeWords(s streams, cmd *cobra.Command, flag string, words ...string) {
	complete(s, cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

func completeNothing(s streams, cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		complete(s, cmd, flag, cobra.NoFileCompletions)
	}
}

// completeList completes words that are separated by commas.
func completeList(s streams, cmd *cobra.Command, flag string, words []string) {
	complete(s, cmd, flag, func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		before := ""
		if i := strings.LastIndexByte(prefix, ','); i >= 0 {
			before = prefix[:i+1]
		}
		var out []string
		for _, word := range words {
			if !strings.Contains(","+before, ","+word+",") && strings.HasPrefix(before+word, prefix) {
				out = append(out, before+word)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// completeOption completes the value of an option's flag.
func completeOption(s streams, cmd *cobra.Command, option config.Option) {
	if values, files := valuesOf(option); !files {
		completeWords(s, cmd, flagOf(option.Key), values...)
	}
}

// valuesOf are the values that an option can have, as far as they can be listed, and
// whether they are files.
func valuesOf(option config.Option) (values []string, files bool) {
	switch option.Kind {
	case config.KindBool:
		return []string{"on", "off"}, false
	case config.KindEnum:
		return option.Values, false
	case config.KindFile:
		return nil, true
	default:
		return nil, strings.HasSuffix(option.Key, "_path") || strings.HasSuffix(option.Key, "_file")
	}
}

// completePairs completes the key of -p, and then its value.
func completePairs(s streams, cmd *cobra.Command, options []config.Option) {
	complete(s, cmd, "option", func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		key, value, assigned := strings.Cut(prefix, "=")
		var out []string
		for _, option := range options {
			switch {
			case !assigned && strings.HasPrefix(option.Key, key):
				out = append(out, cobra.CompletionWithDesc(option.Key+"=", firstSentence(option.Doc)))
			case assigned && option.Key == key:
				values, files := valuesOf(option)
				if files {
					return filesAfter(key, value), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
				}
				for _, v := range values {
					if strings.HasPrefix(v, value) {
						out = append(out, key+"="+v)
					}
				}
				return out, cobra.ShellCompDirectiveNoFileComp
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// filesAfter lists files for a value that begins with a key, of which shells know
// nothing.
func filesAfter(key, prefix string) []string {
	dir, base := ".", prefix
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		dir, base = prefix[:i+1], prefix[i+1:]
	}
	// A folder that cannot be read has nothing to offer.
	entries, _ := os.ReadDir(dir)
	var out []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), base) || (base == "" && strings.HasPrefix(e.Name(), ".")) {
			continue
		}
		name := key + "=" + strings.TrimSuffix(prefix, base) + e.Name()
		if e.IsDir() {
			name += "/"
		}
		out = append(out, name)
	}
	return out
}

// completeInputs completes the inputs of the file that -c names.
func completeInputs(s streams, cmd *cobra.Command, o *options) {
	complete(s, cmd, "input", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		// A file that cannot be read has nothing to offer; why is told by the command.
		data, _ := os.ReadFile(o.file)
		root, err := parseDocument(data)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		found, _ := inputsOf(root)
		var names []string
		for _, in := range found {
			names = append(names, titlesOf(in, os.LookupEnv)...)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}
