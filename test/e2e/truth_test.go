package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// application is what identifies one.
type application struct{ tool, namespace, name, environment, tenant string }

// nothing is the application of what was deployed as part of none.
var nothing application

// application is what the record says.
func (r record) application() application {
	a := r.Application
	return application{a.Tool, a.Namespace, a.Name, a.Environment, a.Tenant}
}

func (a application) String() string {
	if a == nothing {
		return "-"
	}
	text := a.tool + ":" + a.name
	if a.namespace != "" {
		text = a.tool + ":" + a.namespace + "/" + a.name
	}
	for _, more := range []string{a.environment, a.tenant} {
		if more != "" {
			text += "@" + more
		}
	}
	return text
}

// The applications of the scenario.
var (
	oven    = application{tool: "helm", namespace: "bakery", name: "oven"}
	orchard = application{tool: "argocd", namespace: "argocd", name: "orchard"}
	harbor  = application{tool: "flux", namespace: "flux-system", name: "harbor"}
	market  = application{tool: "octopus", name: "projects-42", environment: "environments-3", tenant: "tenants-7"}
	depot   = application{tool: "labels", namespace: "depot", name: "depot"}
	flour   = application{tool: "labels", namespace: "mill", name: "flour"}
	dough   = application{tool: "labels", namespace: "dough", name: "dough"}
	garden  = application{tool: "app.k8s.io", namespace: "garden", name: "garden"}
	annex   = application{tool: "rules", namespace: "annex", name: "lighting"}
)

// deployed says of each namespace of the scenario what was deployed into it: the
// names of what people and tools have made, whatever its kind. A name that ends
// in * is the beginning of names. What controllers make of these has owners.
// This is all that a test knows of which object belongs to what; none of the
// product's rules stands here.
var deployed = map[string]map[string]application{
	"bakery": {"oven": oven, "oven-migrate": oven, "sh.helm.release.v1.oven.*": oven},
	"argocd": {"orchard": orchard},
	"orchard": {
		"apples":      orchard,
		"apples-copy": nothing,
	},
	"copies":      {"apples": nothing},
	"flux-system": {"harbor": harbor},
	"harbor":      {"harbor": harbor, "quay": harbor, "tides": harbor},
	"market":      {"stall": market},
	"depot": {
		"forklift": depot, "shelf": depot, "data-shelf-0": depot, "sweeper": depot, "tally": depot, "clerk": depot, "clerk-token": depot,
		"notes": nothing, "debug": nothing,
	},
	"mill":   {"wheat": flour},
	"dough":  {"dough": dough, "shop.example.com": nothing},
	"garden": {"garden": garden, "carrots": garden, "mole": nothing},
	"annex":  {"lamp": annex},
}

// made are what Kubernetes makes in every namespace, of nobody's application.
var made = []string{"kube-root-ca.crt", "default"}

// truth knows what belongs to which application.
type truth struct{ witness *witness }

// of returns the application of an object that was seen. known is unset where the
// scenario cannot tell, which is a mistake of the test.
func (tr truth) of(s sighted) (a application, known bool) {
	for range 10 {
		owner := metav1.GetControllerOfNoCopy(&metav1.ObjectMeta{OwnerReferences: s.owners})
		if owner == nil && len(s.owners) > 0 {
			owner = &s.owners[0]
		}
		if owner == nil {
			return tr.declared(s.named)
		}
		above, seen := tr.witness.object(owner.UID)
		if !seen {
			return nothing, false
		}
		s = above
	}
	return nothing, false
}

// declared looks up what has no owner.
func (tr truth) declared(n named) (application, bool) {
	namespace := n.namespace
	if n.resource == "namespaces" {
		// Its own name is where the scenario says something about it, or not.
		namespace = n.name
		a := deployed[namespace][n.name]
		if namespace != "harbor" {
			a = nothing
		}
		return a, true
	}
	if slices.Contains(made, n.name) {
		return nothing, true
	}
	names := deployed[namespace]
	if a, ok := names[n.name]; ok {
		return a, true
	}
	for _, pattern := range slices.Sorted(maps.Keys(names)) {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(n.name, prefix) {
			return names[pattern], true
		}
	}
	return nothing, false
}

// named returns the application of what bears the name: nothing where there
// never was such an object.
func (tr truth) named(t testing.TB, n named) application {
	t.Helper()
	s, ok := tr.witness.find(n)
	if !ok {
		return nothing
	}
	a, known := tr.of(s)
	if !known {
		t.Errorf("the scenario does not say what %v belongs to (owners %v)", n, s.owners)
	}
	return a
}

// namespaces are those of the scenario.
func namespaces() []string { return slices.Sorted(maps.Keys(deployed)) }
