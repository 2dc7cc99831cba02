package generic

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parseConditionTest reads Type=Status[attribute]@path.
func parseConditionTest(word string) (test, []string, error) {
	word, at, elsewhere := strings.Cut(word, "@")
	var from path
	if elsewhere {
		var rest string
		var err error
		if from, rest, err = parsePath(at); err != nil || rest != "" {
			return nil, nil, fmt.Errorf("read the path of conditions: %w", errors.Join(err, unread(rest)))
		}
	}
	word, attributes, err := parseAttributes(word)
	if err != nil {
		return nil, nil, err
	}
	end := strings.IndexAny(word, "!=")
	if end < 0 {
		end = len(word)
	}
	types := strings.Split(word[:end], "|")
	op, rest := splitOperator(word[end:])
	if types[0] == "" || op != "=" && op != "!=" && op != "" {
		return nil, nil, fmt.Errorf("cannot read the test %q", word)
	}
	statuses := literals(rest)
	holds := func(s *subject, c *condition) bool {
		if types[0] != "*" && !slices.Contains(types, c.kind) {
			return false
		}
		if op != "" && !matches(op, c.status, statuses) {
			return false
		}
		for _, a := range attributes {
			if !a(s, c) {
				return false
			}
		}
		return true
	}
	named := types
	if types[0] == "*" {
		named = nil
	}
	if elsewhere {
		return func(s *subject, found *finding) bool {
			held := false
			from.walk(s.object, func(list any) bool {
				for _, c := range conditionsOf(nil, list) {
					if holds(s, &c) {
						s.last, held = c, true
						found.condition = &s.last
						return false
					}
				}
				return true
			})
			return held
		}, nil, nil
	}
	return func(s *subject, found *finding) bool {
		if s.only != nil {
			return holds(s, s.only)
		}
		for i := range s.conditions {
			if holds(s, &s.conditions[i]) {
				found.condition = &s.conditions[i]
				return true
			}
		}
		return false
	}, named, nil
}

// parseAttributes reads what stands in brackets at the end of word.
func parseAttributes(word string) (string, []func(*subject, *condition) bool, error) {
	var attributes []func(*subject, *condition) bool
	for strings.HasSuffix(word, "]") {
		start := strings.LastIndexByte(word, '[')
		if start < 0 {
			return "", nil, fmt.Errorf("no [ in %q", word)
		}
		inner := word[start+1 : len(word)-1]
		word = word[:start]
		switch inner {
		case "stale":
			attributes = append(attributes, func(s *subject, c *condition) bool { return c.stale(s.generation) })
			continue
		case "current":
			attributes = append(attributes, func(s *subject, c *condition) bool {
				seen, _ := integer(c.fields["observedGeneration"])
				return seen == s.generation
			})
			continue
		case "last":
			attributes = append(attributes, func(_ *subject, c *condition) bool { return c.last })
			continue
		}
		end := strings.IndexAny(inner, "!=^*")
		if end < 0 {
			return "", nil, fmt.Errorf("cannot read the attribute %q", inner)
		}
		name := inner[:end]
		op, rest := splitOperator(inner[end:])
		values := literals(rest)
		attributes = append(attributes, func(_ *subject, c *condition) bool {
			return matches(op, text(c.fields[name]), values)
		})
	}
	return word, attributes, nil
}

// operand is what a field test compares.
type operand struct {
	// prefix is # for the number of elements, + for their sum.
	prefix   byte
	path     path
	fallback string
}

func parseOperand(s string) (operand, string, error) {
	var o operand
	if s[0] == '#' || s[0] == '+' {
		o.prefix, s = s[0], s[1:]
	}
	p, rest, err := parsePath(s)
	if err != nil || len(p.steps) == 0 {
		return o, "", fmt.Errorf("read the field %q: %w", s, errors.Join(err, errNoField(p)))
	}
	o.path = p
	if after, ok := strings.CutPrefix(rest, "?"); ok {
		end := 0
		for end < len(after) && isName(after[end]) {
			end++
		}
		o.fallback, rest = after[:end], after[end:]
	}
	return o, rest, nil
}

func errNoField(p path) error {
	if len(p.steps) > 0 {
		return nil
	}
	return errors.New("no field")
}

// value returns the operand as text; false where the object lacks it. Maps and
// lists are empty texts that are there.
func (o *operand) value(s *subject) (string, bool) {
	v := o.path.get(s.object)
	switch o.prefix {
	case '#':
		switch v := v.(type) {
		case []any:
			return strconv.Itoa(len(v)), true
		case map[string]any:
			return strconv.Itoa(len(v)), true
		}
		return o.fallback, o.fallback != ""
	case '+':
		sum := 0.0
		o.path.walk(s.object, func(v any) bool {
			n, _ := number(v)
			sum += n
			return true
		})
		return strconv.FormatFloat(sum, 'f', -1, 64), true
	}
	return o.present(v)
}

func (o *operand) present(v any) (string, bool) {
	if v == nil {
		return o.fallback, o.fallback != ""
	}
	word, _ := scalar(v)
	return word, true
}

// parseFieldTest reads .path, .path=value and .path<.path.
func parseFieldTest(word string) (test, error) {
	left, rest, err := parseOperand(word)
	if err != nil {
		return nil, err
	}
	op, rest := splitOperator(rest)
	if op == "" {
		if rest != "" {
			return nil, unread(rest)
		}
		return func(s *subject, _ *finding) bool {
			return left.any(s, func(_ string, ok bool) bool { return ok })
		}, nil
	}
	right, err := parseRight(rest)
	if err != nil {
		return nil, err
	}
	tells := left.prefix == 0 && (op == "=" || op == "^=") && (left.path.steps[0].name == "status" || left.path.steps[0].name == "metadata")
	return func(s *subject, found *finding) bool {
		var value string
		held := left.any(s, func(v string, ok bool) bool {
			value = v
			return right.compare(s, op, v, ok)
		})
		if held && tells && found.value == "" && !isPlain(value) {
			found.value = value
		}
		return held
	}, nil
}

// isPlain reports whether value is a number or boolean, which tells nobody what
// it is about.
func isPlain(value string) bool {
	if value == "true" || value == "false" {
		return true
	}
	_, ok := number(value)
	return ok
}

// any reports whether holds does for the operand, or for one of the values of a
// path through elements.
func (o *operand) any(s *subject, holds func(value string, ok bool) bool) bool {
	if o.prefix != 0 || !o.path.many {
		return holds(o.value(s))
	}
	held := false
	o.path.walk(s.object, func(v any) bool {
		held = holds(o.present(v))
		return !held
	})
	return held
}

// right is the right side of a comparison: a field or literals.
type right struct {
	field  *operand
	values []string
}

func parseRight(s string) (right, error) {
	if len(s) > 1 && (s[0] == '.' || s[0] == '#' || s[0] == '+') {
		o, rest, err := parseOperand(s)
		return right{field: &o}, errors.Join(err, unread(rest))
	}
	return right{values: literals(s)}, nil
}

func (r *right) compare(s *subject, op, value string, ok bool) bool {
	values := r.values
	if r.field != nil {
		other, there := r.field.value(s)
		if !there {
			return op == "!=" && ok || op == "=" && !ok
		}
		values = []string{other}
	}
	switch op {
	case "=", "^=", "*=":
		return ok && matches(op, value, values)
	case "!=":
		return !ok || matches(op, value, values)
	}
	a, isNumber := number(value)
	b, both := number(values[0])
	if !ok || !isNumber || !both {
		return false
	}
	switch op {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	default:
		return a >= b
	}
}
