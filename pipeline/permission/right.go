package permission

import (
	"cmp"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// all is what stands for any verb, group or resource.
const all = "*"

// Right is one thing that may be done. Any verb, group or resource is "*".
type Right struct {
	Verb string
	// Group is empty for the core group. Resource is a plural, with a subresource
	// pods/exec.
	Group, Resource string
	// Name is empty for any object.
	Name string
	// Namespace is empty for the whole cluster.
	Namespace event.Namespace
	// Path is set where it is about a path and no resource: /metrics.
	Path string
}

// String says it for people: list deployments.apps in namespace shop.
func (r Right) String() string {
	var b strings.Builder
	switch r.Verb {
	case all:
		b.WriteString("do anything with ")
	default:
		b.WriteString(r.Verb + " ")
	}
	b.WriteString(r.what())
	if r.Name != "" {
		b.WriteString(" named " + r.Name)
	}
	if r.Namespace != "" {
		b.WriteString(" in namespace " + string(r.Namespace))
	}
	return b.String()
}

// what is what it is about, in the notation of kubectl.
func (r Right) what() string {
	switch {
	case r.Path != "":
		return r.Path
	case r.Resource == all && r.Group == all:
		return "any resource"
	case r.Resource == all && r.Group == "":
		return "any resource of the core group"
	case r.Resource == all:
		return "any resource of " + r.Group
	case r.Group == "":
		return r.Resource
	}
	resource, sub, ok := strings.Cut(r.Resource, "/")
	if ok {
		sub = "/" + sub
	}
	return resource + "." + r.Group + sub
}

// place is the namespace that a request for it counts as one in.
func (r Right) place() event.Namespace {
	if r.Group == "" && r.Resource == "namespaces" && r.Name != "" {
		return event.Namespace(r.Name)
	}
	return r.Namespace
}

// covers reports whether who has r has other, too.
func (r Right) covers(other Right) bool {
	if (r.Path == "") != (other.Path == "") || r.Verb != all && r.Verb != other.Verb {
		return false
	}
	if r.Path != "" {
		begin, open := strings.CutSuffix(r.Path, all)
		return r.Path == other.Path || open && strings.HasPrefix(other.Path, begin)
	}
	return (r.Group == all || r.Group == other.Group) && matches(r.Resource, other.Resource) &&
		(r.Name == "" || r.Name == other.Name) && (r.Namespace == "" || r.Namespace == other.Namespace)
}

// matches reports whether a resource of a rule stands for another, as RBAC has it: "*"
// for all and their subresources, "*/scale" for a subresource of all.
func matches(rule, resource string) bool {
	if rule == all || rule == resource {
		return true
	}
	_, sub, ok := strings.Cut(resource, "/")
	return ok && rule == all+"/"+sub
}

// compare orders rights by where and what they are about.
func (r Right) compare(other Right) int {
	return cmp.Or(
		cmp.Compare(r.Namespace, other.Namespace), cmp.Compare(r.Path, other.Path), cmp.Compare(r.Group, other.Group),
		cmp.Compare(r.Resource, other.Resource), cmp.Compare(r.Name, other.Name), cmp.Compare(r.Verb, other.Verb),
	)
}
