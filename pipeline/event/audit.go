package event

import "time"

// AuditID is the Audit-ID of a request. All stages of a request share it, and
// so may other requests: a client can choose it by a header, and an aggregated
// API server is passed the one of the request that came to it.
type AuditID string

// Stage is the stage of a request at which an audit event was made, as
// audit.k8s.io/v1 names it.
type Stage string

// The stages.
const (
	StageRequestReceived  Stage = "RequestReceived"
	StageResponseStarted  Stage = "ResponseStarted"
	StageResponseComplete Stage = "ResponseComplete"
	StagePanic            Stage = "Panic"
)

// Level is how much an audit event tells, as audit.k8s.io/v1 names it.
type Level string

// The levels, each of which tells more than the one before.
const (
	LevelNone            Level = "None"
	LevelMetadata        Level = "Metadata"
	LevelRequest         Level = "Request"
	LevelRequestResponse Level = "RequestResponse"
)

// JSON is a JSON text.
type JSON string

// Audit is one audit event: a stage of one request to an API server.
type Audit struct {
	AuditID AuditID
	Stage   Stage
	Level   Level

	Verb       string
	RequestURI string

	User User
	// Impersonated is whom the user acted as; nil if no one.
	Impersonated *User
	// SourceIPs are the addresses that the request came through, the client's
	// own first. All but the last are what the client said.
	SourceIPs []string
	UserAgent string
	// Actor is what kind of a client asked; zero where that is not known.
	Actor Actor

	// Object is what the request was about; it becomes Record.Object. It is zero
	// for requests that are about none, such as /healthz.
	Object ObjectRef

	// Decision is allow or forbid, and DecisionReason which rule said so.
	Decision       string
	DecisionReason string

	// Code is the HTTP status code; 0 where there is no response yet.
	Code int64
	// Reason and Message are those of the response's Status, where it is one.
	Reason  string
	Message string

	ReceivedTime time.Time
	StageTime    time.Time

	// Annotations are those that are not told by another field, in the order of
	// their keys, each key once.
	Annotations []Annotation

	// Request and Response are the bodies; empty where the level does not tell
	// them or they are not wanted.
	Request  JSON
	Response JSON

	// Changes say what a write changed; nil where that is not known.
	Changes *Changes
}

// Latency is the time from the receipt of the request to the stage. It is
// false where one of the two is not known.
func (a *Audit) Latency() (time.Duration, bool) {
	if a.ReceivedTime.IsZero() || a.StageTime.IsZero() {
		return 0, false
	}
	return max(a.StageTime.Sub(a.ReceivedTime), 0), true
}

// User is who asked.
type User struct {
	Name   string
	UID    string
	Groups []string
	// Extra is what else the authenticator said, in the order of its keys, each
	// key once: for a service account the pod and node that its token belongs
	// to.
	Extra []Extra
}

// Annotation is one annotation of an audit event.
type Annotation struct{ Key, Value string }

// Extra is one attribute of a user.
type Extra struct {
	Key    string
	Values []string
}

// ChangeType is the form in which a write said what to change.
type ChangeType string

// The types of changes.
const (
	// ChangeUpdate sends the whole object.
	ChangeUpdate ChangeType = "update"
	// ChangeJSONPatch is an RFC 6902 patch.
	ChangeJSONPatch ChangeType = "json_patch"
	// ChangeMergePatch is an RFC 7386 patch.
	ChangeMergePatch ChangeType = "merge_patch"
	// ChangeStrategicMergePatch is Kubernetes' own kind of merge patch.
	ChangeStrategicMergePatch ChangeType = "strategic_merge_patch"
	// ChangeApply is a server-side apply.
	ChangeApply ChangeType = "apply"
	// ChangePatch is a patch of which the audit event does not tell whether it
	// is a merge patch or a strategic one.
	ChangePatch ChangeType = "patch"
)

// FieldPath is a field of an object in the notation of the API server's
// validation errors: spec.template.spec.containers[name="app"].image,
// metadata.labels[app.kubernetes.io/name], spec.rules[0].
type FieldPath string

// Changes are what a write changed, or asked to change.
type Changes struct {
	Type ChangeType
	// Paths are the fields in the order of the patch, or sorted for an update;
	// each once. No value is told.
	Paths []FieldPath
	// Omitted is how many more there were.
	Omitted int64
	// Compared is set on an update: whether the object before it is known, from
	// an earlier audit event, and thus what changed. Without it Paths is empty.
	Compared bool
}
