package rule

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Limits of what is taken from an object, in bytes: those of names and labels in
// Kubernetes.
const (
	maxName      = 253
	maxNamespace = 63
	maxLabel     = 63
)

// chain is an object, its owners from the nearest up, and whom to ask.
type chain struct {
	objects  []Object
	registry Registry
	// copied is how many of the objects, from the first on, are copies of objects
	// that Argo CD tracks, or belong to one. See foreign.
	copied int
}

// label returns the value of the first of the objects from index from on that has
// a name under the key, and the object's index.
func (c chain) label(key string, from int) (string, int) {
	for i := from; i < len(c.objects); i++ {
		if v, ok := get(c.objects[i].Labels, key); ok && named(v, maxLabel) {
			return v, i
		}
	}
	return "", none
}

// byLabel is the application that a label names. It is in the object's namespace.
func (c chain) byLabel(key string, from int) (event.Application, int) {
	name, i := c.label(key, from)
	if i == none {
		return event.Application{}, none
	}
	return event.Application{Name: name, Namespace: c.objects[i].Ref.Namespace}, i
}

// byLabels is the application that a pair of labels names. Where the namespace is
// missing it is the object's.
func (c chain) byLabels(name, namespace string) (event.Application, int) {
	app, i := c.byLabel(name, 0)
	if i != none {
		if ns, ok := get(c.objects[i].Labels, namespace); ok && named(ns, maxNamespace) {
			app.Namespace = event.Namespace(ns)
		}
	}
	return app, i
}

// claimed is the application that a tool says one of the objects is part of.
func (c chain) claimed(tool event.Tool) (event.Application, int) {
	for i := range c.objects {
		o := &c.objects[i]
		app, ok := c.registry.Claimed(tool, o.Ref)
		if !ok || app.Name == "" || len(app.Name) > maxName {
			continue
		}
		if tool == event.ToolFlux && app.Namespace != o.Ref.Namespace && marked(o) {
			continue
		}
		return app, i
	}
	return event.Application{}, none
}

// marked reports whether an object bears the mark of a tool that comes after Flux.
// Flux marks what it applies: who may write Flux's objects in one namespace could
// otherwise take the objects of all others for theirs.
func marked(o *Object) bool {
	if name, ok := get(o.Annotations, helmReleaseName); ok && named(name, maxName) {
		return true
	}
	for _, key := range [...]string{kappApp, velaName} {
		if name, ok := get(o.Labels, key); ok && named(name, maxLabel) {
			return true
		}
	}
	return false
}

// complete adds to an application what its rule does not read: versions, and the
// evidence.
func (c chain) complete(app *event.Application, r *rule, at int) {
	app.Tool = r.Tool
	of := c.objects[at].Ref
	app.Via = event.Via{Rule: r.Rule, Object: event.ObjectRef{
		APIVersion: of.APIVersion, Kind: of.Kind, Namespace: of.Namespace, Name: of.Name, UID: of.UID,
	}}
	if app.Version == "" {
		app.Version = c.nearest("app.kubernetes.io/version", at)
	}
	if app.Chart == "" {
		app.Chart = c.nearest("helm.sh/chart", at)
	}
	if app.Version != "" && app.Chart != "" {
		return
	}
	switch app.Tool {
	case event.ToolArgoCD, event.ToolFlux, event.ToolHelm:
		said, ok := c.registry.Claimed(app.Tool, of)
		if !ok || said.Name != app.Name || said.Namespace != app.Namespace {
			return
		}
		if app.Version == "" {
			app.Version = said.Version
		}
		if app.Chart == "" {
			app.Chart = said.Chart
		}
	default:
	}
}

// nearest is the value of a label of the object at an index, or else that of the
// nearest.
func (c chain) nearest(key string, at int) string {
	if v, ok := get(c.objects[at].Labels, key); ok && named(v, maxLabel) {
		return v
	}
	v, _ := c.label(key, 0)
	return v
}

// named reports whether a text can name something: letters, digits, dots, dashes
// and underscores, which is what values of labels and names in Kubernetes consist
// of. Annotations can have anything.
func named(s string, longest int) bool {
	if s == "" || len(s) > longest {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' {
			continue
		}
		return false
	}
	return true
}

// group is the group of an apiVersion; empty for the core group.
func group(apiVersion string) string {
	if g, _, ok := strings.Cut(apiVersion, "/"); ok {
		return g
	}
	return ""
}

// unasked is the Registry that knows nothing.
type unasked struct{}

func (unasked) Claimed(event.Tool, event.ObjectRef) (event.Application, bool) {
	return event.Application{}, false
}

func (unasked) Selected(*Object) (event.Application, bool) { return event.Application{}, false }
