package event

import "time"

// Occurrence is one version of a Kubernetes Event object that tells something
// new: its first sight, a repeat (a higher count, a newer series) or a change
// of what it says. It is independent of the API group it was read from: the
// fields bear the names of events.k8s.io/v1 where the groups differ.
type Occurrence struct {
	UID             UID
	ResourceVersion ResourceVersion
	Namespace       Namespace
	Name            string

	// Regarding is what the event is about; it becomes Record.Object.
	Regarding ObjectRef
	Related   ObjectRef

	Reason  string
	Message string
	// Type is Normal or Warning; others are passed on as they are.
	Type   string
	Action string

	ReportingController string
	ReportingInstance   string

	FirstTime time.Time
	LastTime  time.Time

	// Count is how often the event happened by this version, at least 1.
	Count int64
	// CountDelta is Count less the count of the version reported before. The
	// deltas of all records of an event add up to its count.
	CountDelta int64

	Labels      map[string]string
	Annotations map[string]string
}
