package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// plugin is the name of the input whose options are read.
const plugin = "live_status"

// block is the options of one input, as they stand in a file.
type block struct {
	entries  []entry
	warnings []string
}

// entry is one key of a block.
type entry struct {
	key, value string
	line       int
}

// lookup finds variables of the environment.
type lookup func(name string) (value string, ok bool)

// readBlock reads a Fluent Bit configuration, of which it takes the input that is
// named, or a plain map of options.
func readBlock(name, input string, env lookup) (block, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return block{}, fmt.Errorf("-c: %w", err)
	}
	b, err := parseBlock(data, input, env)
	if err != nil {
		return block{}, fmt.Errorf("%s: %w", name, err)
	}
	for i, w := range b.warnings {
		b.warnings[i] = name + ": " + w
	}
	return b, nil
}

func parseBlock(data []byte, input string, env lookup) (block, error) {
	root, err := parseDocument(data)
	if err != nil {
		return block{}, err
	}
	if root.Kind == yaml.MappingNode && !isConfiguration(root) {
		if input != "" {
			return block{}, errors.New("has no inputs to choose from: leave --input out")
		}
		return readEntries(root, env)
	}
	if env, err = withVariables(child(root, "env"), env); err != nil {
		return block{}, err
	}
	found, err := inputsOf(root)
	if err != nil {
		return block{}, err
	}
	chosen, err := choose(found, input, env)
	if err != nil {
		return block{}, err
	}
	return readEntries(chosen, env)
}

// parseDocument reads the one YAML document of a file.
func parseDocument(data []byte) (*yaml.Node, error) {
	if classic(data) {
		return nil, errors.New("is in Fluent Bit's classic format: write it as YAML, or give the options as flags")
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, another yaml.Node
	err := decoder.Decode(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("is empty")
	case err != nil:
		return nil, errors.New("no valid YAML: " + strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(&another); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more than one YAML document: keep one of them")
	}
	root := document.Content[0]
	if root.Kind != yaml.SequenceNode && root.Kind != yaml.MappingNode {
		return nil, errors.New("is neither a Fluent Bit configuration nor a map of options")
	}
	return root, nil
}

// classic reports whether a file has a section of the classic format.
func classic(data []byte) bool {
	for line := range bytes.Lines(data) {
		switch word := string(bytes.ToUpper(bytes.TrimSpace(line))); word {
		case "[INPUT]", "[SERVICE]", "[OUTPUT]", "[PLUGINS]", "[FILTER]":
			return true
		}
	}
	return false
}

// isConfiguration tells a Fluent Bit configuration from a map of options.
func isConfiguration(root *yaml.Node) bool {
	for _, section := range []string{
		"pipeline", "service", "env", "includes", "plugins", "parsers", "multiline_parsers",
		"stream_processor", "upstream_servers", "customs",
	} {
		if child(root, section) != nil {
			return true
		}
	}
	return false
}

// inputsOf returns the inputs of a configuration, or of a list of inputs, that are
// the plugin's.
func inputsOf(root *yaml.Node) ([]*yaml.Node, error) {
	inputs, hint := root, ""
	if root.Kind == yaml.MappingNode {
		if child(root, "includes") != nil {
			hint = "; included files are not read: name the one that has it"
		}
		inputs = child(child(root, "pipeline"), "inputs")
	}
	switch {
	case inputs == nil:
		return nil, errors.New("has no pipeline.inputs" + hint)
	case inputs.Kind != yaml.SequenceNode:
		return nil, fmt.Errorf("line %d: pipeline.inputs is no list", inputs.Line)
	}
	var found []*yaml.Node
	for _, in := range inputs.Content {
		if name := child(plain(in), "name"); name != nil && strings.EqualFold(name.Value, plugin) {
			found = append(found, plain(in))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("has no input with the name %s%s", plugin, hint)
	}
	return found, nil
}

// choose finds the input that is meant.
func choose(found []*yaml.Node, input string, env lookup) (*yaml.Node, error) {
	if input == "" && len(found) == 1 {
		return found[0], nil
	}
	if n, err := strconv.Atoi(input); err == nil && n >= 1 && n <= len(found) {
		return found[n-1], nil
	}
	var names []string
	var match []*yaml.Node
	for i, in := range found {
		titles := titlesOf(in, env)
		if slices.Contains(titles, input) {
			match = append(match, in)
		}
		name := strconv.Itoa(i + 1)
		if len(titles) > 0 {
			name += " (" + titles[0] + ")"
		}
		names = append(names, name)
	}
	switch {
	case input == "":
		return nil, fmt.Errorf("has %d inputs with the name %s: choose by --input one of %s", len(found), plugin, strings.Join(names, ", "))
	case len(match) == 0:
		return nil, fmt.Errorf("--input %q: no input is called that: choose one of %s", input, strings.Join(names, ", "))
	case len(match) > 1:
		return nil, fmt.Errorf("--input %q: %d inputs are called that: choose by number one of %s", input, len(match), strings.Join(names, ", "))
	}
	return match[0], nil
}

// titlesOf are the alias and the tag of an input.
func titlesOf(in *yaml.Node, env lookup) []string {
	var out []string
	for _, key := range []string{"alias", "tag"} {
		if v := child(in, key); v != nil && v.Value != "" {
			text, _ := expand(v.Value, env)
			out = append(out, text)
		}
	}
	return out
}

// child returns the value of a key of a map, nil where there is none.
func child(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if snake(node.Content[i].Value) == key {
			return plain(node.Content[i+1])
		}
	}
	return nil
}

// plain is what an alias stands for.
func plain(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// readEntries reads the keys of an input.
func readEntries(node *yaml.Node, env lookup) (block, error) {
	var b block
	lines := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], plain(node.Content[i+1])
		e := entry{key: snake(name.Value), line: name.Line}
		if e.key == "name" && !strings.EqualFold(value.Value, plugin) {
			return b, fmt.Errorf("line %d: is an input of another plugin, and not of %s", name.Line, plugin)
		}
		if first := lines[e.key]; first > 0 {
			return b, fmt.Errorf("line %d: key %q is there twice, first in line %d: keep one of them", e.line, e.key, first)
		}
		lines[e.key] = e.line
		text, err := scalars(value)
		if err != nil {
			if !isOption(e.key) {
				// Whether it is one at all is told later.
				b.entries = append(b.entries, e)
				continue
			}
			return b, fmt.Errorf("line %d: %s: %w", e.line, e.key, err)
		}
		var unset []string
		e.value, unset = expand(text, env)
		e.value = strings.TrimSpace(e.value)
		if isOption(e.key) {
			for _, variable := range unset {
				b.warnings = append(b.warnings, fmt.Sprintf("line %d: variable ${%s} is used but not set", e.line, variable))
			}
		}
		b.entries = append(b.entries, e)
	}
	return b, nil
}

// scalars returns a value as it is written; a list with commas in between.
func scalars(node *yaml.Node) (string, error) {
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return "", nil
	case node.Kind == yaml.ScalarNode:
		return node.Value, nil
	case node.Kind != yaml.SequenceNode:
		return "", errors.New("is neither a text nor a list of texts")
	}
	var all []string
	for _, item := range node.Content {
		if item = plain(item); item.Kind != yaml.ScalarNode {
			return "", errors.New("is neither a text nor a list of texts")
		}
		all = append(all, item.Value)
	}
	return strings.Join(all, ","), nil
}

// snake is a key as Fluent Bit takes it: kubeConfig is kube_config.
func snake(key string) string {
	if key == "" || key[0] < 'a' || key[0] > 'z' || strings.Contains(key, "_") {
		return strings.ToLower(key)
	}
	var out strings.Builder
	for _, r := range key {
		if r >= 'A' && r <= 'Z' {
			out.WriteByte('_')
		}
		out.WriteRune(r)
	}
	return strings.ToLower(out.String())
}
