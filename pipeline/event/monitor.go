package event

import "time"

// Phase says on which occasion a MonitorStatus was made.
type Phase string

// The phases.
const (
	PhaseStart   Phase = "start"
	PhaseRunning Phase = "running"
	PhaseStop    Phase = "stop"
)

// MonitorStatus is what the plugin says of itself every minute, at its start
// and at its stop. Counters count from the start of the instance.
type MonitorStatus struct {
	Phase    Phase
	Instance string
	Version  string
	// Uptime is rounded to seconds.
	Uptime  time.Duration
	Sources []SourceStatus
	// Objects is nil where live objects are not watched.
	Objects *ObjectsStatus
	// Statuses is nil where no statuses are made.
	Statuses *StatusesStatus
	// Forward is nil where Fluent Bit carries the records.
	Forward *ForwardStatus
	// Permissions is nil until the API server was asked for them, and where there is
	// none.
	Permissions *PermissionsStatus
	// Redaction says what was taken out of records.
	Redaction RedactionStatus
	Queue     QueueStatus
	Count     Counters
}

// SourceState says what a source is doing.
type SourceState string

// The states of a source.
const (
	SourceStarting SourceState = "starting"
	SourceListing  SourceState = "listing"
	SourceWatching SourceState = "watching"
	// SourceReading reads files, or waits for them to grow.
	SourceReading SourceState = "reading"
	// SourceWaiting waits for a file to appear.
	SourceWaiting SourceState = "waiting"
	// SourceServing takes what is sent to it.
	SourceServing SourceState = "serving"
	// SourceBackingOff waits before it tries again; Error says why.
	SourceBackingOff SourceState = "backing_off"
	SourceStopped    SourceState = "stopped"
)

// SourceStatus is the state of one source.
type SourceStatus struct {
	Name string
	// Scope is the namespace read, "*" for all; of files the path, of a webhook
	// the address it listens on.
	Scope           string
	API             string
	State           SourceState
	ResourceVersion ResourceVersion
	// LastReceived is when the last byte came from the server.
	LastReceived time.Time
	// Lag is the age of the newest item at the time it was received.
	Lag        time.Duration
	Reconnects int64
	Relists    int64
	// Behind is how many bytes are there and not read yet: of files, or of
	// what waits in the spool.
	Behind int64
	// Refused is how many requests a webhook has refused.
	Refused int64
	// Error is the last error, empty once the source has recovered.
	Error string
}

// ObjectsStatus is what is known of the live objects.
type ObjectsStatus struct {
	// Kinds is how many kinds are to be watched, and Synced how many of them have
	// been listed whole since the start.
	Kinds  int64
	Synced int64
	// Objects is how many live objects are known, and Gone how many that are
	// remembered.
	Objects int64
	Gone    int64
	// Troubled are the kinds that are not watched as they should be, ordered by
	// name.
	Troubled []KindStatus
}

// StatusesStatus is what is known of the statuses of objects and applications.
type StatusesStatus struct {
	// Objects is how many objects have a status, and Applications how many
	// applications.
	Objects      int64
	Applications int64
	// ObjectsBy and ApplicationsBy are how many have each status.
	ObjectsBy      map[Status]int64
	ApplicationsBy map[ApplicationStatus]int64
	// Stalled are the watches without news for long, ordered by name.
	Stalled []WatchState
}

// ForwardState says how it stands with the downstream of the output plugin.
type ForwardState string

// The states of a downstream.
const (
	// ForwardIdle has been sent nothing yet.
	ForwardIdle ForwardState = "idle"
	// ForwardDelivering acknowledged the last that it was sent.
	ForwardDelivering ForwardState = "delivering"
	// ForwardRetrying did not; Error says why.
	ForwardRetrying ForwardState = "retrying"
)

// ForwardStatus is what became of the records that the output plugin forwards.
type ForwardStatus struct {
	// To is where they go, without credentials.
	To    string
	State ForwardState
	// Acknowledged counts records that the downstream has, Attempts what was sent
	// to it, Failures the attempts that came to nothing, and DeadLetters the
	// records that it will never take.
	Acknowledged, Attempts, Failures, DeadLetters int64
	// Since is when the downstream last failed first; zero while it does not.
	Since time.Time
	// Error is the last error, empty once the downstream has recovered.
	Error string
}

// MaxPermissions is how many rights a PermissionsStatus lists of each sort.
const MaxPermissions = 20

// PermissionsStatus compares the rights that this instance has in the cluster with
// those that its configuration needs.
type PermissionsStatus struct {
	// Missing counts what it may not do and needs to, Excess what it may do and must
	// not.
	Missing, Excess int64
	// MissingRights and ExcessRights are the first of them, at most MaxPermissions,
	// as text: "list pods in namespace shop".
	MissingRights, ExcessRights []string
	// Checked is when the API server was asked last.
	Checked time.Time
}

// RedactionStatus is what redaction knows and did.
type RedactionStatus struct {
	// Values is how many sensitive values are looked for, Retired how many of
	// them are no longer there, and Skipped how many could not be looked for.
	Values, Retired, Skipped int64
	// Found is how often each rule took something out, and Withheld how many
	// parts of records were withheld for each reason.
	Found, Withheld map[string]int64
	// Blocked says why no payload leaves, empty where they do.
	Blocked string
}

// KindState says what is wrong with a kind's watch.
type KindState string

// The states.
const (
	// KindForbidden may not be read by this instance.
	KindForbidden KindState = "forbidden"
	// KindBackingOff failed, and is tried again.
	KindBackingOff KindState = "backing_off"
)

// KindStatus is a kind of objects that is not watched as it should be.
type KindStatus struct {
	Resource GroupResource
	// Namespace is where, empty for everywhere.
	Namespace Namespace
	State     KindState
	Error     string
	// Since is when the trouble began.
	Since time.Time
}

// QueueStatus is what waits to be taken by Fluent Bit.
type QueueStatus struct {
	Records  int64
	Bytes    int64
	MaxBytes int64
	// Uncommitted is the number of records handed over and not yet committed.
	Uncommitted int64
}

// Counters count what happened to everything received. Received is the sum of
// Events, Audits, Deduplicated, Filtered, Expired, Deleted and Rejected once
// nothing is under way.
type Counters struct {
	// Received counts objects read from the cluster, repeats included.
	Received int64
	// Events counts event records made and Audits audit records, but for those of
	// audit events that are too large: these count as rejected, although a record
	// tells what was left of them. Emitted counts records of all types.
	Events int64
	Audits int64
	// Deployments counts deployment records.
	Deployments int64
	// ObjectStatuses and ApplicationStatuses count records of these types.
	ObjectStatuses      int64
	ApplicationStatuses int64
	Emitted             int64
	Deduplicated        int64
	// Filtered counts audit events that the configuration leaves out.
	Filtered int64
	// Expired counts events older than kube_retention_time on a first start.
	Expired int64
	// Deleted counts notices that an event is gone, which make no record.
	Deleted int64
	// Withheld counts parts of records that redaction did not let pass.
	Withheld int64
	// Rejected counts items that could not be read, by reason.
	Rejected map[string]int64
	// Correlated counts event and audit records by Correlation.
	Correlated map[string]int64
	// Commits and CommitErrors count transactions of the cursor.
	Commits      int64
	CommitErrors int64
}
