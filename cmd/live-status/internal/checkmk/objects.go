package checkmk

import (
	"cmp"
	"fmt"
	"slices"
)

// troubles are the statuses that objects without an application are counted by:
// those that have a series of their own with metrics_objects unhealthy.
var troubles = []Condition{Progressing, OutOfSync, Degraded, Missing, NotKnown}

// elsewhere is the service of objects in no namespace that has an application.
const elsewhere = "Objects elsewhere"

// objectsOf makes the services of objects that belong to no application: one for
// each namespace that has an application, whether something is wrong there or not,
// and one for all the others. So services neither come with a failure nor go with
// it.
func (o Options) objectsOf(m *Model) []Service {
	type place struct{ cluster, namespace string }
	found := map[place][]object{}
	for _, a := range m.applications {
		if len(a.statuses) > 0 && a.key.namespace != "" {
			found[place{a.key.cluster, a.key.namespace}] = nil
		}
	}
	rest := map[string][]object{}
	for _, cluster := range m.clusters() {
		rest[o.hostOfRest(cluster)] = nil
	}
	for _, obj := range m.objects {
		at := place{obj.cluster, obj.namespace}
		if all, ok := found[at]; ok {
			found[at] = append(all, obj)
		} else {
			host := o.hostOfRest(obj.cluster)
			rest[host] = append(rest[host], obj)
		}
	}
	out := make([]Service, 0, len(found)+1)
	for at, all := range found {
		s := o.objectService(all)
		s.Host, s.Name = o.hostOf(at.cluster, at.namespace, nil), "Objects "+part(at.namespace, maxPart)
		out = append(out, s)
	}
	for host, all := range rest {
		s := o.objectService(all)
		s.Host, s.Name = host, elsewhere
		if n := m.troubled(); n > 0 && !m.objectSeries {
			s.State = o.States.of(NotKnown)
			s.Summary = plain(n) + " objects are not well, and metrics do not tell which: set metrics_objects to unhealthy, or leave these services out with --objects=false"
		}
		out = append(out, s)
	}
	return out
}

// hostOfRest is the host of what is in no namespace that has an application.
func (o Options) hostOfRest(cluster string) string {
	if o.Piggyback == PiggybackCluster {
		return o.hostOf(cluster, "", nil)
	}
	return ""
}

func (o Options) objectService(all []object) Service {
	count, bad := counts{}, []object{}
	s := Service{}
	for _, obj := range all {
		count[obj.status]++
		state := o.States.of(obj.status)
		if s.State = worst(s.State, state); state != OK {
			bad = append(bad, obj)
		}
	}
	rank := func(obj object) int {
		state := o.States.of(obj.status)
		return slices.Index([]State{Crit, Unknown, Warn, OK}, state)
	}
	slices.SortFunc(bad, func(a, b object) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.kind, b.kind), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	// Of the others, metrics tell only with metrics_objects all.
	for _, status := range []Condition{Healthy, InSync, Suspended} {
		delete(count, status)
	}
	s.Metrics = count.metrics(metricPrefix+"objects_", troubles)
	switch len(bad) {
	case 0:
		s.Summary = "nothing is wrong with objects that belong to no application"
	case 1:
		s.Summary = bad[0].String()
	default:
		s.Summary = fmt.Sprintf("%d objects that belong to no application: %s, ...", len(bad), bad[0])
		for _, obj := range bad {
			s.Details = append(s.Details, obj.String())
		}
	}
	return s
}

// String tells the object and its status.
func (o object) String() string {
	return word(string(o.status)) + ": " + word(o.kind) + " " + word(join2(o.namespace, o.name))
}

// troubled is how many objects of all clusters are not well, of those without a
// series too.
func (m *Model) troubled() float64 {
	var n float64
	for _, count := range m.kinds {
		for _, status := range troubles {
			n += count[status]
		}
	}
	return n
}
