package event

import "time"

// Schema names the record schema and its version. It changes only when a
// consumer of the former one could misread a record.
const Schema = "live-status/v1"

// Type says what a record is about.
type Type string

// The record types, one constant per row of the table in docs/RECORDS.md.
const (
	TypeEvent             Type = "event"
	TypeAudit             Type = "audit"
	TypeObjectStatus      Type = "object_status"
	TypeApplicationStatus Type = "application_status"
	TypeDeployment        Type = "deployment"
	TypeRejected          Type = "rejected"
	TypeMonitorStatus     Type = "monitor_status"
)

// RecordID identifies a record for ever: a record that is sent again after a
// crash carries the ID it had the first time, so that a consumer can drop it.
type RecordID string

// ClusterName is the name by which the user knows a cluster.
type ClusterName string

// Record is one record as it leaves the plugin. Exactly one of the pointers
// that Type speaks of is set.
type Record struct {
	Type    Type
	ID      RecordID
	Time    time.Time
	Cluster ClusterName

	// Object is what the record is about, where it is about one.
	Object *ObjectRef
	// Owner is the object at the top of Object's owners; nil where it has none
	// that is known.
	Owner *ObjectRef
	// Application is what Object was deployed as part of; nil where that is not
	// known, and Correlation then says why. Correlation is empty where nothing
	// was searched for.
	Application *Application
	Correlation Correlation

	Event            *Occurrence
	Audit            *Audit
	ObjectState      *ObjectState
	ApplicationState *ApplicationState
	Deployment       *Deployment
	Rejected         *Rejection
	Monitor          *MonitorStatus

	// Withheld lists what the redactor had to leave out, and why.
	Withheld []Withheld
}

// Withheld is a part of a record that the redactor did not let pass.
type Withheld struct {
	// Path is the part's place in the record as a JSON pointer (RFC 6901), for
	// example /event/message. Empty means the whole record.
	Path string
	// Reason says why, as a short phrase.
	Reason string
}
