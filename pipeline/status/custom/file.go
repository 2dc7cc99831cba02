package custom

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"go.yaml.in/yaml/v3"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Limits of a file of rules.
const (
	maxRulesFile = 1 << 20
	maxChecks    = 50
	maxProblems  = 10
)

// The keys of a rule and of a check.
var (
	ruleKeys  = [...]string{"kind", "health"}
	checkKeys = [...]string{"when", "health", "reason", "message"}
)

// problems are mistakes in a file; those beyond the limit are counted.
type problems struct {
	found []string
	more  int
}

func (p *problems) add(line int, kind, format string, args ...any) {
	if len(p.found) == maxProblems {
		p.more++
		return
	}
	where := "line " + strconv.Itoa(line) + ": "
	if kind != "" {
		where += "rule " + strconv.Quote(shorten(kind)) + ": "
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

// rules reads a file of rules in CEL.
func (l *loader) rules(b []byte) error {
	if len(b) > maxRulesFile {
		return errors.New("is longer than 1 MiB; leave rules out")
	}
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&doc); err != nil {
		return fmt.Errorf("is not YAML: %s; check the indentation, and quote expressions", shorten(strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("has more than one document; write all rules into one list, without ---")
	}
	if len(doc.Content) == 0 {
		return errForm
	}
	if l.compiler == nil {
		c, err := newCompiler()
		if err != nil {
			return err
		}
		l.compiler = &c
	}
	var p problems
	for _, item := range ruleList(&p, doc.Content[0]) {
		l.rule(&p, item)
	}
	return p.err()
}

// ruleList returns the items of rules.
func ruleList(p *problems, root *yaml.Node) []*yaml.Node {
	fields := mapping(p, root, "", []string{"rules"})
	rules, ok := fields["rules"]
	switch {
	case !ok:
		if len(p.found) == 0 {
			p.add(root.Line, "", "has no rules; write `rules:` and a list")
		}
		return nil
	case rules.Kind != yaml.SequenceNode || len(rules.Content) == 0:
		p.add(rules.Line, "", "rules is not a list; begin each rule with a dash")
		return nil
	case len(rules.Content) > maxRules:
		p.add(rules.Line, "", "has %d rules, more than %d; leave some out", len(rules.Content), maxRules)
		return nil
	}
	return rules.Content
}

// mapping returns the fields of a mapping, which may have these keys.
func mapping(p *problems, n *yaml.Node, kind string, keys []string) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		p.add(n.Line, kind, "is not a mapping; write %s", strings.Join(keys, ", "))
		return nil
	}
	fields := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch key := n.Content[i]; {
		case !slices.Contains(keys, key.Value):
			p.add(key.Line, kind, "unknown key %q; the keys are %s", shorten(key.Value), strings.Join(keys, ", "))
		case fields[key.Value] != nil:
			p.add(key.Line, kind, "%s is there twice; leave one out", key.Value)
		default:
			fields[key.Value] = n.Content[i+1]
		}
	}
	return fields
}

// rule reads a rule.
func (l *loader) rule(p *problems, item *yaml.Node) {
	name := ""
	for i := 0; i+1 < len(item.Content); i += 2 {
		if item.Content[i].Value == "kind" {
			name = item.Content[i+1].Value
		}
	}
	fields := mapping(p, item, name, ruleKeys[:])
	if fields == nil {
		return
	}
	kind, err := parseKind(name)
	if err != nil {
		p.add(item.Line, name, "kind %v; write it as kubectl does, for example Widget.example.com, *.example.com, or Pod", err)
		return
	}
	list, ok := fields["health"]
	if !ok || list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		p.add(item.Line, name, "health is not a list of checks; begin each with a dash")
		return
	}
	if len(list.Content) > maxChecks {
		p.add(list.Line, name, "has %d checks, more than %d; join some with ||", len(list.Content), maxChecks)
		return
	}
	var r celRule
	for i, n := range list.Content {
		c, ok := l.check(p, name, n)
		if ok && c.when == nil && i+1 < len(list.Content) {
			p.add(n.Line, name, "a check without when always applies, so it must be the last")
		}
		r.checks = append(r.checks, c)
	}
	if !l.layer.add(kind, r) {
		p.add(item.Line, name, "there is a rule for this kind already; write all checks into one")
	}
}

// check reads a check.
func (l *loader) check(p *problems, name string, n *yaml.Node) (check, bool) {
	c := check{line: n.Line}
	fields := mapping(p, n, name, checkKeys[:])
	if fields == nil {
		return c, false
	}
	for _, key := range checkKeys {
		if v, ok := fields[key]; ok && v.Kind != yaml.ScalarNode {
			p.add(v.Line, name, "%s is not a text; quote it", key)
			return c, false
		}
	}
	v, ok := fields["health"]
	if ok {
		c.health, ok = healthOf(v.Value)
	}
	if !ok {
		p.add(n.Line, name, "health is not one of %s, %s, %s, %s, %s, %s", event.HealthHealthy, event.HealthProgressing,
			event.HealthDegraded, event.HealthSuspended, event.HealthMissing, event.HealthUnknown)
	}
	for _, e := range []struct {
		key string
		is  *cel.Type
		to  *cel.Program
	}{{"when", cel.BoolType, &c.when}, {"reason", cel.StringType, &c.reason}, {"message", cel.StringType, &c.message}} {
		v, ok := fields[e.key]
		if !ok {
			continue
		}
		program, err := l.compiler.compile(v.Value, e.is)
		if err != nil {
			p.add(v.Line, name, "%s: %v", e.key, err)
			continue
		}
		*e.to = program
	}
	return c, true
}
