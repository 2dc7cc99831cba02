package generic

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// parseEntries reads the language of kinds.rules.
func parseEntries(source string, codes map[string]func(*subject) (event.Assessment, bool)) ([]*entry, error) {
	var (
		entries []*entry
		current *entry
	)
	for n, line := range strings.Split(source, "\n") {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			current = &entry{kinds: expandKinds(trimmed)}
			entries = append(entries, current)
			continue
		}
		if current == nil {
			return nil, fmt.Errorf("line %d: a verdict before the first kind", n+1)
		}
		if name, ok := strings.CutPrefix(trimmed, "code "); ok {
			name, _, _ := strings.Cut(name, " ")
			code := codes[name]
			if code == nil {
				return nil, fmt.Errorf("line %d: no code %s", n+1, name)
			}
			current.verdicts = append(current.verdicts, verdict{code: code, text: trimmed})
			continue
		}
		v, types, err := parseVerdict(trimmed)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		current.verdicts = append(current.verdicts, v)
		for _, t := range types {
			if !slices.Contains(current.types, t) {
				current.types = append(current.types, t)
			}
		}
	}
	return entries, nil
}

// expandKinds makes group/A,B other/C into group/A, group/B and other/C.
func expandKinds(line string) []string {
	var kinds []string
	for word := range strings.FieldsSeq(line) {
		group, names, _ := strings.Cut(word, "/")
		for name := range strings.SplitSeq(names, ",") {
			kinds = append(kinds, group+"/"+name)
		}
	}
	return kinds
}

func parseVerdict(line string) (verdict, []string, error) {
	v := verdict{text: line}
	words, err := splitTests(line)
	if err != nil {
		return v, nil, err
	}
	if words[0] == "each" {
		v.each, words = true, words[1:]
	}
	if len(words) == 0 {
		return v, nil, errors.New("no health")
	}
	switch health := event.Health(words[0]); health {
	case event.HealthHealthy, event.HealthProgressing, event.HealthDegraded, event.HealthSuspended,
		event.HealthMissing, event.HealthUnknown:
		v.health = health
	case "None":
	default:
		return v, nil, fmt.Errorf("no health %s", health)
	}
	var types []string
	for i, word := range words[1:] {
		if word == ">" {
			if i+3 != len(words) {
				return v, nil, errors.New("one path after >")
			}
			p, rest, err := parsePath(words[i+2])
			if err != nil || rest != "" {
				return v, nil, fmt.Errorf("read the path of the message: %w", errors.Join(err, unread(rest)))
			}
			v.message = &p
			break
		}
		t, names, err := parseTest(word)
		if err != nil {
			return v, nil, err
		}
		v.tests, types = append(v.tests, t), append(types, names...)
	}
	return v, types, nil
}

func unread(rest string) error {
	if rest == "" {
		return nil
	}
	return fmt.Errorf("cannot read %q", rest)
}

// splitTests splits at blanks that are not within quotes.
func splitTests(line string) ([]string, error) {
	var (
		words  []string
		word   strings.Builder
		quoted bool
	)
	for _, r := range line + " " {
		switch {
		case r == '"':
			quoted = !quoted
			word.WriteRune(r)
		case !quoted && (r == ' ' || r == '\t'):
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
		default:
			word.WriteRune(r)
		}
	}
	if quoted {
		return nil, errors.New("a quote is not closed")
	}
	return words, nil
}

// parseTest reads one test and returns the condition types that it names.
func parseTest(word string) (test, []string, error) {
	if rest, ok := strings.CutPrefix(word, "!"); ok {
		t, _, err := parseTest(rest)
		if err != nil {
			return nil, nil, err
		}
		return func(s *subject, _ *finding) bool {
			var ignored finding
			return !t(s, &ignored)
		}, nil, nil
	}
	switch word[0] {
	case '.', '#', '+':
		t, err := parseFieldTest(word)
		return t, nil, err
	default:
		return parseConditionTest(word)
	}
}

// literals splits a|b|"c d".
func literals(s string) []string {
	values := strings.Split(s, "|")
	for i, v := range values {
		values[i] = strings.Trim(v, `"`)
	}
	return values
}

// splitOperator returns the operator that s begins with.
func splitOperator(s string) (op, rest string) {
	for _, op := range []string{"!=", "<=", ">=", "^=", "*=", "=", "<", ">"} {
		if rest, ok := strings.CutPrefix(s, op); ok {
			return op, rest
		}
	}
	return "", s
}

// matches reports whether value is one of the literals, or not, or begins so.
func matches(op, value string, values []string) bool {
	if op == "^=" {
		return slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(value, v) })
	}
	if op == "*=" {
		value = strings.ToLower(cut(value))
		return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(value, v) })
	}
	return slices.Contains(values, value) == (op == "=")
}
