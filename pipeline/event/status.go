package event

import "time"

// Health is how an object is by its own account, in the words of Argo CD
// (https://argo-cd.readthedocs.io/en/stable/operator-manual/health/).
type Health string

// The healths. HealthNone is that of kinds which have none.
const (
	HealthNone        Health = ""
	HealthHealthy     Health = "Healthy"
	HealthSuspended   Health = "Suspended"
	HealthProgressing Health = "Progressing"
	HealthMissing     Health = "Missing"
	HealthDegraded    Health = "Degraded"
	HealthUnknown     Health = "Unknown"
)

// Sync is whether an object is as it was deployed.
type Sync string

// The syncs. SyncNone is that of objects of which nobody told how they should be.
const (
	SyncNone      Sync = ""
	SyncInSync    Sync = "In Sync"
	SyncOutOfSync Sync = "Out of Sync"
	// SyncUnknown could not be told, although it is known how the object should be.
	SyncUnknown Sync = "Unknown"
	// SyncOrphaned is that of an object which was deployed and is no longer part
	// of what is.
	SyncOrphaned Sync = "Orphaned"
	// SyncDeleting is that of an object whose deletion was asked for.
	SyncDeleting Sync = "Deleting"
)

// Status is what health and sync make together: one word per object.
type Status string

// The statuses. StatusNone is that of objects with neither health nor sync.
const (
	StatusNone        Status = ""
	StatusProgressing Status = "Progressing"
	StatusHealthy     Status = "Healthy"
	StatusUnknown     Status = "Unknown"
	StatusDegraded    Status = "Degraded"
	StatusOutOfSync   Status = "Out of Sync"
	StatusMissing     Status = "Missing"
	StatusInSync      Status = "In Sync"
	StatusSuspended   Status = "Suspended"
)

// Combine returns the status of an object: Unknown, Missing, Degraded,
// Progressing, Out of Sync, Suspended, Healthy and In Sync, the first that
// applies.
func Combine(h Health, s Sync) Status {
	switch {
	case h == HealthUnknown:
		return StatusUnknown
	case h == HealthMissing:
		return StatusMissing
	case h == HealthDegraded:
		return StatusDegraded
	case h == HealthProgressing:
		return StatusProgressing
	case s == SyncOutOfSync, s == SyncOrphaned:
		return StatusOutOfSync
	case h == HealthSuspended:
		return StatusSuspended
	case h == HealthHealthy:
		return StatusHealthy
	case s == SyncInSync:
		return StatusInSync
	case s == SyncUnknown:
		return StatusUnknown
	default:
		// An object that is on its way out has a health.
		return StatusNone
	}
}

// Assessment is what a rule says of the health of an object.
type Assessment struct {
	// Health is HealthNone where the kind has none.
	Health Health
	// Reason is one word as the API has it, for example ImagePullBackOff; empty
	// where the API has none. Message is for people: the API's own text where it
	// has one.
	Reason  string
	Message string
	// Condition is the one that decided; nil where none did.
	Condition *Condition
	// Containers are those that decided, the worst first; of pods only.
	Containers []ContainerState
}

// Condition is a condition in the status of an object.
type Condition struct {
	Type    string
	Status  string
	Reason  string
	Message string
	// Time is when the status last changed.
	Time time.Time
}

// ContainerState is how a container of a pod is.
type ContainerState struct {
	Name string
	// State is waiting, running or terminated.
	State    string
	Reason   string
	Message  string
	ExitCode int64
	Restarts int64
	// Last is set where this is not the present state but that of the run before.
	Last bool
}

// Drift is a field that is not as it was deployed.
type Drift struct {
	// Path is in the notation of Changes.
	Path string
	// Desired and Live are the values; empty where there is none. Those of
	// Secrets are hashes.
	Desired JSON
	Live    JSON
	// Manager is who owns the live field by metadata.managedFields; empty where
	// nobody does.
	Manager string
}

// DesiredBy says who told how an object should be.
type DesiredBy string

// Who tells.
const (
	// DesiredByLastApplied is the annotation that kubectl apply leaves.
	DesiredByLastApplied DesiredBy = "last-applied"
	// DesiredByHelm is the manifest of a Helm release.
	DesiredByHelm DesiredBy = "helm"
	// DesiredByFile is a file of manifests.
	DesiredByFile DesiredBy = "file"
)

// Comparison is how a live object differs from how it should be.
type Comparison struct {
	// Sync is SyncNone where nobody told how the object should be.
	Sync      Sync
	DesiredBy DesiredBy
	// Message says why Sync is SyncUnknown, or which fields of the manifest the kind
	// does not have: these cannot be compared and do not count.
	Message string
	// Drifts are the first hundred, ordered by path, and Omitted how many more
	// there are.
	Drifts  []Drift
	Omitted int64
}

// Previous is the status before a change.
type Previous struct {
	Status string
	Health Health
	Sync   Sync
	// Duration is how long that was it.
	Duration time.Duration
}

// ObjectState is the status of an object after a change of it.
type ObjectState struct {
	// Status is StatusNone where the object is gone and nobody misses it.
	Status  Status
	Health  Health
	Sync    Sync
	Reason  string
	Message string
	// Since is when this status began, as far as is known.
	Since time.Time
	// Previous is nil for the first status.
	Previous *Previous
	// Deleted is set on the last record of an object.
	Deleted bool
	// Stale is set where there was no news of the object's kind for long.
	Stale bool
	// Resync is set on records that tell no change, but what is.
	Resync bool

	Evidence  Evidence
	DesiredBy DesiredBy
	Drifts    []Drift
	// Omitted is how many drifts are left out.
	Omitted int64
}

// Evidence is what a person would look at first.
type Evidence struct {
	// Condition is the one that decided; nil where none did.
	Condition  *Condition
	Containers []ContainerState
	// Objects are those below the object that are worst off.
	Objects []ObjectFinding
	// Events are the newest warnings of the object and those below it, newest
	// first.
	Events []WarningFinding
}

// IsZero reports whether there is none.
func (e *Evidence) IsZero() bool {
	return e.Condition == nil && len(e.Containers) == 0 && len(e.Objects) == 0 && len(e.Events) == 0
}

// ObjectFinding is the status of an object as the evidence for another's.
type ObjectFinding struct {
	Object  ObjectRef
	Status  Status
	Reason  string
	Message string
}

// WarningFinding is an event of the type Warning as evidence.
type WarningFinding struct {
	Object  ObjectRef
	Reason  string
	Message string
	Count   int64
	Time    time.Time
}

// ApplicationState is the status of an application after a change of it: what its
// objects and its last deployment make together.
type ApplicationState struct {
	// Status is empty where the application is gone.
	Status ApplicationStatus
	// Health and Sync are the worst of the objects'.
	Health Health
	Sync   Sync
	Since  time.Time
	// Previous is nil for the first status.
	Previous *Previous
	Deleted  bool
	Stale    bool
	Resync   bool

	// Objects is how many objects count, and Statuses how many of them have each
	// status. What is owned by an object that counts does not.
	Objects  int64
	Statuses map[Status]int64
	// Deciding are the objects whose status it is, the first ten of them, and
	// Omitted how many more there are.
	Deciding []ObjectFinding
	Omitted  int64
	// Deployment is the last; nil where none is known.
	Deployment *Deployment
}

// StatusKey identifies an object or application whose status is remembered.
type StatusKey string

// StatusRow is what is remembered of the status that was last handed on under a
// key.
type StatusRow struct {
	Key StatusKey
	// Data is nil where the key is to be forgotten.
	Data []byte
}

// WatchState is how the watch of one kind, everywhere or in one namespace, is
// doing.
type WatchState struct {
	Resource  GroupResource
	Namespace Namespace
	// Listed is set once everything was listed.
	Listed bool
	// Heard is when the server last said anything.
	Heard time.Time
	// Broken is since when the watch fails; zero while it does not. Error says why.
	Broken time.Time
	Error  string
}
