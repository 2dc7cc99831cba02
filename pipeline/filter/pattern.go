package filter

import "strings"

// pattern is a text with wildcards: its literal parts in their order.
type pattern struct {
	// prefix is all of it where there is no wildcard.
	prefix string
	wild   bool
	middle []string
	suffix string
}

func newPattern(s string) pattern {
	parts := strings.Split(s, "*")
	p := pattern{prefix: parts[0]}
	if len(parts) == 1 {
		return p
	}
	p.wild, p.suffix = true, parts[len(parts)-1]
	for _, m := range parts[1 : len(parts)-1] {
		if m != "" {
			p.middle = append(p.middle, m)
		}
	}
	return p
}

// match compares in time linear in s for each literal part: taking the first
// place that fits leaves the most room for the parts that follow.
func (p *pattern) match(s string) bool {
	if !p.wild {
		return s == p.prefix
	}
	if len(s) < len(p.prefix)+len(p.suffix) || !strings.HasPrefix(s, p.prefix) || !strings.HasSuffix(s, p.suffix) {
		return false
	}
	s = s[len(p.prefix) : len(s)-len(p.suffix)]
	for _, m := range p.middle {
		i := strings.Index(s, m)
		if i < 0 {
			return false
		}
		s = s[i+len(m):]
	}
	return true
}

func newPatterns(in []string) []pattern {
	out := make([]pattern, len(in))
	for i, s := range in {
		out[i] = newPattern(s)
	}
	return out
}

func match(ps []pattern, s string) bool {
	for i := range ps {
		if ps[i].match(s) {
			return true
		}
	}
	return false
}
