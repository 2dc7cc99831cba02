package status

import (
	"cmp"
	"slices"
)

// timer is a time to look at an entry or an application again.
type timer struct {
	at  int64
	e   *entry
	app *application
}

// timers is a heap, the earliest first.
type timers []timer

func (h *timers) push(t timer) {
	s := append(*h, t)
	i := len(s) - 1
	for i > 0 {
		up := (i - 1) / 2
		if s[up].at <= s[i].at {
			break
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
	*h = s
}

// fewTimers are as many as need no look.
const fewTimers = 4096

// prune drops the timers of entries that have an earlier one, or none.
func (h *timers) prune() {
	kept := (*h)[:0]
	for _, t := range *h {
		if t.e == nil || t.e.look == t.at {
			kept = append(kept, t)
		}
	}
	clear((*h)[len(kept):])
	slices.SortFunc(kept, func(a, b timer) int { return cmp.Compare(a.at, b.at) })
	*h = kept
}

// pop removes and returns the earliest.
func (h *timers) pop() timer {
	s := *h
	first, last := s[0], len(s)-1
	s[0], s[last] = s[last], timer{}
	s = s[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= len(s) {
			break
		}
		if down+1 < len(s) && s[down+1].at < s[down].at {
			down++
		}
		if s[i].at <= s[down].at {
			break
		}
		s[i], s[down] = s[down], s[i]
		i = down
	}
	*h = s
	return first
}

// queue gives back in order what was put in.
type queue struct {
	items []*entry
	head  int
}

func (q *queue) len() int { return len(q.items) - q.head }

func (q *queue) push(e *entry) { q.items = append(q.items, e) }

func (q *queue) pop() *entry {
	if q.head == len(q.items) {
		return nil
	}
	e := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	switch {
	case q.head == len(q.items):
		// What a burst needed is let go.
		if cap(q.items) > 1<<12 {
			q.items = nil
		}
		q.items, q.head = q.items[:0], 0
	case q.head > 1<<12 && q.head > len(q.items)/2:
		q.items = append(make([]*entry, 0, len(q.items)-q.head+1), q.items[q.head:]...)
		q.head = 0
	}
	return e
}
