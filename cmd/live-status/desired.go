package main

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
)

// identity is what desired and live objects have in common; their versions may
// differ.
type identity struct {
	schema.GroupKind
	namespace, name string
}

func identify(m manifest.Manifest) identity {
	return identity{m.Object.GroupVersionKind().GroupKind(), m.Object.GetNamespace(), m.Object.GetName()}
}

// anywhere is the identity without the namespace.
func (id identity) anywhere() identity {
	id.namespace = ""
	return id
}

// desired is an object as it should be.
type desired struct {
	manifest.Manifest
	// found is set once the object is, and in is the namespace where.
	found bool
	in    string
}

// wanted is all that should be there.
type wanted struct {
	namespace string
	// all is in the order of the files.
	all  []*desired
	byID map[identity]*desired
	// inNamespace finds those by their name only.
	inNamespace map[identity][]*desired
	// strays are the namespaces of live objects that have the name of a desired
	// one, and are another.
	strays map[identity][]string
}

func newWanted(namespace string) *wanted {
	return &wanted{
		namespace: namespace, byID: map[identity]*desired{},
		inNamespace: map[identity][]*desired{}, strays: map[identity][]string{},
	}
}

// add adds an object. Of two with one identity the last counts, as with kubectl
// apply.
func (w *wanted) add(m manifest.Manifest) {
	id := identify(m)
	if d := w.byID[id]; d != nil {
		d.Manifest = m
		return
	}
	d := &desired{Manifest: m}
	w.all = append(w.all, d)
	w.byID[id] = d
	w.inNamespace[id.anywhere()] = append(w.inNamespace[id.anywhere()], d)
}

// match returns how a live object should be; nil where nobody says. An error
// says that one desired object could be several live ones.
func (w *wanted) match(live manifest.Manifest) (*desired, error) {
	id := identify(live)
	d := w.byID[id]
	if d == nil {
		d = w.loose(id)
	}
	if d == nil {
		if len(w.inNamespace[id.anywhere()]) > 0 {
			w.strays[id.anywhere()] = append(w.strays[id.anywhere()], id.namespace)
		}
		return nil, nil //nolint:nilnil // Most live objects are not among the desired.
	}
	var err error
	if d.found && d.in != id.namespace {
		err = &manifest.Error{At: d.At, Err: fmt.Errorf(
			"%s %s has no namespace, and is in %q and %q: say with -n which is meant", id.Kind, id.name, d.in, id.namespace)}
	}
	d.found, d.in = true, id.namespace
	return d, err
}

// loose finds a desired object that differs in the namespace, which one of both
// lacks.
func (w *wanted) loose(id identity) *desired {
	if id.namespace == "" {
		// A kind without namespaces: kubectl overlooks that of a manifest.
		if all := w.inNamespace[id]; len(all) > 0 {
			return all[0]
		}
		return nil
	}
	if w.namespace != "" && w.namespace != id.namespace {
		return nil
	}
	return w.byID[id.anywhere()]
}

// missing returns what was not found.
func (w *wanted) missing() []manifest.Manifest {
	var out []manifest.Manifest
	for _, d := range w.all {
		if d.found {
			continue
		}
		m := d.Manifest
		if m.Object.GetNamespace() == "" && w.namespace != "" {
			m.Object = m.Object.DeepCopy()
			m.Object.SetNamespace(w.namespace)
		}
		out = append(out, m)
	}
	return out
}

// elsewhere says where there is an object of that name.
func (w *wanted) elsewhere(m manifest.Manifest) []string {
	id := identify(m).anywhere()
	names := slices.Compact(slices.Sorted(slices.Values(w.strays[id])))
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s %s is missing in namespace %q, and is in %q: say with -n which is meant",
		m.At, id.Kind, id.name, m.Object.GetNamespace(), names[0])}
}
