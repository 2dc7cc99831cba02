package status

import (
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Emission is a record to be handed on, and what is to be remembered with it: both
// or neither. The tracker takes it for done.
type Emission struct {
	Record event.Record
	Rows   []event.StatusRow
}

// farewell is an object that is gone and has given its name to another.
type farewell struct {
	kind *kind
	place
	uid  uid
	said said
	app  event.Application
	at   int64
}

// fairness is how many objects may be told before an application is that is due.
const fairness = 64

// Next returns the next record, and false where there is none at that time. Each
// record tells how things are when it is asked for: what changed and changed back
// meanwhile is not told.
func (t *Tracker) Next(now time.Time) (Emission, bool) {
	t.taking.Lock()
	defer t.taking.Unlock()
	at := now.UnixNano()
	for {
		t.searchAll()
		t.mu.Lock()
		if !t.sorted {
			t.mu.Unlock()
			return Emission{}, false
		}
		t.tick(at)
		if t.searches.len() > 0 {
			t.mu.Unlock()
			continue
		}
		if t.turn >= fairness || t.dirty.len() == 0 && len(t.terminated) == 0 {
			t.turn = 0
			if em, ok := t.nextApplication(); ok {
				t.mu.Unlock()
				return em, true
			}
		}
		if len(t.terminated) > 0 {
			f := t.terminated[0]
			if t.terminated = t.terminated[1:]; len(t.terminated) == 0 {
				t.terminated = nil
			}
			t.mu.Unlock()
			return t.bye(&f), true
		}
		e := t.dirty.pop()
		if e == nil {
			e = t.snapshot.object()
		}
		if e == nil {
			em, ok := t.snapshotApplication(at)
			t.mu.Unlock()
			return em, ok
		}
		e.set(queued, false)
		ref := e.ref()
		t.mu.Unlock()
		found := t.opts.Finder.Find(ref)
		t.mu.Lock()
		em, ok := t.tell(e, &ref, &found, at)
		t.turn++
		t.mu.Unlock()
		if ok {
			return em, true
		}
	}
}

// tick does what is due.
func (t *Tracker) tick(now int64) {
	for len(t.timers) > 0 && t.timers[0].at <= now {
		due := t.timers.pop()
		switch e := due.e; {
		case e == nil:
			due.app.timed = false
			if at := t.dueOf(due.app); at > now {
				due.app.timed = true
				t.timers.push(timer{at: at, app: due.app})
				continue
			}
			t.snapshot.due = append(t.snapshot.due, due.app)
		case e.look == due.at:
			e.look = 0
			if _, ok := t.pending[e]; ok {
				t.search(e)
			}
			t.settle(e, now)
		}
	}
	if t.snapshot.isDue(now) {
		t.takeSnapshot(now)
	}
}

// Due returns when Next may have something to tell without that anything is told
// to the tracker: now if it has, the zero time if nothing is due.
func (t *Tracker) Due(now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.synced:
		return time.Time{}
	case !t.sorted, t.searches.len() > 0, t.dirty.len() > 0, len(t.terminated) > 0, t.snapshot.isUnderWay():
		return now
	}
	at := t.snapshot.next
	if len(t.timers) > 0 && (at == 0 || t.timers[0].at < at) {
		at = t.timers[0].at
	}
	if at != 0 && at <= now.UnixNano() {
		return now
	}
	return timeOf(at)
}

// resync is a snapshot of everything that is told bit by bit.
type resync struct {
	interval, next int64
	// at is when the snapshot was taken that is under way.
	at      int64
	objects []*entry
	apps    []*application
	// due are the applications whose status may have changed.
	due []*application
}

func (r *resync) begin(interval time.Duration, now int64) {
	r.interval = int64(interval)
	if r.interval > 0 {
		r.next = now + r.interval
	}
}

func (r *resync) isDue(now int64) bool { return r.next != 0 && now >= r.next }

func (r *resync) isUnderWay() bool { return len(r.objects)+len(r.apps)+len(r.due) > 0 }

// object returns the next object of the snapshot, nil if there is none.
func (r *resync) object() *entry {
	for len(r.objects) > 0 {
		last := len(r.objects) - 1
		e := r.objects[last]
		r.objects = r.objects[:last]
		if e.is(snapshot) {
			return e
		}
	}
	r.objects = nil
	return nil
}

// takeSnapshot has everything told again that was told.
func (t *Tracker) takeSnapshot(now int64) {
	s := &t.snapshot
	s.next = now + s.interval
	if len(s.objects)+len(s.apps) > 0 {
		// The one before is not told yet.
		return
	}
	s.at = now
	for _, k := range t.kinds.byKind {
		for _, e := range k.objects {
			if !e.said.isNone() {
				e.set(snapshot, true)
				s.objects = append(s.objects, e)
			}
		}
	}
	for _, app := range t.apps {
		if app.said.status != applicationNone {
			s.apps = append(s.apps, app)
		}
	}
	slices.SortFunc(s.objects, func(a, b *entry) int { return compareEntries(b, a) })
}
