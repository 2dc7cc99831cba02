package status

import (
	"time"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Bounds of what is kept of warnings.
const (
	maxWarnings       = 50_000
	maxWarningsEach   = 3
	maxOrphans        = 5_000
	warningsFor       = int64(time.Hour)
	maxWarningMessage = 1 << 10
	// followUpFor is how long after a record the first warning is news.
	followUpFor = int64(30 * time.Second)
)

// warning is what is kept of an event that warns.
type warning struct {
	e *entry
	// next is an older one of the same object.
	next *warning
	// newer and older are those of all objects, in the order in which they were
	// told.
	newer, older    *warning
	uid             uid
	reason, message string
	count, at       int64
	told            int64
}

// orphanKey is an object that is not known.
type orphanKey struct {
	kind *kind
	place
}

// warnings are those of all objects, and of objects that are not known.
type warnings struct {
	newest, oldest *warning
	n              int
	orphans        map[orphanKey]*warning
	// order is that of orphans.
	order []orphanKey
}

func newWarnings() warnings { return warnings{orphans: map[orphanKey]*warning{}} }

func namespaceOf(ref *event.ObjectRef) unique.Handle[string] {
	return unique.Make(string(ref.Namespace))
}

// Warned tells an event of type Warning; it may be told before its object is.
func (t *Tracker) Warned(o *event.Occurrence) {
	if o.Type != "Warning" || o.Regarding.Name == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	k := t.kinds.find(o.Regarding.APIVersion, o.Regarding.Kind)
	if k == nil {
		return
	}
	at := o.LastTime.UnixNano()
	if o.LastTime.IsZero() || at > now {
		at = now
	}
	if now-at > warningsFor {
		return
	}
	w := &warning{
		uid: newUID(o.UID), reason: word(o.Reason, maxReason), message: cut(o.Message, maxWarningMessage),
		count: o.Count, at: at, told: now,
	}
	where := k.placeOf(namespaceOf(&o.Regarding), o.Regarding.Name)
	if where.namespace != namespaceOf(&o.Regarding) {
		// Who may write events in a namespace could else speak of what has none.
		return
	}
	e := k.objects[where]
	if e == nil {
		t.warnings.orphan(orphanKey{k, place{where.namespace, cut(where.name, maxReason)}}, w)
		return
	}
	if u := newUID(o.Regarding.UID); !u.isZero() && !e.uid.isZero() && u != e.uid && u.odd == (unique.Handle[string]{}) {
		return
	}
	t.warn(e, w)
	for up, n := e, 0; up != nil && n < maxChain; up, n = up.up(), n+1 {
		if d := up.detail; d != nil && d.wanting != 0 {
			if now <= d.wanting && up.cur == up.said.state {
				up.set(again, true)
				t.enqueue(up)
			}
			d.wanting = 0
		}
	}
}

func (s *warnings) orphan(key orphanKey, w *warning) {
	if _, ok := s.orphans[key]; !ok {
		if len(s.order) == maxOrphans {
			delete(s.orphans, s.order[0])
			s.order = append(s.order[:0], s.order[1:]...)
		}
		s.order = append(s.order, key)
	}
	s.orphans[key] = w
}

// adoptWarnings gives an object the warnings that came before it.
func (t *Tracker) adoptWarnings(e *entry) {
	if len(t.warnings.orphans) == 0 {
		return
	}
	key := orphanKey{e.kind, e.place}
	if w := t.warnings.orphans[key]; w != nil {
		// Its place in the order passes by itself.
		delete(t.warnings.orphans, key)
		t.warn(e, w)
	}
}

// warn adds a warning to an object, in place of what was told of the same event.
func (t *Tracker) warn(e *entry, w *warning) {
	for at := &e.warnings; *at != nil; at = &(*at).next {
		if (*at).uid == w.uid {
			old := *at
			*at = old.next
			t.warnings.drop(old)
			break
		}
	}
	w.e = e
	at := &e.warnings
	for *at != nil && (*at).at > w.at {
		at = &(*at).next
	}
	w.next, *at = *at, w
	t.warnings.add(w)
	n := 0
	for at := &e.warnings; *at != nil; at = &(*at).next {
		if n++; n > maxWarningsEach {
			t.warnings.drop(*at)
			*at = nil
			break
		}
	}
	now := w.told
	for t.warnings.n > maxWarnings || t.warnings.oldest != nil && now-t.warnings.oldest.told > warningsFor {
		t.forgetWarning(t.warnings.oldest)
	}
}

func (s *warnings) add(w *warning) {
	s.n++
	w.older = s.newest
	if s.newest != nil {
		s.newest.newer = w
	} else {
		s.oldest = w
	}
	s.newest = w
}

func (s *warnings) drop(w *warning) {
	s.n--
	if w.newer != nil {
		w.newer.older = w.older
	} else {
		s.newest = w.older
	}
	if w.older != nil {
		w.older.newer = w.newer
	} else {
		s.oldest = w.newer
	}
	w.newer, w.older = nil, nil
}

func (t *Tracker) forgetWarning(w *warning) {
	for at := &w.e.warnings; *at != nil; at = &(*at).next {
		if *at == w {
			*at = w.next
			break
		}
	}
	t.warnings.drop(w)
}

// forgetWarnings forgets those of an object that is gone.
func (t *Tracker) forgetWarnings(e *entry) {
	for w := e.warnings; w != nil; w = w.next {
		t.warnings.drop(w)
	}
	e.warnings = nil
}
