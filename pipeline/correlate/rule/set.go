package rule

import (
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Options say which rules there are.
type Options struct {
	// File has own rules (application_rules_file); empty for none.
	File string
}

// Set are rules in their order.
type Set struct {
	rules       []rule
	own         []*own
	annotations map[string]struct{}
}

// New returns the built-in rules and those of the file. An error names the
// option, the file, and for each mistake the line, the rule, what is wrong and
// the way out.
func New(o Options) (*Set, error) {
	s := &Set{rules: builtin(), annotations: map[string]struct{}{}}
	if o.File != "" {
		var err error
		if s.own, err = load(o.File); err != nil {
			return nil, err
		}
	}
	var first, last []rule
	for _, r := range s.own {
		if r.first {
			first = append(first, r.rule())
		} else {
			last = append(last, r.rule())
		}
	}
	s.rules = slices.Concat(first, s.rules, last)
	for _, r := range s.rules {
		for _, key := range r.Annotations {
			s.annotations[key] = struct{}{}
		}
	}
	return s, nil
}

// builtin are the rules that are always there, in their order: what is an
// application, what deploys, what groups, what is merely called so.
func builtin() []rule {
	return slices.Concat(
		itselfRules(), octopusRules(), argoRules(), fluxRules(), helmRules(), kappRules(), velaRules(),
		applicationRules(), backstageRules(), labelRules(),
	)
}

// Rules describes the built-in rules in their order.
func Rules() []Doc {
	var docs []Doc
	for _, r := range builtin() {
		docs = append(docs, r.Doc)
	}
	return docs
}

// Annotation reports whether a rule reads the annotation, so that it must be kept
// of an object.
func (s *Set) Annotation(key string) bool {
	_, ok := s.annotations[key]
	return ok
}

// Errors returns for each own rule how many evaluations of it ended in an error: a
// missing key, a cost beyond the limit, a result that cannot be used. It is nil
// without own rules.
func (s *Set) Errors() map[event.Rule]int64 {
	if len(s.own) == 0 {
		return nil
	}
	m := make(map[event.Rule]int64, len(s.own))
	for _, r := range s.own {
		m[r.name] = r.errors.Load()
	}
	return m
}

// Match returns the application of the first object of a chain, whose others are
// its owners from the nearest up, by the first rule that matches any of them. The
// caller bounds the chain's length; registry may be nil. The application shares
// its texts with the objects.
func (s *Set) Match(objects []Object, registry Registry) (event.Application, bool) {
	if len(objects) == 0 {
		return event.Application{}, false
	}
	if registry == nil {
		registry = unasked{}
	}
	c := chain{objects: objects, registry: registry, copied: foreign(objects)}
	for i := range s.rules {
		r := &s.rules[i]
		if app, at := r.match(c); at != none {
			c.complete(&app, r, at)
			return app, true
		}
	}
	return event.Application{}, false
}
