package status

import (
	"encoding/binary"
	"maps"
	"slices"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Announce returns the row that remembers which statuses are about to be told: it is
// to be committed before they are, and without any after they are remembered.
// Doubtful are those of an earlier run that Doubtful returned and that were not
// remembered since. A run that ends in between leaves open what was told; the next
// one tells it anew.
func Announce(rows []event.StatusRow, doubtful map[event.StatusKey]bool) event.StatusRow {
	keys := make([]event.StatusKey, 0, len(rows)+len(doubtful))
	for i := range rows {
		keys = append(keys, rows[i].Key)
	}
	keys = slices.AppendSeq(keys, maps.Keys(doubtful))
	slices.Sort(keys)
	keys = slices.Compact(keys)
	if len(keys) == 0 {
		return event.StatusRow{Key: keyAnnounced}
	}
	b := binary.AppendUvarint([]byte{rowVersion}, uint64(len(keys)))
	for _, k := range keys {
		b = appendText(b, string(k))
	}
	return event.StatusRow{Key: keyAnnounced, Data: b}
}

func (t *Tracker) restoreAnnounced(r *reader) error {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		return ErrRow
	}
	keys := make(map[event.StatusKey]bool, n)
	for range n {
		keys[event.StatusKey(r.text())] = true
	}
	if r.bad || len(r.rest) > 0 {
		return ErrRow
	}
	delete(keys, keyBase)
	t.doubtful = keys
	return nil
}

// Doubtful returns the keys of the statuses of which it is not known whether the
// last was told, as far as Restore was told of them.
func (t *Tracker) Doubtful() map[event.StatusKey]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.doubtful)
}

// doubt has that told anew of which it is not known what was told last.
func (t *Tracker) doubt(now int64) {
	for key := range t.doubtful {
		if parts, ok := splitKey(key, keyObject, 4); ok {
			k := t.kinds.byKind[event.GroupKind{Group: parts[0], Kind: parts[1]}]
			if k == nil || parts[3] == "" {
				continue
			}
			e := t.entryOf(k, place{unique.Make(parts[2]), parts[3]})
			if e.said.isNone() && !e.is(live) {
				// Something was told of it, and it is gone.
				e.said.health, e.said.since = healthUnknown, now
				e.gone = now
				e.set(unseen, true)
			}
			e.set(doubtful, true)
			continue
		}
		if parts, ok := splitKey(key, keyApplication, 5); ok {
			app := t.applicationOf(&event.Application{
				Tool: event.Tool(parts[0]), Namespace: event.Namespace(parts[1]), Name: parts[2], Environment: parts[3], Tenant: parts[4],
			})
			if app.said.status == applicationNone {
				app.said.status, app.said.health = wordOf[applicationWord](applicationStatuses[:], event.ApplicationUnknown), healthUnknown
				app.said.since = now
			}
			app.doubtful = true
		}
	}
	t.doubtful = nil
}
