package main

import (
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// withVariables adds the variables of the section env, which outweigh those of the
// environment, and HOSTNAME, as Fluent Bit does.
func withVariables(section *yaml.Node, env lookup) (lookup, error) {
	set := map[string]string{}
	add := func(name, value *yaml.Node) error {
		if name == nil || value == nil || value.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: env: write NAME: value", section.Line)
		}
		set[name.Value] = value.Value
		return nil
	}
	switch {
	case section == nil:
	case section.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(section.Content); i += 2 {
			if err := add(section.Content[i], plain(section.Content[i+1])); err != nil {
				return nil, err
			}
		}
	case section.Kind == yaml.SequenceNode:
		for _, item := range section.Content {
			if child(item, "uri") != nil {
				// It is read by Fluent Bit; where it is used, it is missing here.
				continue
			}
			if err := add(child(item, "name"), child(item, "value")); err != nil {
				return nil, err
			}
		}
	}
	return func(name string) (string, bool) {
		if value, ok := set[name]; ok {
			return value, true
		}
		if value, ok := env(name); ok || name != "HOSTNAME" {
			return value, ok
		}
		value, err := os.Hostname()
		return value, err == nil
	}, nil
}

// expand replaces ${NAME} and ${NAME:-otherwise}, and returns the names of variables
// that are not set, for which nothing stands then.
func expand(text string, env lookup) (expanded string, unset []string) {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed || name == "" {
			out.WriteString(text)
			return out.String(), unset
		}
		out.WriteString(before)
		name, otherwise, fallback := strings.Cut(name, ":-")
		value, found := env(name)
		switch {
		case found && (value != "" || !fallback):
			out.WriteString(value)
		case fallback:
			out.WriteString(otherwise)
		default:
			unset = append(unset, name)
		}
		text = after
	}
}
