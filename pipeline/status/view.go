package status

import (
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// How much is looked at while others wait: objects whose state is copied, and
// members of applications.
const (
	viewObjects = 500
	viewMembers = 5_000
)

// applicationTold are the numbers of an application's last record.
type applicationTold struct {
	objects  int64
	statuses [len(statuses)]int64
	// deciding is nil where no object decides. It has no message.
	deciding *event.ObjectFinding
}

// told returns what is kept of a record.
func (r *rolled) told() *applicationTold {
	told := &applicationTold{objects: r.objects, statuses: r.statuses}
	if len(r.deciding) > 0 {
		finding := r.deciding[0].finding()
		finding.Message = ""
		told.deciding = &finding
	}
	return told
}

// deployed returns the application with the version that was deployed last.
func (a *application) deployed() event.Application {
	info := a.info
	if d := a.deployment; d != nil {
		if d.Version != "" {
			info.Version = d.Version
		}
		if d.Chart != "" {
			info.Chart = d.Chart
		}
	}
	return info
}

// Objects yields every object that has a status, as its last record told it, in no
// order and without UID and resource version. No lock is held while it yields: an
// object that changes meanwhile is as it was before or after, and one that is made or
// forgotten may be among them, even twice where it is both.
func (t *Tracker) Objects(yield func(event.ObjectView) bool) {
	var batch []event.ObjectView
	t.mu.Lock()
	defer t.mu.Unlock()
	looked := 0
	for _, k := range t.kinds.byKind {
		for _, e := range k.objects {
			if looked++; !e.said.isNone() {
				if batch == nil {
					batch = make([]event.ObjectView, 0, viewObjects)
				}
				batch = append(batch, e.view())
			}
			if len(batch) == viewObjects || looked%viewMembers == 0 {
				if !hand(t, &batch, yield) {
					return
				}
			}
		}
	}
	hand(t, &batch, yield)
}

// hand gives a batch away without the lock, and empties it. What is made and forgotten
// in a map meanwhile does no harm to a range over it.
func hand[V any](t *Tracker, batch *[]V, yield func(V) bool) bool {
	t.mu.Unlock()
	defer t.mu.Lock()
	for i := range *batch {
		if !yield((*batch)[i]) {
			return false
		}
	}
	*batch = slices.Delete(*batch, 0, len(*batch))
	return true
}

// view returns how an object was last told to be.
func (e *entry) view() event.ObjectView {
	s := &e.said
	v := event.ObjectView{
		Object: event.ObjectRef{
			APIVersion: e.kind.apiVersion, Kind: e.kind.Kind, Resource: e.kind.resource,
			Namespace: event.Namespace(e.namespace.Value()), Name: e.name,
		},
		Status: statuses[s.status()], Health: healths[s.health], Sync: syncs[s.sync], Stale: s.stale, Since: timeOf(s.since),
	}
	if e.app != nil {
		v.Application = e.app.info
	}
	return v
}

// Applications yields every application that has a status, as its last record told
// it, in no order. How many objects there are is as of now where the record would be
// the same. It yields as Objects does.
func (t *Tracker) Applications(yield func(event.ApplicationView) bool) {
	var batch []event.ApplicationView
	t.mu.Lock()
	defer t.mu.Unlock()
	looked := 0
	for _, app := range t.apps {
		looked += 1 + app.size
		if app.said.status != applicationNone {
			batch = append(batch, t.viewOf(app))
		}
		if len(batch) == viewObjects || looked >= viewMembers {
			looked = 0
			if !hand(t, &batch, yield) {
				return
			}
		}
	}
	hand(t, &batch, yield)
}

// viewOf returns how an application was last told to be.
func (t *Tracker) viewOf(app *application) event.ApplicationView {
	s := &app.said
	v := event.ApplicationView{
		Application: app.deployed(), Status: applicationStatuses[s.status], Health: healths[s.health], Sync: syncs[s.sync],
		Stale: s.stale, Since: timeOf(s.since),
	}
	told := app.told
	if r := t.roll(app); told == nil || r.applicationState == s.applicationState {
		told = r.told()
	}
	v.Objects, v.Deciding = told.objects, told.deciding
	v.Statuses = make(map[event.Status]int64, 1)
	for w, n := range told.statuses {
		if n > 0 {
			v.Statuses[statuses[w]] = n
		}
	}
	return v
}

// A table of passages is as large as either list of words.
var _ [len(statuses)]struct{} = [len(applicationStatuses)]struct{}{}

// passages count changes of status.
type passages struct {
	objects      passage[statusWord, event.Status]
	applications passage[applicationWord, event.ApplicationStatus]
}

// passage counts the changes from one status to another. There are as many words of
// objects as of applications.
type passage[W ~uint8, S ~string] [len(statuses)][len(applicationStatuses)]int64

func (p *passage[W, S]) count(from, to W) {
	if from != to {
		p[from][to]++
	}
}

func (p *passage[W, S]) list(words []S) []event.Transition {
	var all []event.Transition
	for from := range p {
		for to, n := range p[from] {
			if n > 0 {
				all = append(all, event.Transition{From: string(words[from]), To: string(words[to]), Count: n})
			}
		}
	}
	return all
}

// Transitions returns how often records told which change of status, since the
// tracker was made.
func (t *Tracker) Transitions() (objects, applications []event.Transition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.passages.objects.list(statuses[:]), t.passages.applications.list(applicationStatuses[:])
}
