package rule

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What Argo CD writes on objects. The label app.kubernetes.io/instance, which it
// writes too unless told otherwise, is read by the rule instance, since Helm
// charts have it as well.
const (
	argoTrackingID = "argocd.argoproj.io/tracking-id"
	argoInstance   = "argocd.argoproj.io/instance"
	argoAppName    = "applications.argoproj.io/app-name"
)

// maxTrackingID is more than names, namespaces and kinds can add up to, in bytes.
const maxTrackingID = 1 << 10

func argoRules() []rule {
	return []rule{
		{
			Doc: Doc{
				Rule: "argocd-tracking-id", Tool: event.ToolArgoCD, Annotations: []string{argoTrackingID},
				Yields: "Name and, for an Application outside Argo CD's own namespace, namespace of the Application. The annotation must name the very object that has it.",
			},
			match: argoTracked,
		},
		{
			Doc: Doc{
				Rule: "argocd-instance", Tool: event.ToolArgoCD, Labels: []string{argoInstance},
				Yields: "Name and namespace as above. Not on [copies](#copies).",
			},
			match: argoLabel(argoInstance),
		},
		{
			Doc: Doc{
				Rule: "argocd-app-name", Tool: event.ToolArgoCD, Labels: []string{argoAppName},
				Yields: "The same, as Argo CD up to 0.10 labelled objects. Not on copies.",
			},
			match: argoLabel(argoAppName),
		},
		{
			Doc: Doc{
				Rule: "argocd-resources", Tool: event.ToolArgoCD,
				Reads:  "the Applications' `status.resources`",
				Yields: "Name and namespace of the Application, and its version.",
			},
			match: func(c chain) (event.Application, int) { return c.claimed(event.ToolArgoCD) },
		},
	}
}

func argoTracked(c chain) (event.Application, int) {
	for i := range c.objects {
		o := &c.objects[i]
		if id, ok := trackingIDOf(o); ok && id.names(o.Ref) {
			return c.argoApplication(id.application, i), i
		}
	}
	return event.Application{}, none
}

func argoLabel(key string) func(chain) (event.Application, int) {
	return func(c chain) (event.Application, int) {
		v, i := c.label(key, c.copied)
		if i == none {
			return event.Application{}, none
		}
		return c.argoApplication(v, i), i
	}
}

// argoApplication is the application with an instance name of Argo CD: its name,
// with its namespace and an underscore before it unless it is in Argo CD's own.
// Which namespace that is the object does not say, but the Application that lists
// it does. Names in Kubernetes have no underscores.
func (c chain) argoApplication(instance string, at int) event.Application {
	if ns, name, ok := strings.Cut(instance, "_"); ok && ns != "" && name != "" {
		return event.Application{Name: name, Namespace: event.Namespace(ns)}
	}
	app := event.Application{Name: instance}
	if said, ok := c.registry.Claimed(event.ToolArgoCD, c.objects[at].Ref); ok && said.Name == instance {
		app.Namespace = said.Namespace
	}
	return app
}

// trackingID is what the annotation of Argo CD says:
// application:group/Kind:namespace/name.
type trackingID struct {
	application, group, kind, namespace, name string
}

// trackingIDOf returns an object's, unless it has none or one that is malformed.
func trackingIDOf(o *Object) (trackingID, bool) {
	v, ok := get(o.Annotations, argoTrackingID)
	if !ok {
		return trackingID{}, false
	}
	return parseTrackingID(v)
}

// parseTrackingID splits a tracking id. Of the name only that it is there and has
// no slash is known then: some kinds allow colons in it.
func parseTrackingID(s string) (trackingID, bool) {
	if len(s) > maxTrackingID {
		return trackingID{}, false
	}
	app, rest, ok := strings.Cut(s, ":")
	kind, object, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 || !named(app, maxName+1+maxNamespace) {
		return trackingID{}, false
	}
	id := trackingID{application: app}
	if id.group, id.kind, ok = strings.Cut(kind, "/"); !ok || id.kind == "" || strings.Contains(id.kind, "/") {
		return trackingID{}, false
	}
	if id.namespace, id.name, ok = strings.Cut(object, "/"); !ok || id.name == "" || strings.Contains(id.name, "/") {
		return trackingID{}, false
	}
	return id, true
}

// names reports whether the id is that of an object. Cluster-scoped objects are
// given the namespace that the application deploys to, so that is not looked at.
func (id trackingID) names(o event.ObjectRef) bool {
	return id.kind == o.Kind && id.name == o.Name &&
		(o.Namespace == "" || id.namespace == string(o.Namespace)) &&
		(o.APIVersion == "" || sameGroup(id.group, group(o.APIVersion)))
}

// sameGroup reports whether two groups can have the same kinds: what was once in
// extensions is read from the groups that it went to, while the annotation says
// what the manifest says.
func sameGroup(said, is string) bool {
	if said == is {
		return true
	}
	return said == "extensions" && (is == "apps" || is == "networking.k8s.io" || is == "policy")
}

// foreign returns how many objects, from the first on, are copies or belong to
// one. A copy bears the id of an object that is neither itself nor one of its
// owners: what else it bears was written for that object. Controllers hand
// annotations down to what they make, as Deployments to ReplicaSets, so an
// owner's id says nothing.
func foreign(objects []Object) int {
	for i := len(objects) - 1; i >= 0; i-- {
		id, ok := trackingIDOf(&objects[i])
		if !ok {
			continue
		}
		own := false
		for j := i; j < len(objects) && !own; j++ {
			own = id.names(objects[j].Ref)
		}
		if !own {
			return i + 1
		}
	}
	return 0
}
