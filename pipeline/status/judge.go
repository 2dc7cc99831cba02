package status

import "time"

// How long it is waited until an object is said to be missing, in nanoseconds.
const (
	// vanishHold follows the end of an object: what goes together with it, or comes
	// in its place, is told by other watches.
	vanishHold = int64(200 * time.Millisecond)
	// expectHold follows the word that an object should be there, which may come
	// before the object.
	expectHold = int64(2 * time.Second)
	// rolloutHold bounds how long a deployment under way may take to make its
	// objects: Helm gives up by itself after as long.
	rolloutHold = int64(5 * time.Minute)
	// compareHold is how long an object that is there again is not told of before it
	// was compared: that takes a request.
	compareHold = int64(10 * time.Second)
	// unservedHold is how long a kind may not be served after a start before what was
	// known of its objects is forgotten: an aggregated API may be away.
	unservedHold = int64(10 * time.Minute)
	// endingPause is how often it is looked whether a namespace has ended.
	endingPause = int64(time.Second)
	// missFor is how long an object is missed that nobody says should be there.
	missFor = int64(24 * time.Hour)
)

// verdict is how an object is by all that is known.
type verdict struct {
	state
	broken bool
	// look is when to judge again, 0 for not by the time.
	look int64
	// ask is set where a Finder has to say whether the object lives.
	ask bool
}

// judge says how an object is.
func (t *Tracker) judge(e *entry, now int64) verdict {
	var v verdict
	w := e.kind.watch(e.namespace)
	switch {
	case e.is(dropped):
		return v
	case e.is(live) && e.is(compared) && e.own.isNone() && !e.said.isNone() && now < e.gone+compareHold:
		// How it compares is not known yet.
		v.state, v.look = e.said.state, e.gone+compareHold
		v.stale = false
	case e.is(live):
		v.state = e.own
		if v.isNone() {
			return verdict{}
		}
	default:
		v = t.judgeAbsent(e, w, now)
	}
	if w == nil {
		return v
	}
	if w.broken && (!v.isNone() || e.expected > 0) {
		v.broken, v.health, v.drift = true, healthUnknown, 0
		if v.sync != syncNone {
			v.sync = syncUnknown
		}
	}
	if !v.isNone() {
		v.stale = w.stale && !w.broken
	}
	return v
}

// judgeAbsent says how an object is that does not live, as far as is known.
func (t *Tracker) judgeAbsent(e *entry, w *watch, now int64) verdict {
	kept := verdict{state: e.said.state}
	kept.stale = false
	if e.is(unseen) && t.kinds.asked && !e.kind.served {
		if until := t.began + unservedHold; !t.sorted || now < until {
			kept.look = until
			return kept
		}
		return verdict{}
	}
	expected := e.expected > 0 && !e.app.isUninstalling()
	if !t.sorted || (e.is(unseen) || expected) && (w == nil || !w.listed) {
		// Nothing is known of it yet.
		return kept
	}
	ends, ending := t.ending[e.namespace]
	if expected {
		return t.judgeExpected(e, kept, ending && !ends.gone, now)
	}
	missed := e.is(applied) && e.is(top) && !e.is(excluded) && !e.said.isNone() && !ending &&
		e.app != nil && e.app.expecting == 0 && !e.app.isUninstalling() && e.app.leads > 0
	switch {
	case e.is(applied) && e.is(top) && !e.said.isNone() && now < e.gone+vanishHold:
		kept.look = e.gone + vanishHold
		return kept
	case !missed || now >= e.gone+missFor, e.cur.health != healthMissing && !t.missing.allows(e.namespace, 1):
		return verdict{}
	default:
		return verdict{state: missing(), look: e.gone + missFor}
	}
}

func (t *Tracker) judgeExpected(e *entry, kept verdict, ending bool, now int64) verdict {
	if !e.is(checked) {
		kept.ask = true
		return kept
	}
	if e.said.health == healthMissing {
		return verdict{state: missing()}
	}
	until := e.gone + expectHold
	if !e.uid.isZero() {
		until = e.gone + vanishHold
	}
	if begun := e.app.begun(); begun != 0 {
		until = max(until, begun+rolloutHold)
	}
	if ending {
		until = max(until, now+endingPause)
	}
	if now < until {
		kept.look = until
		return kept
	}
	return verdict{state: missing()}
}

// missing is the state of an object that should be there and is not.
func missing() state { return state{health: healthMissing, sync: syncOutOfSync} }

// lead counts an object among those by which its application lives on.
func (t *Tracker) lead(e *entry, now int64) {
	leads := e.is(live) && e.is(top) && !e.is(deleting|excluded) && !e.cur.isNone() && e.app != nil
	if leads == e.is(leading) {
		return
	}
	e.set(leading, leads)
	if leads {
		e.app.leads++
		return
	}
	t.unlead(e.app, now)
}

// unlead notes that one object less leads an application; without any, none of the
// others is missed.
func (t *Tracker) unlead(app *application, now int64) {
	if app.leads--; app.leads > 0 {
		return
	}
	for e := app.members; e != nil; e = e.appNext {
		if e.cur.health == healthMissing && e.expected == 0 {
			// Judged by itself: more may change.
			t.lookAt(e, now)
		}
	}
}
