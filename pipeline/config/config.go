package config

import (
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Where a pod finds the API server and its service account, and the limits of
// the options.
const (
	DefaultURL       = "https://kubernetes.default.svc"
	DefaultCAFile    = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
	DefaultTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"

	DefaultPageSize = 500

	MinBatchBytes = 64 << 10
	MaxBatchBytes = 64 << 20

	MinMonitorInterval = time.Second
)

// Log levels beyond those of slog.
const (
	// LevelTrace is below debug.
	LevelTrace = slog.LevelDebug - 4
	// LevelOff is above every level that anything is logged at.
	LevelOff = slog.LevelError + 4
)

// Config is a configuration that was checked.
type Config struct {
	// InstanceName is empty where the host names the instance.
	InstanceName string
	// ClusterName is empty when it is to be found out from the access.
	ClusterName event.ClusterName
	Kube        Kube
	Events      Events
	Objects     Objects
	Audit       Audit
	// Applications says how records are tied to applications.
	Applications Applications
	Statuses     Statuses
	Cursor       Cursor
	// BatchMaxBytes caps what is handed over at once, in bytes.
	BatchMaxBytes int
	// Interval is how often records are handed over.
	Interval time.Duration
	LogLevel slog.Level
	// MonitorInterval is how often the plugin reports on itself; 0 is never.
	MonitorInterval time.Duration
	// SaltFile is empty when nothing is to be kept on disk.
	SaltFile  string
	Redaction Redaction
	Metrics   Metrics
	// Forward is where the output plugin sends records.
	Forward Forward
	// CoreDumps leaves it to the host whether the process writes core dumps.
	CoreDumps bool
}

// Kube says how to reach and to authenticate at an API server. The Set fields
// tell a value the user wrote from a default: a default file need not exist.
type Kube struct {
	URL    string
	URLSet bool

	CAFile    string
	CAFileSet bool
	// CAPath is a folder; its *.crt and *.pem are trusted.
	CAPath string

	TokenFile    string
	TokenFileSet bool
	// TokenTTL is the age at which the token file is read again; 0 reads it
	// for every request.
	TokenTTL time.Duration

	Kubeconfig string
	Context    string

	TLSVerify      bool
	ClientCertFile string
	ClientKeyFile  string
	// TLSServerName is the name expected in the server's certificate where it
	// is not the URL's host.
	TLSServerName string
}

// Explicit reports whether the user described the API server by single keys,
// as opposed to a kubeconfig or the pod's own service account.
func (k Kube) Explicit() bool {
	return k.URLSet || k.CAFileSet || k.TokenFileSet || k.CAPath != "" ||
		k.ClientCertFile != "" || k.ClientKeyFile != ""
}

// Events says which events to read.
type Events struct {
	// Enabled is unset where no events are read, and no access to the cluster
	// is needed for them.
	Enabled bool
	// Namespaces is empty for all.
	Namespaces        []event.Namespace
	NamespacesExclude []event.Namespace
	// LabelSelector and FieldSelector are passed to the API server.
	LabelSelector string
	FieldSelector string
	// PageSize is the number of events asked for at once.
	PageSize int
	// Retention is the age beyond which events of the first list are not
	// news; 0 is no limit.
	Retention time.Duration
	// WatchTimeout bounds one watch and the silence within it; 0 leaves it to
	// the server.
	WatchTimeout time.Duration
}

// Cursor says where positions are kept.
type Cursor struct {
	// Path is empty when positions are kept in memory only.
	Path string
	// Sync is extra, full, normal or off.
	Sync string
	// Locking keeps the file locked between transactions as well.
	Locking bool
	// JournalMode is DELETE, TRUNCATE, PERSIST, MEMORY, WAL or OFF.
	JournalMode string
}
