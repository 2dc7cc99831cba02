package pattern

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rule reads an item of the list under rules.
func (rd *reader) rule(n *yaml.Node) error {
	r := &rule{before: -1, after: -1}
	var expr *yaml.Node
	if err := rd.mapping(n, func(key string, value *yaml.Node) error {
		if key == "regex" {
			expr = value
		}
		return rd.field(r, key, value)
	}); err != nil {
		return err
	}
	switch {
	case !idShape.MatchString(r.id):
		return rd.errorf(n, "a rule needs an id such as acme/api-token: lower-case letters, digits and hyphens, one slash")
	case rd.set.find(r.id) != nil:
		return rd.errorf(n, "rule %s exists already; choose another id, or switch that one off with redact_rules_off", r.id)
	case len(r.keywords) == 0:
		return rd.errorf(n, "rule %s has no keywords; name what every match contains", r.id)
	case expr == nil:
		return rd.errorf(n, "rule %s has no regex", r.id)
	}
	r.window()
	if err := r.compile(expr.Value); err != nil {
		return rd.errorf(expr, "rule %s: %s", r.id, reasonOf(err))
	}
	for _, k := range r.keywords {
		if set := r.following(k); set != nil && *set == (byteSet{}) {
			return rd.errorf(expr, "rule %s: with that anchor a match begins with a keyword, but the expression does not begin with one of them; leave the anchor out", r.id)
		}
	}
	rd.set.rules = append(rd.set.rules, r)
	return nil
}

func (rd *reader) field(r *rule, key string, value *yaml.Node) error {
	switch key {
	case "id":
		return rd.text(value, &r.id)
	case "description":
		return rd.text(value, &r.description)
	case "keywords":
		return rd.keywords(r, value)
	case "regex":
		var s string
		return rd.text(value, &s)
	case "anchor":
		a, ok := anchors[value.Value]
		if !ok {
			return rd.errorf(value, "an anchor is one of near, keyword and word")
		}
		r.anchor = a
		return nil
	case "before":
		return rd.number(value, &r.before, maxWindow)
	case "after":
		return rd.number(value, &r.after, maxWindow)
	case "entropy":
		e, err := strconv.ParseFloat(value.Value, 64)
		if err != nil || e < 0 || e > 8 {
			return rd.errorf(value, "entropy is a number of bits from 0 to 8")
		}
		r.entropy = e
		return nil
	case "allow":
		return rd.regexps(value, &r.allow)
	case "unless":
		return rd.regexps(value, &r.unless)
	case "examples":
		return rd.mapping(value, func(kind string, list *yaml.Node) error {
			switch kind {
			case "true":
				return rd.strings(list, &r.examples.found)
			case "false":
				return rd.strings(list, &r.examples.left)
			default:
				return rd.errorf(list, "examples are under true or false")
			}
		})
	default:
		return rd.errorf(value, "unknown key of a rule; known are id, description, keywords, regex, anchor, before, after, entropy, allow, unless and examples")
	}
}

func (rd *reader) keywords(r *rule, n *yaml.Node) error {
	var all []string
	if err := rd.strings(n, &all); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, k := range all {
		if k = lowerASCII(k); len(k) < minKeyword {
			return rd.errorf(n, "a keyword has at least %d characters", minKeyword)
		}
		if !seen[k] {
			seen[k] = true
			r.keywords = append(r.keywords, k)
		}
	}
	return nil
}

// window sets what the rule does not say.
func (r *rule) window() {
	if r.before < 0 {
		r.before = nearBefore
	}
	if r.after < 0 {
		r.after = nearAfter
		if r.anchor != anchorNear {
			r.after = anchorAfter
		}
	}
}

func lowerASCII(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c | 0x20
		}
		return c
	}, s)
}

// tryExamples reports the first example that the rule by itself treats
// otherwise than it should.
func (r *rule) tryExamples() error {
	s := &Set{rules: []*rule{r}}
	s.ready()
	for i, text := range r.examples.found {
		if out, ok := s.Replace(text, At{}, nil); !ok || out == text {
			return fmt.Errorf("it does not find its true example number %d", i+1)
		}
	}
	for i, text := range r.examples.left {
		if out, ok := s.Replace(text, At{}, nil); !ok || out != text {
			return fmt.Errorf("it finds something in its false example number %d", i+1)
		}
	}
	return nil
}
