package metrics

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// fewest is how many series an application has at least, and usual mostly.
const (
	fewest = 3
	usual  = 6
)

// applicationStatuses are those of applications by how bad they are.
var applicationStatuses = [...]event.ApplicationStatus{
	"", event.ApplicationHealthy, event.ApplicationWaiting, event.ApplicationProgressing, event.ApplicationOutOfSync,
	event.ApplicationUnknown, event.ApplicationMissing, event.ApplicationDegraded, event.ApplicationUnavailable,
}

func rankApplication(s event.ApplicationStatus) int {
	return slices.Index(applicationStatuses[:], s)
}

// compareApplications puts those first that are worse. The rest of the order is always
// the same, so that those that have no room are.
func compareApplications(a, b event.ApplicationView) int {
	x, y := &a.Application, &b.Application
	return cmp.Or(
		rankApplication(b.Status)-rankApplication(a.Status), strings.Compare(x.Name, y.Name),
		strings.Compare(string(x.Namespace), string(y.Namespace)), strings.Compare(string(x.Tool), string(y.Tool)),
		strings.Compare(x.Environment, y.Environment), strings.Compare(x.Tenant, y.Tenant),
	)
}

// ownerOfApplication is the namespace of the object that decides: whoever claims to be
// an application of another namespace has their objects in their own.
func ownerOfApplication(v *event.ApplicationView) (event.Namespace, bool) {
	bad := rankApplication(v.Status) > rankApplication(event.ApplicationHealthy)
	if v.Deciding != nil {
		return v.Deciding.Object.Namespace, bad
	}
	return v.Application.Namespace, bad
}

// names are the labels that name an application: cluster, application, namespace,
// tool, environment and tenant.
type names [6]label

// application is what is told of an application.
type application struct {
	names
	event.ApplicationView
	// count is how many are told as this one, owned is set once Statuses is its own.
	count int64
	owned bool
}

// series returns how many the application has.
func (a *application) series() int {
	n := 2 + len(a.Statuses)
	for _, has := range [...]bool{!a.Since.IsZero(), a.Stale, a.Sync != event.SyncNone, a.Deciding != nil} {
		if has {
			n++
		}
	}
	return n
}

// merge adds to an application the objects of another one that is no worse.
func (a *application) merge(v *event.ApplicationView) {
	a.count++
	a.Stale = a.Stale || v.Stale
	if !a.owned {
		mine := make(map[event.Status]int64, len(a.Statuses)+len(v.Statuses))
		maps.Copy(mine, a.Statuses)
		a.Statuses, a.owned = mine, true
	}
	for s, n := range v.Statuses {
		a.Statuses[s] += n
	}
}

// applications tells of applications, in at most that many series, and returns how
// many are left.
func (s *scrape) applications(state State, most int) int {
	by := map[event.ApplicationStatus]int64{}
	share := most / shares / usual
	bad := worst[event.ApplicationView]{
		most: (most + fewest - 1) / fewest, compare: compareApplications, owner: ownerOfApplication, share: share,
	}
	state.Applications(func(v event.ApplicationView) bool {
		by[v.Status]++
		bad.add(v)
		return true
	})
	for status, n := range by {
		s.add(familyApplications, float64(n), s.cluster, label(status))
	}
	views := bad.list()
	slices.SortFunc(views, compareApplications)
	var omitted int64
	all := make([]application, 0, len(views))
	index := make(map[names]int, len(views))
	for i := range views {
		app := &views[i].Application
		is := names{s.cluster}
		if !s.labels(is[1:], app.Name, string(app.Namespace), string(app.Tool), app.Environment, app.Tenant) {
			omitted++
			continue
		}
		if at, ok := index[is]; ok {
			all[at].merge(&views[i])
			continue
		}
		index[is] = len(all)
		all = append(all, application{names: is, ApplicationView: views[i], count: 1})
	}
	shareOut(all, func(a *application) (event.Namespace, bool) { return ownerOfApplication(&a.ApplicationView) }, share)
	room := true
	for i := range all {
		// What is better off does not go before what has no room, be it smaller.
		n := all[i].series()
		if room = room && n <= most; !room {
			omitted += all[i].count
			continue
		}
		most -= n
		s.application(&all[i])
	}
	if !room {
		most = 0
	}
	s.set(familyOmitted, float64(omitted+bad.dropped), "applications")
	return most
}

func (s *scrape) application(a *application) {
	is := a.names[:]
	with := func(more ...label) []label { return append(slices.Clip(is), more...) }
	s.put(familyApplicationStatus, 1, with(label(a.Status))...)
	// A version that may not be told is none.
	version, _ := s.label(a.Application.Version)
	chart, _ := s.label(a.Application.Chart)
	s.put(familyApplicationInfo, 1, with(version, chart)...)
	for status, n := range a.Statuses {
		s.put(familyApplicationCount, float64(n), with(label(status))...)
	}
	if !a.Since.IsZero() {
		s.put(familyApplicationSince, seconds(a.Since), is...)
	}
	if a.Stale {
		s.put(familyApplicationStale, 1, is...)
	}
	if a.Sync != event.SyncNone {
		s.put(familyApplicationSync, 1, with(label(a.Sync))...)
	}
	if d := a.Deciding; d != nil {
		var of [3]label
		if s.labels(of[:], d.Object.Kind, string(d.Object.Namespace), d.Object.Name) {
			reason, _ := s.label(d.Reason)
			s.put(familyDeciding, 1, with(of[0], of[1], of[2], label(d.Status), reason)...)
		}
	}
}
