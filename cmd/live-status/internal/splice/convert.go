package splice

import (
	"encoding/json"
	"errors"

	"go.yaml.in/yaml/v3"
)

// The reasons for which a YAML document cannot be redacted.
var (
	errYAML      = errors.New("no valid YAML")
	errMany      = errors.New("more than one document where one was expected")
	errRecursive = errors.New("an anchor contains itself")
	errTooLong   = errors.New("longer than can be examined, its aliases unfolded")
	errKey       = errors.New("a key that is no string")
	errMerge     = errors.New("a merge key of something that means another thing there")
	errPlaced    = errors.New("what was redacted could not be put back in its place")
)

// maxJSON is how long a YAML document may be as JSON, in bytes, and maxSteps how
// many values it may have; maxNested is how deep.
const (
	maxJSON   = 4 << 20
	maxSteps  = 1 << 20
	maxNested = 256
)

// convert writes YAML as JSON. Merged members come behind those of the mapping
// itself, aliases are unfolded.
type convert struct {
	b     []byte
	steps int
	depth int
	busy  map[*yaml.Node]bool
}

// toJSON returns a YAML value as JSON.
func toJSON(n *yaml.Node) (string, error) {
	c := convert{busy: map[*yaml.Node]bool{}}
	if err := c.value(n); err != nil {
		return "", err
	}
	return string(c.b), nil
}

func (c *convert) value(n *yaml.Node) error {
	c.steps++
	c.depth++
	defer func() { c.depth-- }()
	if len(c.b) > maxJSON || c.steps > maxSteps || c.depth > maxNested {
		return errTooLong
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return c.value(n.Content[0])
	case yaml.AliasNode:
		return c.value(n.Alias)
	case yaml.SequenceNode:
		return c.sequence(n)
	case yaml.MappingNode:
		return c.mapping(n)
	case yaml.ScalarNode:
		c.b = append(c.b, scalarJSON(n)...)
		return nil
	default:
		return errYAML
	}
}

// enter keeps a node from containing itself.
func (c *convert) enter(n *yaml.Node) (leave func(), err error) {
	if c.busy[n] {
		return nil, errRecursive
	}
	c.busy[n] = true
	return func() { delete(c.busy, n) }, nil
}

func (c *convert) sequence(n *yaml.Node) error {
	leave, err := c.enter(n)
	if err != nil {
		return err
	}
	defer leave()
	c.b = append(c.b, '[')
	for i, kid := range n.Content {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		if err := c.value(kid); err != nil {
			return err
		}
	}
	c.b = append(c.b, ']')
	return nil
}

func (c *convert) mapping(n *yaml.Node) error {
	leave, err := c.enter(n)
	if err != nil {
		return err
	}
	defer leave()
	all, err := members(n, &c.steps, 0)
	if err != nil {
		return err
	}
	c.b = append(c.b, '{')
	for i, m := range all {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.b = append(append(c.b, quote(scalar(m.key).Value)...), ':')
		if err := c.value(m.value); err != nil {
			return err
		}
	}
	c.b = append(c.b, '}')
	return nil
}

// member is a member of a mapping.
type member struct {
	key, value *yaml.Node
	// merged is set where it stands in another mapping.
	merged bool
}

// scalar is the node itself, or what it is an alias of.
func scalar(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// members returns the members of a mapping, its own first.
func members(n *yaml.Node, steps *int, depth int) ([]member, error) {
	if depth > maxNested {
		return nil, errRecursive
	}
	var own []member
	var merged []*yaml.Node
	names := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if scalar(key).Kind != yaml.ScalarNode {
			return nil, errKey
		}
		if *steps++; *steps > maxSteps {
			return nil, errTooLong
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		names[scalar(key).Value] = true
		own = append(own, member{key: key, value: value})
	}
	for _, from := range merged {
		more, err := mergedMembers(from, steps, depth+1)
		if err != nil {
			return nil, err
		}
		for _, m := range more {
			if !names[scalar(m.key).Value] {
				names[scalar(m.key).Value] = true
				own = append(own, member{key: m.key, value: m.value, merged: true})
			}
		}
	}
	return own, nil
}

// mergedMembers are those of a mapping that is merged, or of several.
func mergedMembers(from *yaml.Node, steps *int, depth int) ([]member, error) {
	if depth > maxNested {
		return nil, errRecursive
	}
	var out []member
	switch from.Kind {
	case yaml.AliasNode:
		if from.Alias.Kind != yaml.MappingNode {
			return nil, errMerge
		}
		return members(from.Alias, steps, depth)
	case yaml.SequenceNode:
		for _, kid := range from.Content {
			more, err := mergedMembers(kid, steps, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
		return out, nil
	case yaml.MappingNode:
		return members(from, steps, depth)
	default:
		return nil, errMerge
	}
}

// scalarJSON is a scalar as JSON: what JSON cannot say as it is written is a
// string.
func scalarJSON(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!null":
		return "null"
	case "!!bool":
		switch n.Value {
		case "true", "True", "TRUE":
			return "true"
		case "false", "False", "FALSE":
			return "false"
		}
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return n.Value
		}
	}
	return quote(n.Value)
}
