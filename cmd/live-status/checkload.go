package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fluent-live/live-status/pipeline/check"
	"github.com/fluent-live/live-status/pipeline/config"
)

// checkTarget is what is to be checked.
type checkTarget struct {
	config   config.Config
	mistakes []error
	warnings []string
	// unknown is set where nothing of the configuration can be used.
	unknown bool
	source  string
	outputs []check.Output
}

// loadTarget reads what is given as run does, and goes on where something in it is
// wrong: that is one of the things to be told. Its error is about the arguments, or a
// file that is no configuration.
func loadTarget(o *options, env lookup) (checkTarget, error) {
	t := checkTarget{source: "the environment"}
	values := config.Map{}
	forwards := false
	switch {
	case o.file != "":
		section, output, err := t.readFile(o, env)
		if err != nil {
			return t, err
		}
		forwards = output
		maps.Copy(values, section)
	case o.input != "":
		return t, errors.New("--input chooses from a file: write -c FILE too")
	case len(o.pairs)+len(o.flags) > 0:
		t.source = "the command line"
	}
	for _, more := range []config.Map{o.pairs, o.flags} {
		maps.Copy(values, more)
	}
	parse := config.Parse
	if forwards || values["forward_to"] != "" {
		parse = config.ParseOutput
	}
	t.parse(values, parse)
	return t, nil
}

// parse parses the options, and again without those that are wrong.
func (t *checkTarget) parse(values config.Map, parse func(config.Getter) (config.Config, error)) {
	// What is dropped may leave others without what they need.
	const rounds = 4
	told := map[string]bool{}
	for range rounds {
		cfg, err := parse(values)
		if err == nil {
			t.config = cfg
			return
		}
		dropped := false
		for _, e := range keyErrors(err) {
			// That one is missing now is told already.
			if !told[e.Key] {
				t.mistakes = append(t.mistakes, e)
				told[e.Key] = true
			}
			if _, set := values[e.Key]; set {
				delete(values, e.Key)
				dropped = true
			}
			if e.Key == "forward_to" && values[e.Key] == "" {
				// An output must have one; this is not looked at.
				values[e.Key], dropped = "stdout", true
			}
		}
		if !dropped {
			break
		}
	}
	t.unknown = true
	if len(t.mistakes) == 0 {
		t.mistakes = append(t.mistakes, errors.New("the configuration cannot be used"))
	}
}

// readFile reads the section of the file that is the plugin's, and its outputs.
func (t *checkTarget) readFile(o *options, env lookup) (values config.Map, output bool, err error) {
	data, err := os.ReadFile(o.file)
	if err != nil {
		return nil, false, fmt.Errorf("-c: %w", err)
	}
	section, output, env, err := t.sectionOf(data, o.input, env)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", o.file, err)
	}
	t.source = o.file
	b, err := readEntries(section, env)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", o.file, err)
	}
	for _, w := range b.warnings {
		t.warnings = append(t.warnings, o.file+": "+w)
	}
	values = config.Map{}
	for _, e := range b.entries {
		_, accepted := o.accepted[e.key]
		switch {
		case accepted && e.value != "":
			values[e.key] = e.value
		case accepted, isOption(e.key), config.HostKey(e.key), output && outputKey(e.key):
		default:
			t.mistakes = append(t.mistakes, fmt.Errorf("%s: line %d: %w", o.file, e.line, unknownKey(e.key, o.command)))
		}
	}
	return values, output, nil
}

// outputKey tells the keys of an output that are Fluent Bit's.
func outputKey(key string) bool {
	switch key {
	case "match", "match_regex", "retry_limit", "workers", "host", "port":
		return true
	}
	return strings.HasPrefix(key, "storage.") || strings.HasPrefix(key, "net.")
}

// sectionOf finds the plugin's input, else its output, or takes the map of options.
func (t *checkTarget) sectionOf(data []byte, input string, env lookup) (section *yaml.Node, output bool, _ lookup, err error) {
	root, err := parseDocument(data)
	if err != nil {
		return nil, false, env, err
	}
	if root.Kind == yaml.MappingNode && !isConfiguration(root) {
		if input != "" {
			return nil, false, env, errors.New("has no inputs to choose from: leave --input out")
		}
		return root, child(root, "forward_to") != nil, env, nil
	}
	if env, err = withVariables(child(root, "env"), env); err != nil {
		return nil, false, env, err
	}
	var outputs []*yaml.Node
	if list := child(child(root, "pipeline"), "outputs"); list != nil && list.Kind == yaml.SequenceNode {
		for _, item := range list.Content {
			outputs = append(outputs, plain(item))
		}
	}
	found, err := inputsOf(root)
	if err == nil {
		section, err = choose(found, input, env)
	} else if input == "" {
		for i, out := range outputs {
			if name := child(out, "name"); name != nil && strings.EqualFold(name.Value, plugin) {
				// It is checked as the downstream.
				section, output, err = out, true, nil
				outputs = append(outputs[:i:i], outputs[i+1:]...)
				break
			}
		}
	}
	if err != nil {
		return nil, false, env, err
	}
	for _, out := range outputs {
		t.outputs = append(t.outputs, readOutput(out, env))
	}
	return section, output, env, nil
}

// readOutput reads the keys of an output; what is no text is left out.
func readOutput(node *yaml.Node, env lookup) check.Output {
	o := check.Output{Options: map[string]string{}}
	if node.Kind != yaml.MappingNode {
		return o
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		text, err := scalars(plain(node.Content[i+1]))
		if err != nil {
			continue
		}
		text, _ = expand(text, env)
		o.Options[snake(node.Content[i].Value)] = strings.TrimSpace(text)
	}
	o.Plugin = strings.ToLower(o.Options["name"])
	o.Title = o.Options["alias"]
	if o.Title == "" {
		o.Title = o.Options["match"]
	}
	return o
}
