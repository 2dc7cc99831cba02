package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"go.yaml.in/yaml/v3"

	"github.com/fluent-live/live-status/pipeline/event"
)

// option is what users set the file with.
const option = "application_rules_file"

// Limits of a file of own rules. A file of this size has room for the rules at
// their longest; more rules than that would be tried on every record.
const (
	maxFile     = 1 << 20
	maxRules    = 100
	maxProblems = 10
	maxShown    = 120
)

// ruleKeys are the keys of a rule.
var ruleKeys = [...]string{"name", "when", "application", "namespace", "version", "environment", "tenant", "first"}

// load reads the file of own rules.
func load(path string) ([]*own, error) {
	b, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("%s %q: cannot be read: %w; check the path and its permissions", option, path, err)
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s %q: is longer than 1 MiB; leave rules out", option, path)
	}
	rules, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", option, path, err)
	}
	return rules, nil
}

// read returns up to one byte more than a file may have.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return b, cause(err)
}

// cause is an error without the path, which the message has already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// problems are mistakes in a file; those beyond the limit are counted.
type problems struct {
	found []string
	more  int
}

func (p *problems) add(line int, rule, format string, args ...any) {
	if len(p.found) == maxProblems {
		p.more++
		return
	}
	where := "line " + strconv.Itoa(line) + ": "
	if rule != "" {
		where += "rule " + strconv.Quote(shorten(rule)) + ": "
	}
	p.found = append(p.found, where+fmt.Sprintf(format, args...))
}

func (p *problems) err() error {
	if len(p.found) == 0 {
		return nil
	}
	s := strings.Join(p.found, "\n")
	if p.more > 0 {
		s += fmt.Sprintf("\nand %d more", p.more)
	}
	return errors.New(s)
}

// parse reads rules.
func parse(b []byte) ([]*own, error) {
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, errors.New("has no rules; write `rules:` and a list, or leave the option out")
	} else if err != nil {
		return nil, fmt.Errorf("is not YAML: %s; check the indentation, and quote expressions", shorten(strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more than one document; write all rules into one list, without ---")
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("has no rules; write `rules:` and a list, or leave the option out")
	}
	var p problems
	items := list(&p, doc.Content[0])
	if err := p.err(); err != nil {
		return nil, err
	}
	c, err := newCompiler()
	if err != nil {
		return nil, err
	}
	shared := &values{}
	var rules []*own
	lines := map[event.Rule]int{}
	for _, item := range items {
		r := one(&p, c, item)
		if r == nil {
			continue
		}
		if line, ok := lines[r.name]; ok {
			p.add(item.Line, strings.TrimPrefix(string(r.name), ownPrefix), "there is a rule of this name in line %d already; give each its own", line)
			continue
		}
		lines[r.name] = item.Line
		r.values = shared
		rules = append(rules, r)
	}
	return rules, p.err()
}

// list returns the items of rules.
func list(p *problems, root *yaml.Node) []*yaml.Node {
	if root.Kind != yaml.MappingNode {
		p.add(root.Line, "", "is not a mapping; write `rules:` and a list")
		return nil
	}
	var rules *yaml.Node
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch key := root.Content[i]; {
		case key.Value != "rules":
			p.add(key.Line, "", "unknown key %q; the one key is rules", shorten(key.Value))
		case rules != nil:
			p.add(key.Line, "", "rules is there twice; write all into one list")
		default:
			rules = root.Content[i+1]
		}
	}
	switch {
	case rules == nil:
		if len(p.found) == 0 {
			p.add(root.Line, "", "has no rules; write `rules:` and a list, or leave the option out")
		}
		return nil
	case rules.Kind != yaml.SequenceNode:
		p.add(rules.Line, "", "rules is not a list; begin each rule with a dash")
		return nil
	case len(rules.Content) > maxRules:
		p.add(rules.Line, "", "has %d rules, more than %d; put several labels into one rule with ||", len(rules.Content), maxRules)
		return nil
	}
	return rules.Content
}

// one reads a rule; nil if it has a mistake.
func one(p *problems, c compiler, item *yaml.Node) *own {
	if item.Kind != yaml.MappingNode {
		p.add(item.Line, "", "a rule is not a mapping; write name, when and application")
		return nil
	}
	fields := map[string]*yaml.Node{}
	name := ""
	before := len(p.found) + p.more
	for i := 0; i+1 < len(item.Content); i += 2 {
		if item.Content[i].Value == "name" && item.Content[i+1].Kind == yaml.ScalarNode {
			name = item.Content[i+1].Value
		}
	}
	for i := 0; i+1 < len(item.Content); i += 2 {
		key, v := item.Content[i], item.Content[i+1]
		switch {
		case !slices.Contains(ruleKeys[:], key.Value):
			p.add(key.Line, name, "unknown key %q; the keys are %s", shorten(key.Value), strings.Join(ruleKeys[:], ", "))
		case fields[key.Value] != nil:
			p.add(key.Line, name, "%s is there twice; leave one out", key.Value)
		case v.Kind != yaml.ScalarNode:
			p.add(v.Line, name, "%s is not a text; quote it", key.Value)
		default:
			fields[key.Value] = v
		}
	}
	if !named(name, maxLabel) || strings.ToLower(name) != name {
		p.add(item.Line, name, "name is missing or cannot be used; write up to %d lower-case letters, digits, dots and dashes", maxLabel)
	}
	r := &own{name: event.Rule(ownPrefix + name)}
	for _, e := range []struct {
		key  string
		is   *cel.Type
		must bool
		to   *cel.Program
	}{
		{"when", cel.BoolType, true, &r.when},
		{"application", cel.StringType, true, &r.application},
		{"namespace", cel.StringType, false, &r.namespace},
		{"version", cel.StringType, false, &r.version},
		{"environment", cel.StringType, false, &r.environment},
		{"tenant", cel.StringType, false, &r.tenant},
	} {
		v, ok := fields[e.key]
		switch {
		case ok:
			program, annotations, err := c.compile(v.Value, e.is)
			if err != nil {
				p.add(v.Line, name, "%s: %v", e.key, err)
				continue
			}
			*e.to = program
			r.annotations = append(r.annotations, annotations...)
		case e.must:
			p.add(item.Line, name, "%s is missing; write a CEL expression", e.key)
		}
	}
	if v, ok := fields["first"]; ok {
		switch {
		case v.Tag == "!!bool" && v.Value == "true":
			r.first = true
		case v.Tag == "!!bool" && v.Value == "false":
		default:
			p.add(v.Line, name, "first is not true or false; write first: true to have the rule tried before the built-in ones")
		}
	}
	if len(p.found)+p.more != before {
		return nil
	}
	slices.Sort(r.annotations)
	r.annotations = slices.Compact(r.annotations)
	return r
}

func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "..."
}
