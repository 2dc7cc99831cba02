package custom

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Limits of an expression. The cost is what an evaluation may take at most: a
// lookup costs 1 and a text 1 for each 10 bytes, so that no object can make a rule
// work longer than some 10 ms. There is no clock to stop it besides: every
// operation has its cost.
const (
	maxExpression = 4 << 10
	maxCost       = 100_000
	maxRegex      = 1_000
	maxNesting    = 50
)

// compiler makes programs of expressions over object.
type compiler struct{ env *cel.Env }

func newCompiler() (compiler, error) {
	env, err := cel.NewEnv(
		cel.Variable("object", cel.MapType(cel.StringType, cel.DynType)),
		cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true),
		ext.Strings(),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(maxNesting),
		cel.RegexProgramSizeLimit(maxRegex),
	)
	if err != nil {
		return compiler{}, fmt.Errorf("set up the language of health rules: %w", err)
	}
	return compiler{env: env}, nil
}

// compile checks an expression, which is to have the type as far as that can be
// told before. An error is for who wrote it.
func (c compiler) compile(source string, want *cel.Type) (cel.Program, error) {
	if strings.TrimSpace(source) == "" {
		return nil, errors.New("is empty; write a CEL expression")
	}
	if len(source) > maxExpression {
		return nil, fmt.Errorf("is longer than %d characters; write several checks", maxExpression)
	}
	checked, issues := c.env.Compile(source)
	if issues.Err() != nil {
		return nil, problem(issues)
	}
	if got := checked.OutputType(); !got.IsExactType(want) && !got.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("yields a value of type %s, not %s", shorten(got.String()), want)
	}
	program, err := c.env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost), cel.InterruptCheckFrequency(100))
	if err != nil {
		return nil, fmt.Errorf("cannot be compiled: %w", err)
	}
	return program, nil
}

// problem is the first of the compiler's complaints, on one line.
func problem(issues *cel.Issues) error {
	all := issues.Errors()
	if len(all) == 0 {
		return issues.Err()
	}
	message, _, _ := strings.Cut(all[0].Message, "\n")
	message = strings.TrimSuffix(message, " (in container '')")
	hint := "see the CEL language definition"
	switch {
	case strings.Contains(message, "undeclared reference"):
		hint = "the one variable is object; texts need quotes"
	case strings.Contains(message, "Syntax error"):
		hint = "compare with ==; texts need quotes, and keys with dots or slashes brackets: object.metadata.labels['example.com/team']"
	}
	return fmt.Errorf("column %d: %s; %s", all[0].Location.Column()+1, shorten(message), hint)
}

// celRule is a rule that is a list of checks.
type celRule struct{ checks []check }

var _ assessor = celRule{}

// check is one of them; the first that applies decides.
type check struct {
	// when is nil where it always applies.
	when   cel.Program
	health event.Health
	// reason and message are nil where there is none.
	reason  cel.Program
	message cel.Program
	line    int
}

func (r celRule) assess(ctx context.Context, obj *unstructured.Unstructured) (verdict, error) {
	activation := map[string]any{"object": obj.Object}
	for i := range r.checks {
		c := &r.checks[i]
		if c.when != nil {
			applies, err := evaluate[types.Bool](ctx, c.when, activation)
			if err != nil {
				return verdict{}, fmt.Errorf("line %d: when: %w", c.line, err)
			}
			if !applies {
				continue
			}
		}
		v := verdict{health: c.health}
		v.reason, v.failed = words(ctx, c.reason, activation, v.failed)
		v.message, v.failed = words(ctx, c.message, activation, v.failed)
		return v, nil
	}
	return verdict{}, nil
}

// words evaluates a text that goes with a verdict. That it cannot be had does not
// change the verdict.
func words(ctx context.Context, program cel.Program, activation map[string]any, failed bool) (string, bool) {
	if program == nil {
		return "", failed
	}
	s, err := evaluate[types.String](ctx, program, activation)
	return string(s), failed || err != nil
}

// evaluate returns the value of an expression. Its errors quote nothing of the
// object.
func evaluate[T types.Bool | types.String](ctx context.Context, program cel.Program, activation map[string]any) (T, error) {
	var none T
	v, _, err := program.ContextEval(ctx, activation)
	if err != nil {
		return none, reasonOf(ctx, err)
	}
	t, ok := v.(T)
	if !ok {
		return none, fmt.Errorf("the value is a %s", shorten(v.Type().TypeName()))
	}
	return t, nil
}

// reasonOf says why an evaluation failed. The language's own errors quote keys and
// values.
func reasonOf(ctx context.Context, err error) error {
	message := err.Error()
	switch {
	case ctx.Err() != nil:
		return errCancel
	case strings.Contains(message, "no such key"):
		return errors.New("a field is missing; ask with has(...) first")
	case strings.Contains(message, "no such overload"):
		return errors.New("a value has another type than the operation takes")
	case strings.Contains(message, "cost limit exceeded"):
		return fmt.Errorf("takes more than a cost of %d", maxCost)
	case strings.Contains(message, "index out of bounds"):
		return errors.New("a list is shorter than the index")
	}
	return errors.New("the expression cannot be evaluated")
}
