package status

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Watches tells how all watches are doing. It is to be told every few seconds:
// what is stale or broken is found then.
func (t *Tracker) Watches(states []event.WatchState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.opts.Now()
	told := make(map[*watch]bool, len(states))
	for i := range states {
		s := &states[i]
		w := t.kinds.watchOf(s.Resource, s.Namespace)
		told[w] = true
		listed := w.listed
		w.listed = w.listed || s.Listed
		w.told = event.WatchState{
			Resource: s.Resource, Namespace: s.Namespace, Listed: s.Listed, Heard: s.Heard, Broken: s.Broken,
			Error: cut(s.Error, maxMessage),
		}
		t.setWatch(w, s, !s.Heard.IsZero() && now.Sub(s.Heard) > t.opts.StaleAfter,
			s.Broken.After(w.listedAt) && now.Sub(s.Broken) > t.opts.UnknownAfter, w.listed != listed, now)
	}
	for r, all := range t.kinds.watches {
		if all.all != nil && !told[all.all] {
			t.setWatch(all.all, &event.WatchState{Resource: r}, false, false, false, now)
		}
		for namespace, w := range all.by {
			if !told[w] {
				t.setWatch(w, &event.WatchState{Resource: r, Namespace: event.Namespace(namespace.Value())}, false, false, false, now)
			}
		}
	}
}

func (t *Tracker) setWatch(w *watch, s *event.WatchState, stale, broken, other bool, now time.Time) {
	if w.stale == stale && w.broken == broken && !other {
		return
	}
	w.stale, w.broken = stale, broken
	k := t.kinds.byResource[s.Resource]
	if k == nil {
		return
	}
	in := unique.Make(string(s.Namespace))
	for at, e := range k.objects {
		if s.Namespace == "" || at.namespace == in {
			t.settle(e, now.UnixNano())
		}
	}
}

// Status returns how many objects and applications have which status, and which
// watches are stalled.
func (t *Tracker) Status() event.StatusesStatus {
	t.mu.Lock()
	defer t.mu.Unlock()
	st := event.StatusesStatus{ObjectsBy: map[event.Status]int64{}, ApplicationsBy: map[event.ApplicationStatus]int64{}}
	for s, n := range t.counts {
		if s != int(statusNone) && n > 0 {
			st.Objects += n
			st.ObjectsBy[statuses[s]] = n
		}
	}
	for _, app := range t.apps {
		if s := app.said.status; s != applicationNone {
			st.Applications++
			st.ApplicationsBy[applicationStatuses[s]]++
		}
	}
	stalled := func(w *watch) {
		if w != nil && (w.stale || w.broken) {
			st.Stalled = append(st.Stalled, w.told)
		}
	}
	for _, all := range t.kinds.watches {
		stalled(all.all)
		for _, w := range all.by {
			stalled(w)
		}
	}
	slices.SortFunc(st.Stalled, func(a, b event.WatchState) int {
		return cmp.Or(strings.Compare(a.Resource.String(), b.Resource.String()), strings.Compare(string(a.Namespace), string(b.Namespace)))
	})
	return st
}
