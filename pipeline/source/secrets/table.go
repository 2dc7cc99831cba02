package secrets

import (
	"sync"

	"github.com/fluent-live/live-status/pipeline/event"
)

// table is which Secrets the sink knows.
type table struct {
	mu      sync.Mutex
	secrets map[Key]entry
	unread  int64
}

// entry is what is known of one Secret.
type entry struct {
	version event.ResourceVersion
	// list is the number of the list that was under way or had last ended when the
	// Secret was last told.
	list uint64
	// unread is set where the values are not known.
	unread bool
}

func newTable() *table { return &table{secrets: map[Key]entry{}} }

// set notes a Secret, and reports whether it was known in that version.
func (t *table) set(key Key, e entry) (known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was, ok := t.secrets[key]
	t.secrets[key] = e
	t.tally(was.unread, -1)
	t.tally(e.unread, 1)
	return ok && !was.unread && was.version == e.version && e.version != ""
}

// remove forgets a Secret, and reports whether it was known.
func (t *table) remove(key Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.secrets[key]
	t.tally(e.unread, -1)
	delete(t.secrets, key)
	return ok
}

// vanished forgets the Secrets of a namespace, or of all if that is empty, which
// were last told before a list, and returns them.
func (t *table) vanished(ns event.Namespace, list uint64) []Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	var gone []Key
	for key, e := range t.secrets {
		if e.list < list && (ns == "" || key.Namespace == ns) {
			t.tally(e.unread, -1)
			delete(t.secrets, key)
			gone = append(gone, key)
		}
	}
	return gone
}

func (t *table) tally(unread bool, n int64) {
	if unread {
		t.unread += n
	}
}

func (t *table) count() (all, unread int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return int64(len(t.secrets)), t.unread
}
