package correlate

import (
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	// maxWants bounds what is waited for and what was in vain, each twice.
	maxWants = 20_000
	// missedFor is how long nothing is waited for again: up to twice as long.
	missedFor = 5 * time.Minute
)

// want is an object that is not known: by its UID alone, or else by kind and
// name. A kind alone stands for its first list.
type want struct {
	uid       uid
	kind      event.GroupKind
	namespace event.Namespace
	name      string
}

// newWant returns what ref lacks; k is nil if its kind is not known.
func newWant(k *kind, ref *event.ObjectRef) want {
	if u := newUID(ref.UID); u.fromServer() {
		return want{uid: u}
	}
	w := want{kind: event.GroupKind{Group: groupOf(ref.APIVersion), Kind: ref.Kind}, namespace: ref.Namespace, name: ref.Name}
	if k != nil {
		w.kind = k.groupKind()
	} else if ref.Kind == "" {
		// Kinds are told all at once.
		w.kind.Kind = ref.Resource
	}
	return w
}

// waits is what Find was asked for and did not know.
type waits struct {
	changed chan struct{}

	mu     sync.Mutex
	asked  recent
	missed recent
	// turned is when missed was last turned.
	turned time.Time
}

func newWaits() waits {
	return waits{changed: make(chan struct{}, 1)}
}

// recent is a set that forgets: the older half of it, once the newer is full.
type recent struct{ now, before map[want]struct{} }

func (r *recent) add(w want) {
	if len(r.now) >= maxWants {
		r.turn()
	}
	if r.now == nil {
		r.now = map[want]struct{}{}
	}
	r.now[w] = struct{}{}
}

func (r *recent) turn() { r.before, r.now = r.now, nil }

func (r *recent) has(w want) bool {
	if _, ok := r.now[w]; ok {
		return true
	}
	_, ok := r.before[w]
	return ok
}

func (r *recent) len() int { return len(r.now) + len(r.before) }

// take removes w and reports whether it was there.
func (r *recent) take(w want) bool {
	if !r.has(w) {
		return false
	}
	delete(r.now, w)
	delete(r.before, w)
	return true
}

// ask notes that w is waited for. The index is locked for reading, so that w
// cannot have come meanwhile.
func (s *waits) ask(w want) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked.add(w)
}

// arrived tells that an object has come.
func (s *waits) arrived(n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked.len() == 0 {
		return
	}
	byUID := s.asked.take(want{uid: n.uid})
	byName := s.asked.take(want{kind: n.kind.groupKind(), namespace: event.Namespace(n.namespace.Value()), name: n.name})
	if byUID || byName {
		s.signal()
	}
}

// arrivedAll tells that a kind was listed whole.
func (s *waits) arrivedAll(k *kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked.take(want{kind: k.groupKind()}) {
		s.signal()
	}
}

// wakeAll lets all ask again: what is worth waiting for has changed.
func (s *waits) wakeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked.len() == 0 {
		return
	}
	s.asked = recent{}
	s.signal()
}

func (s *waits) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// miss notes that it was in vain to wait for w.
func (s *waits) miss(w want, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	s.asked.take(w)
	s.missed.add(w)
}

func (s *waits) isMissed(w want, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	return s.missed.has(w)
}

func (s *waits) expire(now time.Time) {
	switch old := now.Sub(s.turned); {
	case old >= 2*missedFor:
		s.missed = recent{}
	case old >= missedFor:
		s.missed.turn()
	default:
		return
	}
	s.turned = now
}
