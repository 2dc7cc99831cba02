package objects

import (
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// resource is a kind as discovery tells it.
type resource struct {
	event.APIResource
	// watchable is set where the kind can be listed and watched.
	watchable bool
}

// choice says which kinds are watched.
type choice struct {
	only, include, exclude patterns
	// namespaced leaves out cluster-scoped kinds.
	namespaced bool
}

// newChoice returns an error that names the option which is wrong.
func newChoice(opts Options) (choice, error) {
	c := choice{namespaced: len(opts.Namespaces) > 0}
	for _, o := range []struct {
		key   string
		given []string
		to    *patterns
	}{
		{"objects_only", opts.Only, &c.only},
		{"objects_include", opts.Include, &c.include},
		{"objects_exclude", opts.Exclude, &c.exclude},
	} {
		ps, err := newPatterns(o.key, o.given)
		if err != nil {
			return choice{}, err
		}
		*o.to = ps
	}
	return c, nil
}

// choose marks the kinds that are watched. Exclude outweighs only and include, and
// these what is omitted by default.
func (c choice) choose(served []resource) []event.ServedKind {
	there := make(map[event.GroupResource]bool, len(served))
	for _, r := range served {
		there[r.GroupResource()] = true
	}
	kinds := make([]event.ServedKind, len(served))
	for i, r := range served {
		kinds[i] = event.ServedKind{APIResource: r.APIResource, Watched: c.watched(r, there)}
	}
	return kinds
}

func (c choice) watched(r resource, there map[event.GroupResource]bool) bool {
	name := r.GroupResource()
	if !r.watchable || c.namespaced && !r.Namespaced || succeeded(name, there) {
		return false
	}
	core := func(resource string) bool { return there[event.GroupResource{Resource: resource}] }
	// Who names the objects by their older group means them, too.
	named := func(ps patterns) bool {
		return ps.matches(name, core) || slices.ContainsFunc(predecessors(name), func(old event.GroupResource) bool { return ps.matches(old, core) })
	}
	if named(c.exclude) {
		return false
	}
	if len(c.only) > 0 {
		return named(c.only)
	}
	_, left := omitted[name]
	return !left || named(c.include)
}

// succeeded reports whether another group that is there serves the same objects
// and is to be preferred.
func succeeded(r event.GroupResource, there map[event.GroupResource]bool) bool {
	return slices.ContainsFunc(successors[r.Group], func(group string) bool {
		next := event.GroupResource{Group: group, Resource: r.Resource}
		return successorOf[next] && there[next]
	})
}

// predecessors are the names of the same objects in older groups.
func predecessors(r event.GroupResource) []event.GroupResource {
	if !successorOf[r] {
		return nil
	}
	var all []event.GroupResource
	for old, groups := range successors {
		if slices.Contains(groups, r.Group) {
			all = append(all, event.GroupResource{Group: old, Resource: r.Resource})
		}
	}
	return all
}

// idle returns the patterns that name none of the kinds that can be watched.
func idle(ps patterns, served []resource) []string {
	there := make(map[event.GroupResource]bool, len(served))
	for _, r := range served {
		there[r.GroupResource()] = r.watchable
	}
	core := func(resource string) bool { return there[event.GroupResource{Resource: resource}] }
	var none []string
	for _, p := range ps {
		if !slices.ContainsFunc(served, func(r resource) bool { return r.watchable && matches(p, r.GroupResource(), core) }) {
			none = append(none, p)
		}
	}
	return none
}
