package metrics

import (
	"slices"

	"github.com/fluent-live/live-status/pipeline/event"
)

// worst keeps of many the first in an order, in memory for twice as many. One
// namespace does not take all the room with what is bad: beyond its share it comes
// after what is bad in others, for whoever may create objects can make many bad ones.
type worst[T any] struct {
	most int
	// compare puts what is bad before all others.
	compare func(a, b T) int
	// owner returns whose share something takes, and false where it is not bad.
	owner func(*T) (event.Namespace, bool)
	share int
	kept  []T
	// dropped is how many had no room.
	dropped int64
}

func (w *worst[T]) add(v T) {
	if w.most <= 0 {
		w.dropped++
		return
	}
	if w.kept = append(w.kept, v); len(w.kept) >= 2*w.most {
		w.cut()
	}
}

// cut drops what has no room. Nothing that comes later could give it room: what takes
// a share from others is worse than they, and so before them.
func (w *worst[T]) cut() {
	slices.SortFunc(w.kept, w.compare)
	shareOut(w.kept, w.owner, w.share)
	if more := len(w.kept) - w.most; more > 0 {
		w.dropped += int64(more)
		w.kept = slices.Delete(w.kept, w.most, len(w.kept))
	}
}

// list returns what was kept, in order where not all could be.
func (w *worst[T]) list() []T {
	if len(w.kept) > w.most {
		w.cut()
	}
	return w.kept
}

// shares is which part of the room one namespace has for what is bad before others
// have theirs.
const shares = 8

// shareOut moves what is bad beyond the share of its namespace behind what is bad in
// others. The list is in order.
func shareOut[T any](list []T, owner func(*T) (event.Namespace, bool), share int) {
	taken := map[event.Namespace]int{}
	var behind []T
	front, i := 0, 0
	for ; i < len(list); i++ {
		ns, bad := owner(&list[i])
		if !bad {
			break
		}
		if taken[ns]++; taken[ns] > share {
			behind = append(behind, list[i])
			continue
		}
		list[front] = list[i]
		front++
	}
	copy(list[front:i], behind)
}
