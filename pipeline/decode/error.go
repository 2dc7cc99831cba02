package decode

import "fmt"

// Reason says in a word why an item was rejected. It is a label of counters,
// so the set is small and fixed.
type Reason string

// The reasons for a rejection.
const (
	// NotJSON is input that is no JSON, or JSON of another shape.
	NotJSON Reason = "not_json"
	// TooLarge is an object larger than any that the API server stores.
	TooLarge Reason = "too_large"
	// NotAnEvent is an object that is no Kubernetes Event.
	NotAnEvent Reason = "not_an_event"
	// Unidentified is an event without a uid or a resourceVersion, which
	// could not be told from its repeats.
	Unidentified Reason = "unidentified"
	// Untimed is an event that bears no time at all.
	Untimed Reason = "untimed"
)

// Error says that an item cannot be used. A retry would not mend it. It never
// contains the item's content, which has not been redacted yet.
type Error struct {
	Reason Reason
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
