package permission

import (
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Verbs of reading.
const (
	get   = "get"
	list  = "list"
	watch = "watch"
)

// Groups of the API.
const (
	eventsGroup         = "events.k8s.io"
	authenticationGroup = "authentication.k8s.io"
	authorizationGroup  = "authorization.k8s.io"
)

// identityNamespace is the one whose UID identifies the cluster.
const identityNamespace = "kube-system"

// Needs say what a configuration reads, and so which rights it needs.
type Needs struct {
	// Namespaces are those read; empty for the whole cluster.
	Namespaces []event.Namespace
	// Events has events read. EventsGroups are the groups of the API that will do, the
	// preferred one first; empty for both.
	Events       bool
	EventsGroups []string
	// Objects has live objects watched. Kinds are which, Secrets among them where these
	// are; none as long as nobody knows.
	Objects bool
	Kinds   []event.APIResource
	// Whole has single objects of all kinds read whole (kube_status); else only
	// Helm's releases are.
	Whole bool
	// ClusterSecrets has the values of Secrets read (redact_cluster_secrets).
	ClusterSecrets bool
	// Reviews has the API server say who scrapes and whether they may (metrics_auth).
	Reviews bool
	// Identity has the UID of the namespace kube-system read.
	Identity bool
}

// need is what one option needs.
type need struct {
	// any are sets of rights of which one will do, the preferred one first.
	any [][]Right
	// why says what does not work without it, and out the way out besides granting.
	why, out string
	// basic is set where every authenticated user has it unless somebody took it away.
	basic bool
}

// What is to be done where a right is not to be granted.
const (
	outEvents   = "set kube_events off"
	outKind     = "name the kind in objects_exclude"
	outSecrets  = "set objects_exclude to secrets"
	outCluster  = "set redact_cluster_secrets off"
	outReviews  = "set metrics_auth off"
	outIdentity = ""
)

// scopes are the namespaces that rights are needed in, or "" for the cluster.
func (n Needs) scopes() []event.Namespace {
	if len(n.Namespaces) == 0 {
		return []event.Namespace{""}
	}
	return n.Namespaces
}

// needs returns all needs, in the order in which they matter.
func (n Needs) needs() []need {
	var out []need
	if n.Objects {
		for _, path := range []string{"/api", "/apis"} {
			out = append(out, need{any: [][]Right{{{Verb: get, Path: path}}}, why: "finding out which kinds there are", basic: true})
		}
	}
	if n.Events {
		groups := n.EventsGroups
		if len(groups) == 0 {
			groups = []string{eventsGroup, ""}
		}
		for _, ns := range n.scopes() {
			e := need{why: "events", out: outEvents}
			for _, group := range groups {
				e.any = append(e.any, verbs(Right{Group: group, Resource: "events", Namespace: ns}, list, watch))
			}
			out = append(out, e)
		}
	}
	if n.Identity {
		out = append(out, need{
			any: [][]Right{{{Verb: get, Resource: "namespaces", Name: identityNamespace}}},
			why: "telling this cluster from another one under the same address", out: outIdentity,
		})
	}
	for _, kind := range n.Kinds {
		out = append(out, n.kind(kind)...)
	}
	if n.ClusterSecrets {
		for _, ns := range n.scopes() {
			out = append(out, need{
				any: [][]Right{verbs(Right{Resource: "secrets", Namespace: ns}, list, watch)},
				why: "redacting the values of Secrets", out: outCluster,
			})
		}
	}
	if n.Reviews {
		for _, r := range []Right{tokenReviews, accessReviews} {
			out = append(out, need{any: [][]Right{{r}}, why: "checking who scrapes metrics", out: outReviews})
		}
	}
	return out
}

var (
	tokenReviews  = Right{Verb: "create", Group: authenticationGroup, Resource: "tokenreviews"}
	accessReviews = Right{Verb: "create", Group: authorizationGroup, Resource: "subjectaccessreviews"}
)

// kind returns what watching a kind needs.
func (n Needs) kind(kind event.APIResource) []need {
	needed, why, out := []string{list, watch}, "watching "+kind.GroupResource().String(), outKind
	releases := kind.Group == "" && (kind.Resource == "secrets" || kind.Resource == "configmaps")
	if n.Whole || releases {
		needed = append(needed, get)
	}
	if kind.Group == "" && kind.Resource == "secrets" {
		why, out = "Helm's releases, and watching Secrets", outSecrets
	}
	all := make([]need, 0, 1)
	for _, ns := range n.scopes() {
		if ns != "" && !kind.Namespaced {
			continue
		}
		r := Right{Group: kind.Group, Resource: kind.Resource, Namespace: ns}
		all = append(all, need{any: [][]Right{verbs(r, needed...)}, why: why, out: out})
	}
	return all
}

func verbs(r Right, list ...string) []Right {
	out := make([]Right, len(list))
	for i, v := range list {
		out[i] = r
		out[i].Verb = v
	}
	return out
}

// Rules returns the rules that grant what is needed and nothing more, ordered. What
// every authenticated user may do anyway is not among them: finding out which kinds
// there are.
func (n Needs) Rules() []Rule {
	var rights []Right
	for _, need := range n.needs() {
		if !need.basic {
			rights = append(rights, need.any[0]...)
		}
	}
	return rulesOf(widest(rights))
}

// widest returns the rights that no other of them covers.
func widest(rights []Right) []Right {
	var wide, out []Right
	for _, r := range rights {
		if r.Verb == all || r.Group == all || r.Resource == all || r.Name == "" && r.Namespace == "" {
			wide = append(wide, r)
		}
	}
	for _, r := range rights {
		if !slices.ContainsFunc(wide, func(w Right) bool { return w != r && w.covers(r) }) && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// readsSecrets reports whether Secrets are to be read, of a namespace, or of all where
// that is empty.
func (n Needs) readsSecrets(ns event.Namespace) bool {
	if n.ClusterSecrets || n.Objects && len(n.Kinds) == 0 {
		// All are tried before those of single namespaces.
		return true
	}
	watched := slices.ContainsFunc(n.Kinds, func(k event.APIResource) bool { return k.Group == "" && k.Resource == "secrets" })
	return watched && (len(n.Namespaces) == 0 || slices.Contains(n.Namespaces, ns))
}
