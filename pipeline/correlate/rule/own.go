package rule

import (
	"errors"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/fluent-live/live-status/pipeline/event"
)

// ownPrefix begins the names of own rules in records, so that none of them can
// pass for a built-in one.
const ownPrefix = "rules/"

// own is a rule of the file.
type own struct {
	name event.Rule
	// first has it tried before the built-in rules.
	first bool
	when  cel.Program
	// application is the name, and the others are nil where they are left out.
	application, namespace, version, environment, tenant cel.Program
	// annotations are those that the expressions read.
	annotations []string

	values *values
	errors atomic.Int64
}

var errUnusable = errors.New("the result cannot be used")

// rule returns it as one of the set's.
func (r *own) rule() rule {
	return rule{
		Doc:   Doc{Rule: r.name, Tool: event.ToolRules, Annotations: r.annotations},
		match: r.match,
	}
}

func (r *own) match(c chain) (event.Application, int) {
	for i := range c.objects {
		app, ok, err := r.evaluate(&c.objects[i])
		if err != nil {
			r.errors.Add(1)
			continue
		}
		if ok {
			return app, i
		}
	}
	return event.Application{}, none
}

// evaluate applies the rule to one object.
func (r *own) evaluate(o *Object) (app event.Application, ok bool, err error) {
	v := r.values.of(o)
	defer r.values.release(v)
	is, _, err := r.when.Eval(v)
	if err != nil || is != types.True {
		return app, false, err
	}
	if app.Name, err = text(r.application, v, maxName); err != nil || app.Name == "" {
		return app, false, err
	}
	namespace := string(o.Ref.Namespace)
	if r.namespace != nil {
		if namespace, err = text(r.namespace, v, maxNamespace); err != nil {
			return app, false, err
		}
	}
	app.Namespace = event.Namespace(namespace)
	if app.Version, err = text(r.version, v, maxName); err != nil {
		return app, false, err
	}
	if app.Environment, err = text(r.environment, v, maxName); err != nil {
		return app, false, err
	}
	if app.Tenant, err = text(r.tenant, v, maxName); err != nil {
		return app, false, err
	}
	return app, true, nil
}

// text evaluates to a text of at most longest bytes, which is on one line. Without
// a program it is empty.
func text(p cel.Program, v *value, longest int) (string, error) {
	if p == nil {
		return "", nil
	}
	out, _, err := p.Eval(v)
	if err != nil {
		return "", err
	}
	t, ok := out.(types.String)
	s := string(t)
	if !ok || len(s) > longest || !utf8.ValidString(s) {
		return "", errUnusable
	}
	for _, c := range s {
		if unicode.IsControl(c) {
			return "", errUnusable
		}
	}
	return s, nil
}
