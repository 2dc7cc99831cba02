package recorded

import (
	"cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// held is an item in a window.
type held struct {
	at    moment
	order int64
	timed bool
	item  event.Item
}

// window puts items in order: it gives the earliest of those it has. It is a heap.
type window struct {
	items []*held
	bytes int64
}

// overhead is about what an item in a window takes besides its bytes.
const overhead = 320

func (h *held) size() int64 { return int64(len(h.item.Raw)+len(h.item.Tail)) + overhead }

func (h *held) compare(other *held) int {
	return cmp.Or(cmp.Compare(h.at, other.at), cmp.Compare(h.order, other.order))
}

func (w *window) len() int { return len(w.items) }

func (w *window) first() *held { return w.items[0] }

func (w *window) push(h *held) {
	w.bytes += h.size()
	w.items = append(w.items, h)
	for i := len(w.items) - 1; i > 0; {
		parent := (i - 1) / 2
		if w.items[parent].compare(w.items[i]) <= 0 {
			break
		}
		w.items[parent], w.items[i] = w.items[i], w.items[parent]
		i = parent
	}
}

func (w *window) pop() *held {
	first, last := w.items[0], len(w.items)-1
	w.bytes -= first.size()
	w.items[0], w.items[last] = w.items[last], nil
	w.items = w.items[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if w.items[child].compare(w.items[least]) < 0 {
				least = child
			}
		}
		if least == i {
			return first
		}
		w.items[i], w.items[least] = w.items[least], w.items[i]
		i = least
	}
}
