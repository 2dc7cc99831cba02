package custom

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Limits of what a rule may say of an object; more is cut off. They are more than
// is told: secrets are looked for in a text before it is cut.
const (
	maxReason  = 4 << 10
	maxMessage = 256 << 10
)

// ruleName is the prefix of the names under which Errors counts.
const ruleName = "health/"

// assessor is a rule's way to a verdict. An error says why there is none and
// quotes nothing of the object.
type assessor interface {
	assess(ctx context.Context, obj *unstructured.Unstructured) (verdict, error)
}

// verdict is what a rule says.
type verdict struct {
	health  event.Health
	reason  string
	message string
	// failed is set where the verdict stands, although a part of the rule failed.
	failed bool
}

// rule is the rule for a kind or a pattern of kinds.
type rule struct {
	kind   pattern
	by     assessor
	errors atomic.Int64
}

// layer are the rules of one path. A kind that is named goes before one that is
// matched, and of two patterns the longer.
type layer struct {
	exact    map[string]*rule
	patterns []*rule
}

// Set are rules of health. A nil Set has none.
type Set struct {
	layers   []layer
	warnings []string
}

// Warnings returns what Load found that does not keep it from working, for the
// log: scripts that cannot be compiled, each with its place, and what is left out.
func (s *Set) Warnings() []string {
	if s == nil {
		return nil
	}
	return s.warnings
}

// Has reports whether there is a rule for the kind, so that its objects must be
// read whole.
func (s *Set) Has(kind event.GroupKind) bool {
	if s == nil {
		return false
	}
	return s.find(schema.GroupKind{Group: kind.Group, Kind: kind.Kind}) != nil
}

// Kinds returns the kinds and patterns that have rules, in the notation of
// kubectl, for example Certificate.cert-manager.io, Pod and *.example.com.
func (s *Set) Kinds() []string {
	if s == nil {
		return nil
	}
	names := map[string]struct{}{}
	for r := range s.rules {
		names[r.kind.String()] = struct{}{}
	}
	return slices.Sorted(maps.Keys(names))
}

// Errors returns for each rule how many assessments of it ended in an error. It
// is nil without rules. The names are health/ and the kind as Kinds has it.
func (s *Set) Errors() map[event.Rule]int64 {
	if s == nil {
		return nil
	}
	var counts map[event.Rule]int64
	for r := range s.rules {
		if counts == nil {
			counts = map[event.Rule]int64{}
		}
		counts[event.Rule(ruleName+r.kind.String())] += r.errors.Load()
	}
	return counts
}

// rules yields all rules.
func (s *Set) rules(yield func(*rule) bool) {
	for _, l := range s.layers {
		for _, r := range l.exact {
			if !yield(r) {
				return
			}
		}
		for _, r := range l.patterns {
			if !yield(r) {
				return
			}
		}
	}
}

// Assess returns what the rule for the object's kind says of it; false where the
// kind has no rule. It is Unknown, with the reason as its message, where the rule
// fails; and also where ctx ends, which is not the rule's fault and not counted.
func (s *Set) Assess(ctx context.Context, obj *unstructured.Unstructured) (event.Assessment, bool) {
	if s == nil {
		return event.Assessment{}, false
	}
	r := s.find(obj.GroupVersionKind().GroupKind())
	if r == nil {
		return event.Assessment{}, false
	}
	v, err := r.by.assess(ctx, obj)
	if err != nil {
		if ctx.Err() == nil {
			r.errors.Add(1)
		}
		message := "health rule " + r.kind.String() + ": " + err.Error()
		return event.Assessment{Health: event.HealthUnknown, Message: cut(message, maxMessage)}, true
	}
	if v.failed {
		r.errors.Add(1)
	}
	a := event.Assessment{Health: v.health, Reason: cut(v.reason, maxReason), Message: cut(v.message, maxMessage)}
	addEvidence(obj, &a)
	return a, true
}

func (s *Set) find(kind schema.GroupKind) *rule {
	key := kind.Kind
	if kind.Group != "" {
		key = kind.Group + "/" + kind.Kind
	}
	for i := range s.layers {
		l := &s.layers[i]
		if r, ok := l.exact[key]; ok {
			return r
		}
		for _, r := range l.patterns {
			if r.kind.matches(key) {
				return r
			}
		}
	}
	return nil
}

// add puts a rule into the layer; false where its kind has one already.
func (l *layer) add(kind pattern, by assessor) bool {
	r := &rule{kind: kind, by: by}
	if !kind.wild() {
		if _, ok := l.exact[kind.text]; ok {
			return false
		}
		if l.exact == nil {
			l.exact = map[string]*rule{}
		}
		l.exact[kind.text] = r
		return true
	}
	if slices.ContainsFunc(l.patterns, func(other *rule) bool { return other.kind == kind }) {
		return false
	}
	l.patterns = append(l.patterns, r)
	slices.SortFunc(l.patterns, func(a, b *rule) int {
		return cmp.Or(cmp.Compare(len(b.kind.text), len(a.kind.text)), cmp.Compare(a.kind.text, b.kind.text))
	})
	return true
}

func (l *layer) len() int { return len(l.exact) + len(l.patterns) }

// cut returns as much of a text as fits, as valid UTF-8.
func cut(s string, limit int) string {
	if len(s) > limit {
		end := limit - len("...")
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end] + "..."
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
