package controlplane

import (
	"io"
	"time"
)

// Options says what Build and Start do. The zero value is a control plane of
// etcd and kube-apiserver alone, which is what tests of the API need.
type Options struct {
	// Progress receives one line per step, for a person to follow. Nil: nothing
	// is reported.
	Progress io.Writer

	// CacheDir keeps the built binary between runs. Empty: the environment
	// variable LIVE_STATUS_CACHE, else live-status in the user's cache folder.
	CacheDir string

	// StateDir takes keys, data and logs. Empty: a temporary folder, which Stop
	// removes. A folder named here is created where missing, must not hold the
	// state of another cluster, and stays.
	StateDir string

	// ControllerManager, Scheduler and Nodes start the rest of the control
	// plane. With Nodes > 0 that many fake nodes join, and pods bound to them
	// behave as their image says (see kwok.yaml). Pods need all three.
	ControllerManager bool
	Scheduler         bool
	Nodes             int

	// EventTTL is how long the API server keeps events. Zero: one hour, the API
	// server's own default.
	EventTTL time.Duration

	// CompactionInterval is how often the API server compacts etcd. Zero: never,
	// so that only Cluster.Compact makes old resource versions unavailable. Real
	// clusters use five minutes.
	CompactionInterval time.Duration

	// Users may authenticate with a bearer token, which the API server reads
	// once at its start (kube-apiserver --token-auth-file).
	Users []User

	// AuditPolicyFile turns auditing on. The log is Cluster.AuditLog, written as
	// JSON Lines; AuditWebhookFile, if set, is the kubeconfig of a webhook
	// backend beside it.
	AuditPolicyFile  string
	AuditWebhookFile string

	// APIServerFlags are put after the flags of this package, and so win over
	// them where a flag may be given once.
	APIServerFlags []string
}

// User is an identity of a static token.
type User struct {
	Name   string
	Token  string
	Groups []string
}
