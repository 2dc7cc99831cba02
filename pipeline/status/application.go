package status

import (
	"strconv"
	"strings"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// application is what is kept of an application.
type application struct {
	key  event.ApplicationKey
	info event.Application
	// members are the objects that belong to it.
	members *entry
	size    int
	// leads is how many objects it lives on by, and expecting how many say what it
	// consists of.
	leads, expecting int
	// deployment is the newest; nil where none is known. begunAt is when it was
	// told that one is under way.
	deployment *event.Deployment
	begunAt    int64

	said applicationSaid
	// told are the numbers that went with it; nil where an earlier run told them.
	told *applicationTold
	// doubtful is set where it is not known what was told last.
	doubtful bool
	// first and last are when it changed since it was last looked at; timed is set
	// while it has a timer.
	first, last int64
	timed       bool
}

// applicationSaid is what the last record of an application told.
type applicationSaid struct {
	applicationState
	since int64
	// seq is the number of the record, and version that of the newest object.
	seq, version uint64
}

// applicationState is what a record of an application tells a change of.
type applicationState struct {
	status applicationWord
	health healthWord
	sync   syncWord
	stale  bool
	// deciding is a hash of the objects that decide the status, deployment one of
	// the deployment's revision and phase; 0 if there are none.
	deciding, deployment uint64
}

// applicationOf returns the application, which it makes known.
func (t *Tracker) applicationOf(a *event.Application) *application {
	key := a.Key()
	app := t.apps[key]
	if app == nil {
		app = &application{info: cloneApplication(a)}
		app.key = app.info.Key()
		t.apps[app.key] = app
		return app
	}
	if app.info.Version != a.Version || app.info.Chart != a.Chart || app.info.DeploymentID != a.DeploymentID {
		if a.Version != "" || a.Chart != "" || a.DeploymentID != "" {
			app.info = cloneApplication(a)
		}
	}
	return app
}

// cloneApplication copies the texts: they may be parts of something large. What
// tied one object to the application is not kept.
func cloneApplication(a *event.Application) event.Application {
	c := *a
	c.Via = event.Via{}
	for _, s := range []*string{
		&c.Name, (*string)(&c.Namespace), (*string)(&c.Tool), &c.Version, &c.Chart, &c.Environment, &c.Tenant,
		&c.DeploymentID, &c.RunbookRunID, &c.StepID, &c.ActionID,
	} {
		*s = word(*s, len(*s))
	}
	return c
}

// setApplication makes an object belong to an application, or to none.
func (t *Tracker) setApplication(e *entry, app *application, now int64) {
	former := e.app
	if former == app {
		return
	}
	if former != nil {
		if e.is(leading) {
			e.set(leading, false)
			t.unlead(former, now)
		}
		if e.appPrev != nil {
			e.appPrev.appNext = e.appNext
		} else {
			former.members = e.appNext
		}
		if e.appNext != nil {
			e.appNext.appPrev = e.appPrev
		}
		e.appNext, e.appPrev = nil, nil
		former.size--
		t.touch(former, now)
		t.forsake(former)
	}
	if e.app = app; app != nil {
		if e.appNext = app.members; e.appNext != nil {
			e.appNext.appPrev = e
		}
		app.members = e
		app.size++
		t.touch(app, now)
	}
}

// forsake forgets an application of which nothing is left and nothing to be told.
func (t *Tracker) forsake(app *application) {
	if app.size == 0 && app.expecting == 0 && app.deployment == nil && app.said.status == applicationNone && t.apps[app.key] == app {
		delete(t.apps, app.key)
	}
}

// touch notes that what decides an application's status has changed.
func (t *Tracker) touch(app *application, now int64) {
	if app == nil {
		return
	}
	app.last = now
	if app.first == 0 {
		app.first = now
	}
	if !app.timed && t.sorted {
		app.timed = true
		t.timers.push(timer{at: t.dueOf(app), app: app})
		t.signal()
	}
}

// restless is after how many times the settling a status is told that does not
// come to rest.
const restless = 5

func (t *Tracker) dueOf(app *application) int64 {
	settle := int64(t.opts.Settle)
	return min(app.last+settle, app.first+restless*settle)
}

// Deployed tells a state of a rollout of an application. States may come in any
// order and repeatedly: the newest counts. Removed says that the record of it is
// gone, or that the application was taken down.
func (t *Tracker) Deployed(a event.Application, d event.Deployment, removed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	app := t.applicationOf(&a)
	defer t.forsake(app)
	former := app.deployment
	if former != nil && isNewer(former, &d) || removed && former == nil {
		return
	}
	switch {
	case removed:
		app.deployment, app.begunAt = nil, 0
	default:
		// The objects are told by a record of their own.
		d.Objects, d.Omitted = nil, 0
		app.deployment = cloneDeployment(&d)
		switch {
		case d.Phase != event.DeploymentBegun:
			app.begunAt = 0
		case app.begunAt == 0 || former.Revision != d.Revision:
			app.begunAt = now
		}
	}
	t.touch(app, now)
	for e := app.members; e != nil; e = e.appNext {
		if e.expected > 0 && !e.is(live) || e.cur.health == healthMissing {
			t.lookAt(e, now)
		}
	}
}

// isNewer reports whether a deployment is newer than another.
func isNewer(d, o *event.Deployment) bool {
	if a, err := strconv.ParseUint(d.Revision, 10, 64); err == nil {
		if b, err := strconv.ParseUint(o.Revision, 10, 64); err == nil && a != b {
			return a > b
		}
	}
	if !d.Started.IsZero() && !o.Started.IsZero() && !d.Started.Equal(o.Started) {
		return d.Started.After(o.Started)
	}
	if d.Phase == event.DeploymentBegun || o.Phase == event.DeploymentBegun {
		return d.Phase != event.DeploymentBegun && !d.Started.IsZero() && d.Started.Equal(o.Started) && d.Revision == o.Revision && d.Action == o.Action
	}
	return d.Finished.After(o.Finished) && !o.Finished.IsZero()
}

func cloneDeployment(d *event.Deployment) *event.Deployment {
	c := *d
	for _, s := range []*string{&c.Status, &c.Revision, &c.Version, &c.Chart, &c.Source, &c.InitiatedBy} {
		*s = strings.Clone(*s)
	}
	c.Message = cut(c.Message, maxMessage)
	return &c
}

func (a *application) isUninstalling() bool {
	return a != nil && a.deployment != nil && a.deployment.Action == event.ActionUninstall
}

// begun returns when a deployment began that is under way, 0 if none is.
func (a *application) begun() int64 {
	if a == nil || a.deployment == nil || a.deployment.Phase != event.DeploymentBegun {
		return 0
	}
	if started := a.deployment.Started; !started.IsZero() && started.Before(time.Unix(0, a.begunAt)) {
		return started.UnixNano()
	}
	return a.begunAt
}
