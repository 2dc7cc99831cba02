package status

import (
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

var kindNamespace = event.GroupKind{Kind: "Namespace"}

// ending says how far the end of a namespace is.
type ending struct {
	gone bool
}

// maxEnding bounds the namespaces that are remembered as gone.
const maxEnding = 10_000

// setEnding notes that a namespace is being deleted or is gone, or neither.
func (t *Tracker) setEnding(name string, ends, gone bool, now int64) {
	in := unique.Make(name)
	before, was := t.ending[in]
	switch {
	case !ends:
		delete(t.ending, in)
	case was || len(t.ending) < maxEnding:
		t.ending[in] = ending{gone: gone}
	}
	if ends == was && gone == before.gone {
		return
	}
	for e := range t.missed {
		if e.namespace == in {
			t.settle(e, now)
		}
	}
}
