package monitoring

import (
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

// labelSet are the labels that the series of an expression can have.
type labelSet map[string]bool

func set(names ...string) labelSet {
	s := labelSet{}
	for _, n := range names {
		s[n] = true
	}
	return s
}

// scraped are the labels that every target has.
var scraped = []string{"job", "instance"}

// checker follows labels through expressions.
type checker struct {
	// metrics are the labels of each metric that there is.
	metrics  map[string]labelSet
	problems []string
}

func (c *checker) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// labels returns which labels the result of an expression can have, and notes what the
// expression names that there is not.
func (c *checker) labels(expr parser.Expr) labelSet {
	switch e := expr.(type) {
	case *parser.VectorSelector:
		return c.selector(e)
	case *parser.MatrixSelector:
		return c.labels(e.VectorSelector)
	case *parser.SubqueryExpr:
		return c.labels(e.Expr)
	case *parser.ParenExpr:
		return c.labels(e.Expr)
	case *parser.UnaryExpr:
		return c.labels(e.Expr)
	case *parser.StepInvariantExpr:
		return c.labels(e.Expr)
	case *parser.AggregateExpr:
		return c.aggregate(e)
	case *parser.BinaryExpr:
		return c.binary(e)
	case *parser.Call:
		out := labelSet{}
		for _, arg := range e.Args {
			maps.Copy(out, c.labels(arg))
		}
		if e.Func.Name == "absent" || e.Func.Name == "vector" || e.Func.Name == "scalar" {
			return labelSet{}
		}
		return out
	case *parser.NumberLiteral, *parser.StringLiteral:
		return labelSet{}
	}
	c.problem("an expression %T is not known here", expr)
	return labelSet{}
}

func (c *checker) selector(s *parser.VectorSelector) labelSet {
	known, ok := c.metrics[s.Name]
	if !ok {
		c.problem("there is no metric %s", s.Name)
		return labelSet{}
	}
	out := maps.Clone(known)
	for _, name := range scraped {
		out[name] = true
	}
	for _, m := range s.LabelMatchers {
		if m.Name != "__name__" && !out[m.Name] {
			c.problem("%s has no label %s", s.Name, m.Name)
		}
	}
	return out
}

func (c *checker) aggregate(a *parser.AggregateExpr) labelSet {
	inner := c.labels(a.Expr)
	c.has(inner, a.Grouping, a.String())
	switch {
	case a.Op == parser.TOPK || a.Op == parser.BOTTOMK:
		return inner
	case a.Without:
		for _, name := range a.Grouping {
			delete(inner, name)
		}
		return inner
	}
	return set(a.Grouping...)
}

func (c *checker) binary(b *parser.BinaryExpr) labelSet {
	left, right := c.labels(b.LHS), c.labels(b.RHS)
	m := b.VectorMatching
	if m == nil {
		// One of them is a number.
		maps.Copy(left, right)
		return left
	}
	if m.On {
		c.has(left, m.MatchingLabels, b.LHS.String())
		c.has(right, m.MatchingLabels, b.RHS.String())
	}
	switch b.Op {
	case parser.LAND, parser.LUNLESS:
		return left
	case parser.LOR:
		maps.Copy(left, right)
		return left
	}
	many, one := left, right
	if m.Card == parser.CardOneToMany {
		many, one = right, left
	}
	c.has(one, m.Include, b.String())
	if m.Card == parser.CardOneToOne {
		if m.On && !b.Op.IsComparisonOperator() {
			return set(m.MatchingLabels...)
		}
		return many
	}
	for _, name := range m.Include {
		many[name] = true
	}
	return many
}

func (c *checker) has(labels labelSet, names []string, where string) {
	for _, name := range names {
		if !labels[name] {
			c.problem("%s has no label %s; it has %v", where, name, slices.Sorted(maps.Keys(labels)))
		}
	}
}
