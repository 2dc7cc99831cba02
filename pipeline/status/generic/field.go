package generic

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxVisits bounds how many elements of lists and maps one test looks at.
const maxVisits = 4096

// A step goes from a value to one of its fields, or to each of its elements.
type step struct {
	name string
	each bool
}

// A path names fields of an object, as .spec.nodeSets[].count does.
type path struct {
	steps []step
	many  bool
}

// parsePath reads the path that s begins with and returns what follows it.
func parsePath(s string) (path, string, error) {
	var p path
	for s != "" {
		switch {
		case strings.HasPrefix(s, "[]"):
			p.steps, p.many, s = append(p.steps, step{each: true}), true, s[2:]
		case s[0] == '{':
			name, rest, ok := strings.Cut(s[1:], "}")
			if !ok || name == "" {
				return p, "", fmt.Errorf("no name in braces at %q", s)
			}
			p.steps, s = append(p.steps, step{name: name}), rest
		case s[0] == '.':
			end := 1
			for end < len(s) && isName(s[end]) {
				end++
			}
			if end == 1 {
				return p, "", fmt.Errorf("no field name at %q", s)
			}
			p.steps, s = append(p.steps, step{name: s[1:end]}), s[end:]
		default:
			return p, s, nil
		}
	}
	return p, s, nil
}

func isName(b byte) bool {
	return b == '_' || b == '-' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// get returns the value at p, nil where there is none. Paths through elements
// have none.
func (p *path) get(v any) any {
	for _, s := range p.steps {
		if s.each {
			return nil
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[s.name]
	}
	return v
}

// walk calls visit with every value at p, nil for fields that an element lacks,
// until visit returns false or maxVisits were visited.
func (p *path) walk(v any, visit func(any) bool) {
	budget := maxVisits
	walkSteps(p.steps, v, &budget, visit)
}

func walkSteps(steps []step, v any, budget *int, visit func(any) bool) bool {
	for i, s := range steps {
		if !s.each {
			m, _ := v.(map[string]any)
			v = m[s.name]
			continue
		}
		switch list := v.(type) {
		case []any:
			for _, item := range list {
				if *budget--; *budget < 0 || !walkSteps(steps[i+1:], item, budget, visit) {
					return false
				}
			}
		case map[string]any:
			// In order, so that of several that would do it is always the same.
			for _, name := range slices.Sorted(maps.Keys(list)) {
				if *budget--; *budget < 0 || !walkSteps(steps[i+1:], list[name], budget, visit) {
					return false
				}
			}
		}
		return true
	}
	return visit(v)
}

// join returns the texts at p as one, cut to maxText.
func (p *path) join(v any) string {
	var b strings.Builder
	p.walk(v, func(v any) bool {
		if word, ok := scalar(v); ok && word != "" {
			if b.Len() > 0 {
				b.WriteString("; ")
			}
			b.WriteString(cut(word))
		}
		return b.Len() <= maxText
	})
	return cut(b.String())
}

// scalar returns v as the text that YAML shows for it; false for maps, lists and
// nothing.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case int:
		return strconv.Itoa(v), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return strconv.FormatInt(int64(v), 10), true
		}
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case json.Number:
		return v.String(), true
	default:
		return "", false
	}
}

// number returns v as a number, also that which a string holds.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v)
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		if len(v) == 0 || len(v) > 24 {
			return 0, false
		}
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && !math.IsNaN(f)
	default:
		return 0, false
	}
}

func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	}
	f, ok := number(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}
