package status

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxDeciding is how many objects a record names that decide a status.
const maxDeciding = 10

// rolled is what the objects of an application make together.
type rolled struct {
	applicationState
	objects  int64
	statuses [len(statuses)]int64
	deciding []*entry
	omitted  int64
	// version is the newest of the objects that count. All resources of an API server
	// are numbered together.
	version uint64
}

// roll looks at all objects of an application.
func (t *Tracker) roll(app *application) rolled {
	var r rolled
	worst := statusNone
	for e := app.members; e != nil; e = e.appNext {
		if !t.isCounted(e) {
			continue
		}
		r.objects++
		r.version = max(r.version, e.version)
		r.statuses[e.cur.status()]++
		worst = max(worst, t.weight(e))
		r.stale = r.stale || e.cur.stale
		if h := e.cur.health; h == healthSuspended {
			r.health = max(r.health, healthHealthy)
		} else {
			r.health = max(r.health, h)
		}
		if syncRanks[e.cur.sync] > syncRanks[r.sync] {
			r.sync = e.cur.sync
		}
	}
	if r.objects == 0 && (app.deployment == nil || app.isUninstalling() && app.deployment.ApplicationStatus == "") {
		// What was uninstalled is gone, although its history may be kept.
		return r
	}
	r.status = ofObjects[worst]
	decided := false
	if d := app.deployment; d != nil {
		h := newHash()
		h.text(d.Revision)
		h.text(string(d.Phase))
		r.deployment = uint64(h) | 1
		if w := wordOf[applicationWord](applicationStatuses[:], d.ApplicationStatus); w != applicationNone {
			r.status, decided = w, true
		}
	}
	if worst <= statusSuspended || decided && app.deployment.Phase == event.DeploymentBegun {
		return r
	}
	t.decide(&r, app, worst, decided)
	return r
}

// decide finds the objects that decide a status. Where the deployment does, they
// are those that are worst off, and no change of them is one of the status.
func (t *Tracker) decide(r *rolled, app *application, worst statusWord, decided bool) {
	for e := app.members; e != nil; e = e.appNext {
		if t.weight(e) != worst || !t.isCounted(e) {
			continue
		}
		if !decided {
			h := newHash()
			h.text(e.kind.Group)
			h.text(e.kind.Kind)
			h.text(e.namespace.Value())
			h.text(e.name)
			// The order does not matter.
			r.applicationState.deciding += uint64(h)
		}
		r.omitted++
		at, _ := slices.BinarySearchFunc(r.deciding, e, compareEntries)
		if at == maxDeciding {
			continue
		}
		if len(r.deciding) == maxDeciding {
			r.deciding = r.deciding[:maxDeciding-1]
		}
		r.deciding = slices.Insert(r.deciding, at, e)
	}
	r.omitted -= int64(len(r.deciding))
}

func compareEntries(a, b *entry) int {
	return cmp.Or(
		strings.Compare(a.namespace.Value(), b.namespace.Value()), strings.Compare(a.kind.Kind, b.kind.Kind),
		strings.Compare(a.name, b.name), strings.Compare(a.kind.Group, b.kind.Group),
	)
}

// weight returns the status of an object as it counts for its application.
func (t *Tracker) weight(e *entry) statusWord {
	if t.opts.PrioritizeHealth {
		if e.cur.health == healthNone {
			return statusHealthy
		}
		return combined[e.cur.health][syncNone]
	}
	return e.cur.status()
}

// isCounted reports whether an object counts for its application: not if one of its
// owners does, or is left out.
func (t *Tracker) isCounted(e *entry) bool {
	if e.cur.isNone() || e.is(excluded) || e.is(unseen) && !e.is(top) {
		return false
	}
	up := e.up()
	for range maxChain {
		if up == nil {
			break
		}
		if up.is(excluded) || up.is(live) && up.cur.health != healthNone && up.app == e.app {
			return false
		}
		up = up.up()
	}
	return true
}
