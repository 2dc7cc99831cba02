package redact

import "strconv"

// keys redacts the keys of the members of an object. Their values have been
// dealt with, for which the keys had to be those that were sent.
func (w *walk) keys(i int32) {
	changed := false
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		if len(kid.key) < minSearched {
			continue
		}
		w.s.x.enter(w.t, k)
		clean, reason := w.s.x.text(kid.key)
		w.s.x.leave()
		if reason != "" {
			w.reason = reason
		}
		if clean != kid.key {
			kid.key, changed = clean, true
		}
	}
	if changed {
		w.changed = true
		w.distinguish(first, end)
	}
}

// distinguish gives numbers to keys of one object that have become equal, so
// that a reader who keeps one of each loses none.
func (w *walk) distinguish(first, end int32) {
	seen := make(map[string]int)
	for k := first; k < end; k = w.t.nodes[k].end {
		seen[w.t.nodes[k].key] = 0
	}
	used := make(map[string]bool, len(seen))
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		key := kid.key
		for used[kid.key] {
			seen[key]++
			next := key + "~" + strconv.Itoa(seen[key])
			if _, taken := seen[next]; !taken {
				kid.key = next
			}
		}
		used[kid.key] = true
	}
}
