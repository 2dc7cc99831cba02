package metrics

import (
	"cmp"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/fluent-live/live-status/pipeline/event"
)

// The statuses of objects by how bad they are.
const (
	rankSuspended = 3
	rankDegraded  = 8
)

var objectStatuses = [rankDegraded + 1]event.Status{
	event.StatusNone, event.StatusInSync, event.StatusHealthy, event.StatusSuspended, event.StatusProgressing,
	event.StatusOutOfSync, event.StatusUnknown, event.StatusMissing, event.StatusDegraded,
}

// rankObject says how bad a status is; the higher, the worse.
func rankObject(s event.Status) int { return max(slices.Index(objectStatuses[:], s), 0) }

// object is what is told of an object.
type object struct {
	application, applicationNamespace string
	kind, group, namespace, name      string
	status                            event.Status
	rank                              int
}

func newObject(v *event.ObjectView) object {
	return object{
		application: v.Application.Name, applicationNamespace: string(v.Application.Namespace),
		kind: v.Object.Kind, group: groupOf(v.Object.APIVersion), namespace: string(v.Object.Namespace), name: v.Object.Name,
		status: v.Status, rank: rankObject(v.Status),
	}
}

func groupOf(apiVersion string) string {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}

// compareObjects puts those first that are worse. The rest of the order is always the
// same, so that those that have no room are.
func compareObjects(a, b object) int {
	if a.rank != b.rank {
		return b.rank - a.rank
	}
	return cmp.Or(
		strings.Compare(a.namespace, b.namespace), strings.Compare(a.kind, b.kind),
		strings.Compare(a.name, b.name), strings.Compare(a.group, b.group),
	)
}

func ownerOfObject(o *object) (event.Namespace, bool) {
	return event.Namespace(o.namespace), o.rank > rankSuspended
}

// maxKinds bounds the kinds whose objects are counted apart, and otherKinds is what
// all others are counted as. No kind can be called so.
const (
	maxKinds   = 2_000
	otherKinds = "(others)"
)

type kind struct{ kind, group string }

// byKind counts objects.
type byKind map[kind]*[rankDegraded + 1]int64

func (b byKind) count(o *object) {
	k := kind{o.kind, o.group}
	of := b[k]
	if of == nil {
		if len(b) >= maxKinds {
			k = kind{otherKinds, ""}
		}
		if of = b[k]; of == nil {
			of = new([rankDegraded + 1]int64)
			b[k] = of
		}
	}
	of[o.rank]++
}

// objects tells of objects, in at most that many series.
func (s *scrape) objects(state State, which Objects, most int) {
	by := byKind{}
	bad := worst[object]{most: most, compare: compareObjects, owner: ownerOfObject, share: most / shares}
	state.Objects(func(v event.ObjectView) bool {
		o := newObject(&v)
		by.count(&o)
		if which == ObjectsAll || which == ObjectsUnhealthy && o.rank > rankSuspended {
			bad.add(o)
		}
		return true
	})
	for k, counts := range by {
		var of [2]label
		if !s.labels(of[:], k.kind, k.group) {
			of = [2]label{otherKinds}
		}
		for rank, n := range counts {
			if n > 0 {
				s.add(familyObjects, float64(n), s.cluster, of[0], of[1], label(objectStatuses[rank]))
			}
		}
	}
	list := bad.list()
	omitted := bad.dropped
	told := make(map[uint64]*toldObject, len(list))
	for i := range list {
		if !s.object(&list[i], told) {
			omitted++
		}
	}
	s.set(familyOmitted, float64(omitted), "objects")
}

// toldObject is an object that has its series.
type toldObject struct {
	metric *dto.Metric
	rank   int
}

// object tells of an object, and returns false if its names may not be told. Of those
// that look the same, the worst is told.
func (s *scrape) object(o *object, told map[uint64]*toldObject) bool {
	values := [...]label{s.cluster, "", "", "", "", "", "", label(o.status)}
	if !s.labels(values[1:6], o.application, o.applicationNamespace, o.kind, o.group, o.namespace) {
		return false
	}
	var ok bool
	if values[6], ok = s.once(o.name); !ok {
		return false
	}
	s.hash.Reset()
	for _, v := range values[1:7] {
		s.text(string(v))
	}
	same := told[s.hash.Sum64()]
	switch {
	case same == nil:
		told[s.hash.Sum64()] = &toldObject{metric: s.put(familyObjectStatus, 1, values[:]...), rank: o.rank}
	case same.rank < o.rank:
		same.metric.Label, same.rank = s.pairsOf(familyObjectStatus, values[:]), o.rank
	}
	return true
}
