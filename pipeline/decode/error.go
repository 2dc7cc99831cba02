package decode

import (
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Error says that an item cannot be used. A retry would not mend it. It never
// contains the item's content, which has not been redacted yet.
type Error struct {
	Reason event.RejectReason
	// Name is the item's namespace/name as far as it could be read.
	Name string
	// Detail is what was missing or wrong.
	Detail string
}

func (e *Error) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("decode event: %s (%s)", e.Detail, e.Reason)
	}
	return fmt.Sprintf("decode event %s: %s (%s)", e.Name, e.Detail, e.Reason)
}
