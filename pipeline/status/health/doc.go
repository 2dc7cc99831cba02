// Package health tells how an object of a well-known kind is, by what it says in
// its own status.
//
// The verdicts are those of Argo CD's published rules (gitops-engine/pkg/health
// and resource_customizations of github.com/argoproj/argo-cd), since its words
// are what people know; so are their quirks, each of which is noted at the rule.
// The reasons and messages are the API's own wherever it has one, and those of
// `kubectl rollout status` where it has not.
//
// A rule reads a handful of fields and converts nothing to the API's types, which
// keeps it to one or two allocations for most kinds. The input is what anybody may
// write: a field of another type than the API's makes the object Unknown, with the
// path of the field and never with its value, and the work is linear in the size
// of the object.
package health
