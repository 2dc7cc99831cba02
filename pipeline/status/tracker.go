package status

import (
	"hash/maphash"
	"sync"
	"time"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Found is what is known of an object and whom it belongs to.
type Found struct {
	// Object is the reference that was asked for, completed by what is known. Its
	// UID is set where it was asked for, or else where the object lives.
	Object event.ObjectRef
	// Owner is the object at the top of its owners; nil if it has none.
	Owner *event.ObjectRef
	// Application is nil where it is not known; Correlation says why.
	Application *event.Application
	Correlation event.Correlation
	// Pending is set where asking again a little later may tell more.
	Pending bool
}

// Finder knows which applications objects belong to.
type Finder interface {
	// Find is called by one goroutine at a time, which holds no lock of the
	// tracker. It knows at least what the tracker was told of the object before.
	Find(ref event.ObjectRef) Found
}

// The defaults of Options.
const (
	DefaultStaleAfter   = 10 * time.Minute
	DefaultUnknownAfter = 15 * time.Second
)

// Options of a Tracker.
type Options struct {
	Cluster event.ClusterName
	Finder  Finder
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Settle is how long the status of an application has to stand before it is
	// told; one that does not come to rest is told after five times that. Zero
	// tells it at once.
	Settle time.Duration
	// Resync is the interval at which everything is told again; zero is never.
	Resync time.Duration
	// PrioritizeHealth has objects count for their application by their health
	// alone.
	PrioritizeHealth bool
	// StaleAfter is how long nothing may be heard of a watch before what it told is
	// stale, and UnknownAfter how long it may fail before that is unknown. Zero are
	// the defaults.
	StaleAfter, UnknownAfter time.Duration
}

// Tracker knows how the objects and applications of a cluster are. Its methods
// may be called by any number of goroutines, Restore by one before all others. It
// keeps nothing of what it is given but copies.
type Tracker struct {
	opts    Options
	seed    maphash.Seed
	changed chan struct{}
	// taking is held by the one who takes a record.
	taking sync.Mutex

	mu    sync.Mutex
	kinds kinds
	apps  map[event.ApplicationKey]*application
	// counts are the objects by status.
	counts [len(statuses)]int64
	// passages count the changes of statuses that were told.
	passages passages
	// missed are the entries that are missing.
	missed map[*entry]struct{}
	// details are the bytes of all details, and missing counts those of missed.
	details, missing quota
	// ending are the namespaces that are being deleted or are gone.
	ending     map[unique.Handle[string]]ending
	expecting  map[string]*expectation
	expected   quota
	warnings   warnings
	pending    map[*entry]pending
	terminated []farewell

	// synced is set once everything was listed, and sorted once it is known to
	// which application each object belongs: nothing is told before.
	synced, sorted bool
	// began is when everything was listed once.
	began    int64
	searches queue
	dirty    queue
	timers   timers
	// manyTimers is how many there are before those of no use are dropped.
	manyTimers int
	// doubtful are the keys of which it is not known what was told last.
	doubtful map[event.StatusKey]bool
	// turn counts objects told since an application was.
	turn int
	// base is a number which those of records without a UID have to exceed.
	base     uint64
	epoch    uint32
	snapshot resync
}

// New returns a tracker that knows nothing.
func New(o Options) *Tracker {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.StaleAfter <= 0 {
		o.StaleAfter = DefaultStaleAfter
	}
	if o.UnknownAfter <= 0 {
		o.UnknownAfter = DefaultUnknownAfter
	}
	if o.Finder == nil {
		o.Finder = nobody{}
	}
	return &Tracker{
		opts: o, seed: maphash.MakeSeed(), changed: make(chan struct{}, 1),
		kinds: newKinds(), apps: map[event.ApplicationKey]*application{},
		missed: map[*entry]struct{}{}, details: newQuota(maxDetails), missing: newQuota(maxMissed), ending: map[unique.Handle[string]]ending{},
		expecting: map[string]*expectation{}, expected: newQuota(maxExpected), warnings: newWarnings(), pending: map[*entry]pending{},
	}
}

// nobody finds no application.
type nobody struct{}

func (nobody) Find(ref event.ObjectRef) Found { return Found{Object: ref} }

// Changed is signalled when Next may have something to tell. Many changes may be
// told by one signal, and what is due by the time alone by none: see Due.
func (t *Tracker) Changed() <-chan struct{} { return t.changed }

func (t *Tracker) signal() {
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

func (t *Tracker) now() int64 { return t.opts.Now().UnixNano() }

func timeOf(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

// enqueue has Next look at an entry.
func (t *Tracker) enqueue(e *entry) {
	if e.is(queued) || !t.sorted {
		return
	}
	e.set(queued, true)
	t.dirty.push(e)
	t.signal()
}

// search has Next search for the application of an entry.
func (t *Tracker) search(e *entry) {
	if e.is(searched) || !t.synced {
		return
	}
	e.set(searched, true)
	t.searches.push(e)
	t.signal()
}

// lookAt has an entry looked at again at a time.
func (t *Tracker) lookAt(e *entry, at int64) {
	if at == 0 || e.look != 0 && e.look <= at {
		return
	}
	e.look = at
	if len(t.timers) >= t.manyTimers {
		t.timers.prune()
		t.manyTimers = max(fewTimers, 2*len(t.timers))
	}
	t.timers.push(timer{at: at, e: e})
	t.signal()
}

// settle finds out how an object is, after anything changed that decides it.
func (t *Tracker) settle(e *entry, now int64) {
	v := t.judge(e, now)
	t.lookAt(e, v.look)
	if v.ask {
		t.search(e)
	}
	e.set(broken, v.broken)
	if before := e.cur; v.state != before {
		t.counts[before.status()]--
		t.counts[v.status()]++
		e.noted = now
		if !v.isLike(before) {
			e.changed = now
		}
		e.cur = v.state
		t.miss(e, v.health == healthMissing)
		if !v.isLike(before) || v.stale != before.stale {
			t.touch(e.app, now)
		}
		if before.isNone() {
			t.search(e)
		}
	}
	t.lead(e, now)
	if e.cur != e.said.state || e.is(doubtful) {
		t.enqueue(e)
	}
	t.release(e)
}

// release forgets an entry that nobody needs.
func (t *Tracker) release(e *entry) {
	for e != nil && t.isNeedless(e) {
		parent := e.parent
		t.setApplication(e, nil, t.now())
		e.belong(nil)
		t.forgetWarnings(e)
		delete(t.pending, e)
		t.miss(e, false)
		t.keep(e, nil)
		e.look = 0
		if e.kind.objects[e.place] == e {
			delete(e.kind.objects, e.place)
		}
		e = parent
	}
}

func (t *Tracker) isNeedless(e *entry) bool {
	switch {
	case e.child != nil, e.expected > 0, e.is(queued | searched | unseen), !e.cur.isNone(), !e.said.isNone():
		return false
	case e.is(live):
		// It may be what ties others to an owner.
		return e.is(top) && !e.is(compared)
	default:
		return e.look == 0
	}
}

// entryOf returns the entry of an object, which it makes where there is none.
func (t *Tracker) entryOf(k *kind, at place) *entry {
	e := k.objects[at]
	if e == nil {
		e = &entry{kind: k, place: place{at.namespace, cut(at.name, len(at.name))}}
		k.objects[e.place] = e
		t.adoptWarnings(e)
	}
	return e
}
