// Package filter leaves out the audit events that nobody asked for. What it
// leaves out is counted by the pipeline, never silently gone.
package filter

import (
	"net/url"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Options are lists of patterns. An audit event passes if it matches an entry
// of every list that is not empty, and no entry of a list of exclusions. In a
// pattern * stands for any number of any characters; all else is meant
// literally.
type Options struct {
	Stages, Verbs []string
	// Resources are written as kubectl and audit policies do: pods, pods/exec,
	// deployments.apps, */scale. A pattern without a subresource means the
	// objects themselves, but * alone means everything. One that begins with /
	// is for requests that are about no resource, and is compared with the path.
	Resources []string
	// Users are names of those who authenticated, not of those they acted as:
	// nobody escapes an audit by impersonation.
	Users []string
	// Namespaces are those of the objects; what has none matches * only.
	Namespaces []string

	VerbsExclude, ResourcesExclude, UsersExclude, NamespacesExclude []string
}

// Filter is safe for concurrent use.
type Filter struct {
	stages, verbs, users, namespaces lists
	resources, resourcesExclude      []resource
}

// New compiles the patterns.
func New(o Options) *Filter {
	return &Filter{
		stages:           newLists(o.Stages, nil),
		verbs:            newLists(o.Verbs, o.VerbsExclude),
		users:            newLists(o.Users, o.UsersExclude),
		namespaces:       newLists(o.Namespaces, o.NamespacesExclude),
		resources:        newResources(o.Resources),
		resourcesExclude: newResources(o.ResourcesExclude),
	}
}

// Pass reports whether a is wanted.
func (f *Filter) Pass(a *event.Audit) bool {
	return f.stages.pass(string(a.Stage)) &&
		f.verbs.pass(a.Verb) &&
		f.users.pass(a.User.Name) &&
		f.namespaces.pass(string(a.Object.Namespace)) &&
		(len(f.resources) == 0 || matchResource(f.resources, a)) &&
		!matchResource(f.resourcesExclude, a)
}

// lists are what is wanted and what is not.
type lists struct{ include, exclude []pattern }

func newLists(include, exclude []string) lists {
	return lists{include: newPatterns(include), exclude: newPatterns(exclude)}
}

func (l lists) pass(s string) bool {
	return (len(l.include) == 0 || match(l.include, s)) && !match(l.exclude, s)
}

// resource is a pattern of what a request may be about.
type resource struct {
	everything bool
	// path is set for requests that are about no resource.
	path *pattern
	name pattern
	// group is nil for any.
	group *pattern
	// subresource is nil where the object itself is meant.
	subresource *pattern
}

func newResources(in []string) []resource {
	out := make([]resource, 0, len(in))
	for _, s := range in {
		switch {
		case s == "*":
			out = append(out, resource{everything: true})
		case strings.HasPrefix(s, "/"):
			p := newPattern(s)
			out = append(out, resource{path: &p})
		default:
			s, sub, part := strings.Cut(s, "/")
			// No resource has a dot in its name, and every group but the core's
			// may have several.
			name, group, grouped := strings.Cut(s, ".")
			r := resource{name: newPattern(name)}
			if part {
				p := newPattern(sub)
				r.subresource = &p
			}
			if grouped {
				g := newPattern(group)
				r.group = &g
			}
			out = append(out, r)
		}
	}
	return out
}

func matchResource(rs []resource, a *event.Audit) bool {
	for i := range rs {
		if rs[i].match(a) {
			return true
		}
	}
	return false
}

func (r *resource) match(a *event.Audit) bool {
	switch {
	case r.everything:
		return true
	case a.Object.Resource == "":
		if r.path == nil {
			return false
		}
		return r.path.match(path(a.RequestURI))
	case r.path != nil:
		return false
	}
	sub := a.Object.Subresource
	if (r.subresource == nil) != (sub == "") || sub != "" && !r.subresource.match(sub) {
		return false
	}
	return r.name.match(a.Object.Resource) &&
		(r.group == nil || r.group.match(group(a.Object.APIVersion)))
}

// path is what the API server takes the path of a request for: a client may
// write any character of it as an escape.
func path(uri string) string {
	escaped, _, _ := strings.Cut(uri, "?")
	if p, err := url.PathUnescape(escaped); err == nil {
		return p
	}
	return escaped
}

// group is the API group of group/version; the core's is empty.
func group(apiVersion string) string {
	if group, _, ok := strings.Cut(apiVersion, "/"); ok {
		return group
	}
	return ""
}
