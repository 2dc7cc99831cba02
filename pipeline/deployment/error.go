package deployment

import (
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Error says that nothing can be read off an object. A retry would not mend
// it. It never contains the object's content, which has not been redacted yet.
type Error struct {
	Reason event.RejectReason
	// Object is the one that was to be read.
	Object event.ObjectRef
	// Detail is what was missing or wrong.
	Detail string
}

// Error names the object and what is wrong with it.
func (e *Error) Error() string {
	return fmt.Sprintf("read deployment off %s %s/%s: %s: %s", e.Object.Kind, e.Object.Namespace, e.Object.Name, e.Reason, e.Detail)
}
