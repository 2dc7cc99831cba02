package status

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func versionText(v uint64) event.ResourceVersion {
	if v == 0 {
		return ""
	}
	return event.ResourceVersion(strconv.FormatUint(v, 10))
}

// tell makes the record of an object that is due, if there is any.
func (t *Tracker) tell(e *entry, ref *event.ObjectRef, f *Found, now int64) (Emission, bool) {
	if e.kind.objects[e.place] != e {
		// It was forgotten meanwhile, and its name may be another entry's.
		return Emission{}, false
	}
	if newUID(ref.UID) != e.uid {
		e.set(queued, false)
		t.enqueue(e)
		return Emission{}, false
	}
	// What is found may put it in the queue that it has just left.
	e.set(queued, true)
	t.found(e, f, now)
	e.set(queued, false)
	waits := now < t.pending[e].until()
	followUp, resync := e.is(again), e.is(snapshot)
	e.set(again|snapshot, false)
	changed := e.cur != e.said.state || e.is(doubtful)
	switch {
	case e.said.isNone() && e.is(live) && e.is(broken) && !e.is(doubtful):
		// It came with the list that ends an outage. Unknown would be said of it
		// for the time until that list is whole.
		return Emission{}, false
	case e.cur.isNone() && e.said.isNone(), changed && waits && !e.cur.isNone(), !changed && !followUp && !resync:
		t.release(e)
		return Emission{}, false
	case e.cur.isNone():
		e.set(doubtful, false)
		em := t.last(e, f)
		t.release(e)
		return em, true
	}
	e.set(doubtful, false)
	if e.noted == 0 {
		// It is as it was before this run.
		e.noted = now
	}
	s := e.objectState(now, t)
	rec := t.record(event.TypeObjectStatus, ref, f, e.app)
	rec.ObjectState = s
	id := idOf{key: e.key(), uid: e.uid, state: e.cur, version: e.version}
	em := Emission{}
	switch {
	case changed:
		rec.Time = timeOf(e.noted)
		if !e.is(live) || e.is(broken) || e.cur.stale || e.version <= e.said.version {
			// It is no new version of the object that says so.
			id.at = e.noted
		}
		e.said.version = max(e.said.version, e.version)
		t.passages.objects.count(e.said.status(), e.cur.status())
		if e.said.isNone() {
			e.said.since = e.changed
		} else if !e.cur.isLike(e.said.state) {
			s.Previous = previous(&e.said, e.changed)
			e.said.since = e.changed
		}
		e.said.state = e.cur
		t.count(e)
		em.Rows = []event.StatusRow{e.row()}
		if d := e.detail; d != nil {
			d.wanting = 0
			if e.cur.health == healthDegraded && len(s.Evidence.Events) == 0 {
				d.wanting = now + followUpFor
			}
		}
	case followUp:
		rec.Time, id.why = timeOf(now), "events"
	default:
		rec.Time, id.why, id.at = timeOf(now), "resync", t.snapshot.at
		s.Resync = true
	}
	s.Since = timeOf(e.said.since)
	if !changed || id.at != 0 {
		id.seq = e.said.seq
	}
	id.reason = s.Reason
	rec.ID = id.id()
	em.Record = rec
	t.told(e)
	return em, true
}

// count numbers a record of an object.
func (t *Tracker) count(e *entry) {
	if e.said.seq == 0 {
		e.said.seq = t.base
	}
	e.said.seq++
}

// objectState returns how an object is.
func (e *entry) objectState(now int64, t *Tracker) *event.ObjectState {
	s := &event.ObjectState{
		Status: statuses[e.cur.status()], Health: healths[e.cur.health], Sync: syncs[e.cur.sync], Stale: e.cur.stale,
		Evidence: t.evidence(e, now),
	}
	s.Reason, s.Message = e.words()
	if d := e.detail; d != nil && !e.is(broken) {
		s.DesiredBy = d.desiredBy
		if e.is(live) {
			s.Drifts, s.Omitted = slices.Clone(d.drifts), d.omitted
		}
	}
	return s
}

func previous(s *said, until int64) *event.Previous {
	return &event.Previous{
		Status: string(statuses[s.status()]), Health: healths[s.health], Sync: syncs[s.sync],
		Duration: time.Duration(max(until-s.since, 0)),
	}
}

// record returns what all records of objects have.
func (t *Tracker) record(typ event.Type, ref *event.ObjectRef, f *Found, app *application) event.Record {
	r := event.Record{
		Type: typ, Cluster: t.opts.Cluster, Object: ref, Owner: f.Owner, Application: f.Application, Correlation: f.Correlation,
	}
	if r.Application == nil && app != nil {
		info := app.info
		r.Application, r.Correlation = &info, event.CorrelationMatched
	}
	return r
}

// last makes the last record of an object.
func (t *Tracker) last(e *entry, f *Found) Emission {
	ref := e.ref()
	rec := t.record(event.TypeObjectStatus, &ref, f, e.app)
	rec.Time = timeOf(e.noted)
	rec.ObjectState = &event.ObjectState{Since: rec.Time, Previous: previous(&e.said, e.noted), Deleted: true}
	t.count(e)
	t.passages.objects.count(e.said.status(), statusNone)
	rec.ID = e.lastID(e.is(live | dropped))
	em := Emission{Record: rec, Rows: []event.StatusRow{{Key: e.key()}}}
	if e.uid.isZero() || e.is(live|dropped) {
		// The same may be told again of it.
		em.Rows = append(em.Rows, t.raise(e.said.seq))
	}
	e.said = said{}
	e.set(unseen, false)
	return em
}

// lastID is that of the last record of an object, which can be deleted once only;
// again is set where it may be told of again.
func (e *entry) lastID(again bool) event.RecordID {
	id := idOf{key: e.key(), uid: e.uid, why: "deleted"}
	if again || e.uid.isZero() {
		id.seq, id.at = e.said.seq, e.noted
	}
	return id.id()
}

// bye makes the last record of an object whose name has another by now. It is
// called without the lock.
func (t *Tracker) bye(f *farewell) Emission {
	e := entry{kind: f.kind, place: f.place, uid: f.uid}
	t.mu.Lock()
	ref, key := e.ref(), e.key()
	t.passages.objects.count(f.said.status(), statusNone)
	t.mu.Unlock()
	found := t.opts.Finder.Find(ref)
	rec := t.record(event.TypeObjectStatus, &ref, &found, nil)
	if rec.Application == nil && f.app.Name != "" {
		rec.Application, rec.Correlation = &f.app, event.CorrelationMatched
	}
	rec.Time = timeOf(f.at)
	rec.ObjectState = &event.ObjectState{Since: rec.Time, Previous: previous(&f.said, f.at), Deleted: true}
	rec.ID = idOf{key: key, uid: f.uid, why: "deleted"}.id()
	return Emission{Record: rec, Rows: []event.StatusRow{{Key: key}}}
}

// raise notes that records without a UID have to go on above a number, and returns
// the row that remembers it.
func (t *Tracker) raise(seq uint64) event.StatusRow {
	t.base = max(t.base, seq)
	return event.StatusRow{Key: keyBase, Data: binary.AppendUvarint([]byte{rowVersion}, t.base)}
}

// nextApplication makes the next record of an application whose status has changed.
func (t *Tracker) nextApplication() (Emission, bool) {
	s := &t.snapshot
	for len(s.due) > 0 {
		app := s.due[0]
		if s.due = s.due[1:]; len(s.due) == 0 {
			s.due = nil
		}
		r := t.roll(app)
		noted := app.last
		app.first = 0
		if r.applicationState == app.said.applicationState && !app.doubtful {
			t.forsake(app)
			continue
		}
		return t.tellApplication(app, &r, noted, false), true
	}
	return Emission{}, false
}

// snapshotApplication makes the next record of a snapshot that tells of an
// application.
func (t *Tracker) snapshotApplication(now int64) (Emission, bool) {
	s := &t.snapshot
	for len(s.apps) > 0 {
		app := s.apps[len(s.apps)-1]
		s.apps = s.apps[:len(s.apps)-1]
		if app.said.status == applicationNone {
			continue
		}
		r := t.roll(app)
		if r.applicationState != app.said.applicationState {
			// It has yet to settle.
			continue
		}
		return t.tellApplication(app, &r, now, true), true
	}
	s.apps = nil
	return Emission{}, false
}

func (t *Tracker) tellApplication(app *application, r *rolled, at int64, resync bool) Emission {
	s := &event.ApplicationState{
		Status: applicationStatuses[r.status], Health: healths[r.health], Sync: syncs[r.sync],
		Deleted: r.status == applicationNone, Stale: r.stale, Resync: resync,
		Objects: r.objects, Omitted: r.omitted,
	}
	for w, n := range r.statuses {
		if n > 0 {
			if s.Statuses == nil {
				s.Statuses = map[event.Status]int64{}
			}
			s.Statuses[statuses[w]] = n
		}
	}
	for _, e := range r.deciding {
		s.Deciding = append(s.Deciding, e.finding())
	}
	info := app.deployed()
	if d := app.deployment; d != nil {
		copied := *d
		s.Deployment = &copied
	}
	app.doubtful = false
	app.told = r.told()
	id := idOf{key: app.rowKey(), application: r.applicationState, version: r.version, why: "application"}
	em := Emission{}
	if resync {
		id.why, id.at = "resync", t.snapshot.at
	} else {
		if r.health == healthUnknown || r.stale || s.Deleted || r.version <= app.said.version {
			// No new versions of objects say so.
			id.at = at
		}
		former := app.said
		t.passages.applications.count(former.status, r.status)
		app.said.version = max(app.said.version, r.version)
		if former.status != r.status || former.health != r.health || former.sync != r.sync {
			if former.status != applicationNone {
				s.Previous = &event.Previous{
					Status: string(applicationStatuses[former.status]), Health: healths[former.health], Sync: syncs[former.sync],
					Duration: time.Duration(max(at-former.since, 0)),
				}
			}
			app.said.since = at
		}
		app.said.applicationState = r.applicationState
		if app.said.seq == 0 {
			app.said.seq = t.base
		}
		app.said.seq++
		if s.Deleted {
			em.Rows = []event.StatusRow{{Key: app.rowKey()}, t.raise(app.said.seq)}
		} else {
			em.Rows = []event.StatusRow{app.row()}
		}
	}
	if resync || id.at != 0 {
		id.seq = app.said.seq
	}
	s.Since = timeOf(app.said.since)
	em.Record = event.Record{
		Type: event.TypeApplicationStatus, ID: id.id(), Time: timeOf(at), Cluster: t.opts.Cluster,
		Application: &info, ApplicationState: s,
	}
	if s.Deleted {
		app.said, app.told = applicationSaid{}, nil
		t.forsake(app)
	}
	return em
}

// idOf is what makes records different ones. A record that is told again after a
// crash has the ID that it had, if it is the same: what a consumer has seen since
// must not make it drop what is true now. So it is the versions of objects that make
// it or, where these say nothing new, the number of the record and the time.
type idOf struct {
	key         event.StatusKey
	uid         uid
	seq         uint64
	version     uint64
	state       state
	application applicationState
	reason      string
	// why tells records apart that tell no change, and at those that are told of a
	// time.
	why string
	at  int64
}

func (i idOf) id() event.RecordID {
	h := sha256.New()
	b := make([]byte, 0, 256)
	for _, s := range [...]string{string(i.key), string(i.uid.UID()), i.reason, i.why} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.AppendUvarint(b, i.seq)
	b = binary.AppendUvarint(b, i.version)
	b = binary.AppendVarint(b, i.at)
	b = append(b, byte(i.state.health), byte(i.state.sync), bit(i.state.stale))
	b = binary.BigEndian.AppendUint64(b, i.state.drift)
	a := &i.application
	b = append(b, byte(a.status), byte(a.health), byte(a.sync), bit(a.stale))
	b = binary.BigEndian.AppendUint64(b, a.deciding)
	b = binary.BigEndian.AppendUint64(b, a.deployment)
	// A hash never fails to write.
	_, _ = h.Write(b)
	return event.RecordID("status/" + hex.EncodeToString(h.Sum(nil)[:16]))
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
