package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// Limits of an expression. The cost is what an evaluation may take at most: a
// lookup costs 1 and a text 1 for each 10 bytes, so that no object can make a rule
// work longer than some milliseconds. There is no clock to stop it besides: every
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
	registry, err := types.NewRegistry()
	if err != nil {
		return compiler{}, fmt.Errorf("set up the types of rules: %w", err)
	}
	env, err := cel.NewEnv(
		cel.CustomTypeProvider(provider{registry}),
		cel.CustomTypeAdapter(registry),
		cel.Variable("object", objectType),
		cel.OptionalTypes(),
		ext.Strings(),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(maxNesting),
		cel.RegexProgramSizeLimit(maxRegex),
	)
	if err != nil {
		return compiler{}, fmt.Errorf("set up the language of rules: %w", err)
	}
	return compiler{env: env}, nil
}

// compile checks an expression, which is to have the type, and returns it together
// with the annotations that it reads. An error is for who wrote it.
func (c compiler) compile(source string, want *cel.Type) (cel.Program, []string, error) {
	if strings.TrimSpace(source) == "" {
		return nil, nil, errors.New("is empty; write a CEL expression")
	}
	if len(source) > maxExpression {
		return nil, nil, fmt.Errorf("is longer than %d characters; write several rules", maxExpression)
	}
	checked, issues := c.env.Compile(source)
	if issues.Err() != nil {
		return nil, nil, problem(issues)
	}
	if got := checked.OutputType(); !got.IsExactType(want) {
		return nil, nil, fmt.Errorf("yields %s, not %s; %s", typeName(got), typeName(want), typeHint(want))
	}
	annotations, err := annotationsRead(checked.NativeRep())
	if err != nil {
		return nil, nil, err
	}
	program, err := c.env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return nil, nil, fmt.Errorf("cannot be compiled: %w", err)
	}
	return program, annotations, nil
}

// problem is the first of the compiler's complaints, on one line.
func problem(issues *cel.Issues) error {
	all := issues.Errors()
	if len(all) == 0 {
		return issues.Err()
	}
	e := all[0]
	message, _, _ := strings.Cut(e.Message, "\n")
	message = strings.TrimSuffix(message, " (in container '')")
	hint := "see the CEL language definition"
	switch {
	case strings.Contains(message, "undefined field"):
		hint = "object has " + strings.Join(fieldNames(objectName), ", ") + ", and object.metadata has " + strings.Join(fieldNames(metadataName), ", ")
	case strings.Contains(message, "undeclared reference"):
		hint = "the one variable is object; texts need quotes"
	case strings.Contains(message, "Syntax error"):
		hint = "compare with ==; texts need quotes, and keys with dots or slashes brackets: object.metadata.labels['example.com/team']"
	}
	return fmt.Errorf("column %d: %s; %s", e.Location.Column()+1, shorten(message), hint)
}

// typeName is a type as users know it.
func typeName(t *cel.Type) string {
	switch {
	case t.IsExactType(cel.BoolType):
		return "true or false"
	case t.IsExactType(cel.StringType):
		return "a text"
	}
	return "a value of type " + shorten(t.String())
}

func typeHint(want *cel.Type) string {
	if want.IsExactType(cel.BoolType) {
		return "compare with something, for example with == or in"
	}
	return "convert it with string(...), and an optional with .orValue('')"
}

// annotationsRead are the keys of all annotations that an expression reads. The
// index keeps of an object only the annotations that are read, so each key must
// be there to be seen. For the same reason object and object.metadata stand for
// nothing but their fields: handed on they could be anything.
func annotationsRead(checked *ast.AST) ([]string, error) {
	var keys []string
	var failure error
	ast.PostOrderVisit(ast.NavigateAST(checked), ast.NewExprVisitor(func(e ast.Expr) {
		node, ok := e.(ast.NavigableExpr)
		if !ok || failure != nil {
			return
		}
		if t := node.Type(); t.IsExactType(objectType) || t.IsExactType(metadataType) {
			if parent, ok := node.Parent(); !ok || !selects(parent, node) || node.Kind() == ast.StructKind {
				failure = errors.New("uses object or object.metadata as a whole; select a field, for example object.metadata.name")
			}
			return
		}
		if node.Kind() != ast.SelectKind || node.AsSelect().FieldName() != "annotations" || !typeOf(checked, node.AsSelect().Operand()).IsExactType(metadataType) {
			return
		}
		key, ok := "", false
		if parent, has := node.Parent(); has && !node.AsSelect().IsTestOnly() {
			key, ok = keyRead(parent, node)
		}
		if !ok {
			failure = errors.New("uses annotations otherwise than by a fixed key; only those that rules name are kept: write object.metadata.annotations['key'] or 'key' in object.metadata.annotations")
			return
		}
		keys = append(keys, key)
	}))
	slices.Sort(keys)
	return slices.Compact(keys), failure
}

func typeOf(checked *ast.AST, e ast.Expr) *types.Type { return checked.GetType(e.ID()) }

// selects reports whether an expression is a field of another.
func selects(parent, operand ast.Expr) bool {
	return parent.Kind() == ast.SelectKind && parent.AsSelect().Operand().ID() == operand.ID()
}

// keyRead returns the key by which an expression reads a map, if it is a literal.
func keyRead(parent, of ast.Expr) (string, bool) {
	if selects(parent, of) {
		return parent.AsSelect().FieldName(), true
	}
	if parent.Kind() != ast.CallKind {
		return "", false
	}
	call := parent.AsCall()
	args := call.Args()
	if len(args) != 2 {
		return "", false
	}
	key, from := args[1], args[0]
	switch call.FunctionName() {
	case operators.Index, operators.OptIndex, operators.OptSelect:
	case operators.In:
		key, from = args[0], args[1]
	default:
		return "", false
	}
	if from.ID() != of.ID() || key.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := key.AsLiteral().(types.String)
	return string(s), ok
}
