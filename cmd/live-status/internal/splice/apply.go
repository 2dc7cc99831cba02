package splice

import (
	"go.yaml.in/yaml/v3"
)

// change is a scalar that says something else now.
type change struct {
	node *yaml.Node
	// was is the node before.
	was yaml.Node
}

// apply puts redacted values into the nodes that they came from.
type apply struct {
	// became is what the nodes say by now, and names what keys do.
	became map[*yaml.Node]*value
	names  map[*yaml.Node]string
	// changes are those of single scalars; whole is set where more than that
	// changed.
	changes []change
	whole   bool
	steps   int
}

func (a *apply) value(n *yaml.Node, v *value) error {
	if n.Kind == yaml.AliasNode {
		if b := a.became[n.Alias]; b == nil || !b.same(v) {
			// It means something else here than where it was written.
			a.replace(n, v)
		}
		return nil
	}
	a.became[n] = v
	switch {
	case n.Kind == yaml.ScalarNode:
		return a.scalar(n, v)
	case v.kind == '"':
		a.replace(n, v)
		return nil
	case n.Kind == yaml.SequenceNode && v.kind == '[' && len(v.kids) == len(n.Content):
		for i, kid := range n.Content {
			if err := a.value(kid, v.kids[i]); err != nil {
				return err
			}
		}
		return nil
	case n.Kind == yaml.MappingNode && v.kind == '{':
		return a.mapping(n, v)
	}
	return errPlaced
}

func (a *apply) scalar(n *yaml.Node, v *value) error {
	if v.kind == '{' || v.kind == '[' {
		return errPlaced
	}
	was, err := parse(scalarJSON(n))
	if err != nil {
		return errPlaced
	}
	if was.same(v) {
		return nil
	}
	if v.kind != '"' {
		return errPlaced
	}
	a.change(n, v.text)
	return nil
}

// change makes a string of a scalar.
func (a *apply) change(n *yaml.Node, text string) {
	a.changes = append(a.changes, change{node: n, was: *n})
	n.Value, n.Tag = text, "!!str"
	n.Style &^= yaml.TaggedStyle
}

func (a *apply) mapping(n *yaml.Node, v *value) error {
	all, err := members(n, &a.steps, 0)
	if err != nil {
		return err
	}
	if len(all) != len(v.kids) {
		return errPlaced
	}
	// Names decide which members are merged, so that they change last.
	for i, m := range all {
		if m.merged {
			// It is written elsewhere, and has to mean the same there.
			became := a.became[m.value]
			if m.value.Kind == yaml.AliasNode {
				became = a.became[m.value.Alias]
			}
			name, renamed := a.names[m.key]
			if !renamed {
				name = scalar(m.key).Value
			}
			if became == nil || !became.same(v.kids[i]) || name != v.keys[i] {
				return errMerge
			}
			continue
		}
		if err := a.value(m.value, v.kids[i]); err != nil {
			return err
		}
	}
	for i, m := range all {
		if m.merged || scalar(m.key).Value == v.keys[i] {
			continue
		}
		a.names[m.key] = v.keys[i]
		if m.key.Kind == yaml.AliasNode {
			a.replace(m.key, &value{kind: '"', text: v.keys[i]})
		} else {
			a.change(m.key, v.keys[i])
		}
	}
	return nil
}

// replace puts a new node in place of one.
func (a *apply) replace(n *yaml.Node, v *value) {
	a.whole = true
	head, line, foot := n.HeadComment, n.LineComment, n.FootComment
	*n = *fresh(v)
	n.HeadComment, n.LineComment, n.FootComment = head, line, foot
}

// fresh is a node that says v.
func fresh(v *value) *yaml.Node {
	switch v.kind {
	case '{', '[':
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if v.kind == '{' {
			n.Kind = yaml.MappingNode
		}
		for i, kid := range v.kids {
			if v.kind == '{' {
				n.Content = append(n.Content, fresh(&value{kind: '"', text: v.keys[i]}))
			}
			n.Content = append(n.Content, fresh(kid))
		}
		return n
	case '"':
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v.text}
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: v.text}
	}
}
