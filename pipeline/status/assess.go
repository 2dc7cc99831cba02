package status

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/custom"
	"github.com/fluent-live/live-status/pipeline/status/drift"
	"github.com/fluent-live/live-status/pipeline/status/generic"
	"github.com/fluent-live/live-status/pipeline/status/health"
)

// AssessorOptions say how objects are assessed.
type AssessorOptions struct {
	// RulesPath names own rules of health, as health_rules_path does; empty for
	// none.
	RulesPath string
	// Ignore says which differences do not count, as sync_ignore does.
	Ignore string
	// Hash returns what stands for the value of a Secret under a key. Without it such
	// values are left out.
	Hash func(key string, value []byte) string
	// Clean returns an object as it may be told: see drift.Options.
	Clean func(object map[string]any) any
}

// Assessor assesses objects one by one: their health by the first rule there is,
// and their sync. Any number of goroutines may use it.
type Assessor struct {
	rules    *custom.Set
	comparer *drift.Comparer
	// known are the kinds that have a rule of their own.
	known map[event.GroupKind]bool
}

// NewAssessor reads the rules. Its errors name the option, and the place in a file.
func NewAssessor(o AssessorOptions) (*Assessor, error) {
	ignore, err := drift.ParseIgnore(o.Ignore)
	if err != nil {
		return nil, err
	}
	a := &Assessor{comparer: drift.New(drift.Options{Ignore: ignore, Hash: o.Hash, Clean: o.Clean}), known: map[event.GroupKind]bool{}}
	for _, kind := range health.Kinds() {
		a.known[kind] = true
	}
	if o.RulesPath != "" {
		if a.rules, err = custom.Load(o.RulesPath); err != nil {
			return nil, fmt.Errorf("load health rules: %w", err)
		}
	}
	return a, nil
}

// Warnings returns what is wrong with the rules and does not keep them from
// working.
func (a *Assessor) Warnings() []string { return a.rules.Warnings() }

// Errors returns how often each own rule failed.
func (a *Assessor) Errors() map[event.Rule]int64 { return a.rules.Errors() }

// Assess returns the health of an object: that it is being deleted, or else what
// the user's own rule says, or else the rule for its kind, or else what its
// conditions and phase commonly mean. Ctx bounds how long a user's rule may take.
func (a *Assessor) Assess(ctx context.Context, obj *unstructured.Unstructured) event.Assessment {
	if out, ok := health.Deleting(obj); ok {
		return out
	}
	if out, ok := a.rules.Assess(ctx, obj); ok {
		return out
	}
	if out, ok := health.Assess(obj); ok {
		return out
	}
	return generic.Assess(obj)
}

// Compare returns how an object differs from how it should be. Of several desired
// objects it is enough to be like one.
func (a *Assessor) Compare(live *unstructured.Unstructured, desired []drift.Desired) event.Comparison {
	return a.comparer.Compare(drift.Input{Live: live, Desired: desired})
}

// Deleting returns the health of an object of which only that is known: its
// deletion was asked for.
func Deleting() event.Assessment {
	return event.Assessment{Health: event.HealthProgressing, Reason: health.ReasonTerminating, Message: "Pending deletion"}
}

// Reads reports whether spec and status are needed to assess objects of a kind. Of
// others the metadata is enough, unless it is known how they should be.
func (a *Assessor) Reads(r event.APIResource) bool {
	kind := r.GroupKind()
	return !generic.BuiltIn(r.Group) || a.known[kind] || generic.Has(kind) || a.rules.Has(kind)
}

// Annotation reports whether an annotation must be kept of live objects.
func Annotation(key string) bool {
	return key == annotationArgoHook || key == annotationHelmHook || key == annotationArgoIgnore
}
