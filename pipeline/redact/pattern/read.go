package pattern

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// examples are texts with which a rule is tested. Each is a string or a list
// of parts to join, so that the file itself holds nothing that looks like a
// credential.
type examples struct {
	// found are texts that the rule must find a secret in, and left such that
	// it must leave as they are.
	found, left []string
}

var (
	idShape = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}/[a-z0-9][a-z0-9-]{0,63}$`)
	syntaxE = regexp.MustCompile(`error parsing regexp: (.{1,40}?): `)
)

// reader reads one rules file.
type reader struct {
	name string
	set  *Set
}

// add reads the rules and allow-lists of a file. With check set the examples
// are tried; those of the program are by its tests.
func (s *Set) add(name string, text []byte, check bool) error {
	rd := &reader{name: name, set: s}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("%s: it is not YAML%s; rules are a list under the key rules", name, yamlLine(err))
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: there is more than one YAML document; put all rules under one key rules", name)
	}
	first := len(s.rules)
	err := rd.mapping(doc.Content[0], func(key string, value *yaml.Node) error {
		switch key {
		case "rules":
			return rd.sequence(value, rd.rule)
		case "allow":
			return rd.sequence(value, rd.allowance)
		case "define":
			// A place for YAML anchors.
			return nil
		default:
			return rd.errorf(value, "unknown key; known are rules, allow and define")
		}
	})
	if err != nil || !check {
		return err
	}
	for _, r := range s.rules[first:] {
		if err := r.tryExamples(); err != nil {
			return fmt.Errorf("%s: rule %s: %w", name, r.id, err)
		}
	}
	return nil
}

var lineOfError = regexp.MustCompile(`line (\d{1,9})`)

// yamlLine returns the line that an error of the YAML package names. The rest
// of it may quote the file.
func yamlLine(err error) string {
	if m := lineOfError.FindStringSubmatch(err.Error()); m != nil {
		return " in line " + m[1]
	}
	return ""
}

func (rd *reader) errorf(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", rd.name, n.Line, fmt.Sprintf(format, args...))
}

// resolved follows an alias.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func (rd *reader) mapping(n *yaml.Node, each func(key string, value *yaml.Node) error) error {
	n = resolved(n)
	if n.Kind != yaml.MappingNode {
		return rd.errorf(n, "a mapping is wanted here")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || seen[key.Value] {
			return rd.errorf(key, "a key must be a word that stands once")
		}
		seen[key.Value] = true
		if err := each(key.Value, resolved(n.Content[i+1])); err != nil {
			return err
		}
	}
	return nil
}

func (rd *reader) sequence(n *yaml.Node, each func(*yaml.Node) error) error {
	if n = resolved(n); n.Kind != yaml.SequenceNode {
		return rd.errorf(n, "a list is wanted here")
	}
	for _, item := range n.Content {
		if err := each(resolved(item)); err != nil {
			return err
		}
	}
	return nil
}

func (rd *reader) text(n *yaml.Node, dst *string) error {
	if n = resolved(n); n.Kind != yaml.ScalarNode {
		return rd.errorf(n, "a string is wanted here")
	}
	*dst = n.Value
	return nil
}

func (rd *reader) number(n *yaml.Node, dst *int, most int) error {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < 0 || i > most {
		return rd.errorf(n, "a number from 0 to %d is wanted here", most)
	}
	*dst = i
	return nil
}

// regexps reads a list of expressions, of which lists are flattened.
func (rd *reader) regexps(n *yaml.Node, dst *[]*regexp.Regexp) error {
	return rd.sequence(n, func(item *yaml.Node) error {
		if item.Kind == yaml.SequenceNode {
			return rd.regexps(item, dst)
		}
		re, err := rd.regexp(item)
		*dst = append(*dst, re)
		return err
	})
}

func (rd *reader) regexp(n *yaml.Node) (*regexp.Regexp, error) {
	var expr string
	if err := rd.text(n, &expr); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, rd.errorf(n, "%s", reasonOf(err))
	}
	return re, nil
}

// reasonOf says what is wrong with an expression without quoting it.
func reasonOf(err error) string {
	if m := syntaxE.FindStringSubmatch(err.Error()); m != nil {
		return "the expression is not one of RE2: " + m[1]
	}
	return strings.TrimPrefix(err.Error(), "error parsing regexp: ")
}

// strings reads a list of texts, each whole or in parts.
func (rd *reader) strings(n *yaml.Node, dst *[]string) error {
	return rd.sequence(n, func(item *yaml.Node) error {
		var whole string
		if item.Kind != yaml.SequenceNode {
			if err := rd.text(item, &whole); err != nil {
				return err
			}
		} else if err := rd.sequence(item, func(part *yaml.Node) error {
			var s string
			err := rd.text(part, &s)
			whole += s
			return err
		}); err != nil {
			return err
		}
		*dst = append(*dst, whole)
		return nil
	})
}

// allowance reads an item of the list under allow.
func (rd *reader) allowance(n *yaml.Node) error {
	a := allowance{where: fmt.Sprintf("%s:%d", rd.name, n.Line)}
	err := rd.mapping(n, func(key string, value *yaml.Node) error {
		var s string
		if err := rd.text(value, &s); err != nil {
			return err
		}
		var err error
		switch key {
		case "path":
			if a.path, err = newPathGlob(s); err != nil {
				return rd.errorf(value, "path: %s", err)
			}
		case "value":
			a.value, err = rd.regexp(value)
		case "rule":
			a.ruleGlob = s
		default:
			return rd.errorf(value, "unknown key of an allowance; known are path, value and rule")
		}
		return err
	})
	if err != nil {
		return err
	}
	if a.path == nil && a.value == nil {
		return rd.errorf(n, "an allowance needs a path or a value; to switch a rule off use redact_rules_off")
	}
	rd.set.allow = append(rd.set.allow, a)
	return nil
}
