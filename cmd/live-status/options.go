package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fluent-live/live-status/pipeline/config"
)

// options are the plugin's options as they are given to a command: a flag outweighs
// -p, and that a file.
type options struct {
	// accepted are those that the command can do something with, by key.
	accepted map[string]config.Option
	// command is its name.
	command string

	flags, pairs config.Map
	file, input  string
}

// flagOf is the flag for a key: kube_config is --kube-config, db.sync --db-sync.
func flagOf(key string) string {
	return strings.NewReplacer("_", "-", ".", "-").Replace(key)
}

// newOptions adds the flags of options to a command.
func newOptions(s streams, cmd *cobra.Command, accepted []config.Option) *options {
	o := &options{
		accepted: map[string]config.Option{}, command: cmd.Name(),
		flags: config.Map{}, pairs: config.Map{},
	}
	flags := cmd.Flags()
	// The keys themselves will do as well.
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(flagOf(name))
	})
	for _, option := range accepted {
		o.accepted[option.Key] = option
		name := flagOf(option.Key)
		flags.Var(setter{placeholder(option), func(value string) error {
			if strings.TrimSpace(value) == "" {
				return errors.New("no value is given")
			}
			o.flags[option.Key] = strings.TrimSpace(value)
			return nil
		}}, name, firstSentence(option.Doc))
		if option.Kind == config.KindBool {
			flags.Lookup(name).NoOptDefVal = "on"
		}
		completeOption(s, cmd, option)
	}
	flags.VarP(setter{"KEY=VALUE", o.pair}, "option", "p", "an option")
	flags.StringVarP(&o.file, "config", "c", "", "options in YAML")
	flags.StringVar(&o.input, "input", "", "the input in that file")
	completePairs(s, cmd, accepted)
	completeInputs(s, cmd, o)
	return o
}

// placeholder is what stands for the value of an option in its usage.
func placeholder(option config.Option) string {
	switch option.Kind {
	case config.KindBool:
		return "on|off"
	case config.KindEnum:
		return strings.Join(option.Values, "|")
	case config.KindInt:
		return "NUMBER"
	case config.KindString:
		return "TEXT"
	default:
		return strings.ToUpper(string(option.Kind))
	}
}

// pair reads -p key=value, in the notation of Fluent Bit's command line.
func (o *options) pair(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q is no key=value", text)
	}
	key = strings.ToLower(strings.TrimSpace(key))
	if _, ok := o.accepted[key]; !ok {
		return unknownKey(key, o.command)
	}
	o.pairs[key] = strings.TrimSpace(value)
	return nil
}

// unknownKey says what is wrong with a key that a command does not accept.
func unknownKey(key, command string) error {
	if isOption(key) || slices.ContainsFunc(config.OutputOptions(), func(o config.Option) bool { return o.Key == key }) {
		return fmt.Errorf("%s is of no use for %s", key, command)
	}
	// Parse may know what was meant; it looks for what is set.
	_, err := config.Parse(config.Map{key: "x"})
	for _, e := range keyErrors(err) {
		if len(e.Meant) > 0 {
			return e
		}
	}
	return fmt.Errorf("unknown key %q: docs/CONFIGURATION.md lists them", key)
}

// keyErrors are the mistakes in single options that an error joins.
func keyErrors(err error) []*config.KeyError {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*config.KeyError
		for _, e := range joined.Unwrap() {
			all = append(all, keyErrors(e)...)
		}
		return all
	}
	if e, ok := errors.AsType[*config.KeyError](err); ok {
		return []*config.KeyError{e}
	}
	return nil
}

// given is what options there are in the end.
type given struct {
	config.Map
	// at says where in a file a key stands.
	at map[string]string
	// warnings tell what is odd and no mistake.
	warnings []string
}

// load reads the file, and puts together what is given.
func (o *options) load() (given, error) {
	g := given{Map: config.Map{}, at: map[string]string{}}
	switch {
	case o.file != "":
		block, err := readBlock(o.file, o.input, os.LookupEnv)
		if err != nil {
			return g, err
		}
		g.warnings = block.warnings
		var wrong []error
		for _, entry := range block.entries {
			at := fmt.Sprintf("%s: line %d", o.file, entry.line)
			_, accepted := o.accepted[entry.key]
			switch {
			case accepted && entry.value != "":
				g.Map[entry.key], g.at[entry.key] = entry.value, at
			case accepted, isOption(entry.key), config.HostKey(entry.key):
				// The block may be one that the plugin reads as well: what is of no
				// use here is of use there.
			default:
				wrong = append(wrong, fmt.Errorf("%s: %w", at, unknownKey(entry.key, o.command)))
			}
		}
		if len(wrong) > 0 {
			return g, errors.Join(wrong...)
		}
	case o.input != "":
		return g, errors.New("--input chooses from a file: write -c FILE too")
	}
	for _, more := range []config.Map{o.pairs, o.flags} {
		maps.Copy(g.Map, more)
		for key := range more {
			delete(g.at, key)
		}
	}
	return g, nil
}

// isOption tells the options of the input.
func isOption(key string) bool {
	return slices.ContainsFunc(config.Options(), func(o config.Option) bool { return o.Key == key })
}

// explain names the place in the file for each mistake that stands in one.
func (g *given) explain(err error) error {
	found := keyErrors(err)
	if len(found) == 0 {
		return err
	}
	var all []error
	for _, e := range found {
		if at := g.at[e.Key]; at != "" {
			all = append(all, fmt.Errorf("%s: %w", at, e))
		} else {
			all = append(all, e)
		}
	}
	return errors.Join(all...)
}

// unexpected says what is wrong with arguments that are no flags.
func (o *options) unexpected(args []string) error {
	if len(args) == 0 {
		return nil
	}
	switch strings.ToLower(args[0]) {
	case "on", "off", "true", "false", "yes", "no":
		return fmt.Errorf("unexpected argument %q: a flag that is on or off takes its value with =, as in --prioritize-health=off", args[0])
	}
	if key, _, ok := strings.Cut(args[0], "="); ok && isOption(strings.ToLower(key)) {
		return fmt.Errorf("unexpected argument %q: write -p %s", args[0], args[0])
	}
	return fmt.Errorf("unexpected argument %q: write -p key=value", args[0])
}
