package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/kube"
	"github.com/fluent-live/live-status/pipeline/permission"
)

// Name is the name of a check.
type Name string

// The checks, in the order in which they are told.
const (
	Configuration Name = "configuration"
	Reach         Name = "reach"
	TLS           Name = "tls"
	Identity      Name = "identity"
	Permissions   Name = "permissions"
	Versions      Name = "versions"
	Clock         Name = "clock"
	Discovery     Name = "discovery"
	AuditFile     Name = "audit-file"
	AuditWebhook  Name = "audit-webhook"
	Cursor        Name = "cursor"
	Salt          Name = "salt"
	Redaction     Name = "redaction"
	Metrics       Name = "metrics"
	Downstream    Name = "downstream"
	Outputs       Name = "outputs"
	Instance      Name = "instance"
)

// Result is how a check ended.
type Result string

// The results.
const (
	OK      Result = "ok"
	Warning Result = "warning"
	Failed  Result = "failed"
	// Skipped means that nothing was looked at.
	Skipped Result = "skipped"
)

// Finding is one thing that a check found.
type Finding struct {
	Result Result
	// Detail says what was found, or why nothing was looked at.
	Detail string
	// Fix is the way out; empty where all is well.
	Fix string
}

// Row is a finding and the check that made it.
type Row struct {
	Check  Name   `json:"check"`
	Result Result `json:"result"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// Limits of a check.
const (
	// DefaultTimeout is how long one check may take.
	DefaultTimeout = 5 * time.Second
	// soon is how long before its end a certificate is told to end.
	soon = 14 * 24 * time.Hour
)

// Peer is a running instance of Live Status.
type Peer struct {
	// URL is that of its metrics or its audit webhook, https://HOST:PORT; empty for
	// none.
	URL string
	// CAFile holds the certificates that its own must be signed by; those of the
	// system if empty. Insecure takes any.
	CAFile   string
	Insecure bool
}

// Options are what is to be checked.
type Options struct {
	// Config is what could be read of the configuration.
	Config config.Config
	// Mistakes are what is wrong with it; each error a *config.KeyError or a text
	// for a person. Warnings are odd, and no mistake.
	Mistakes []error
	Warnings []string
	// Unknown is set where the mistakes leave no configuration at all.
	Unknown bool
	// Source says where the configuration is from.
	Source string
	// Rights compares what the account may do with what the configuration needs; nil
	// leaves that out.
	Rights func(context.Context, *kube.Access, config.Config) (permission.Report, error)
	// FluentBit finds out the version of Fluent Bit; nil, and an empty version, are
	// none.
	FluentBit func(context.Context) string
	// Outputs are those of Fluent Bit's configuration.
	Outputs []Output
	// Instance is a running one that is asked.
	Instance Peer
	// Version is our own.
	Version string
	// Timeout bounds each check; DefaultTimeout if zero.
	Timeout time.Duration
	// Skip names checks to leave out. Where Only is not empty, all others are.
	Skip, Only []Name
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// probe is one check.
type probe struct {
	name Name
	// needs are the checks without which this one would only repeat what they found.
	needs []Name
	// keys are prefixes of the options that it is about. A mistake in one of them
	// leaves nothing to look at.
	keys []string
	run  func(context.Context, *session) []Finding
	// alone is set where there is something to tell without a cluster, too.
	alone bool
}

// accessKeys begin the options that say which API server is asked, and as whom.
func accessKeys() []string {
	return []string{"kube_config", "kube_context", "kube_url", "kube_ca_", "kube_token_", "kube_client_", "kube_tls_"}
}

func probes() []probe {
	cluster := accessKeys()
	return []probe{
		{Configuration, nil, nil, configuration, false},
		{Reach, nil, cluster, reach, false},
		{TLS, []Name{Reach}, cluster, tlsOfServer, false},
		{Identity, []Name{TLS}, cluster, identity, false},
		{Permissions, []Name{Identity}, []string{"kube_", "objects_"}, permissions, false},
		{Versions, []Name{Identity}, cluster, versions, true},
		{Clock, []Name{TLS}, cluster, clock, false},
		{Discovery, []Name{Identity}, cluster, discovery, false},
		{AuditFile, nil, []string{"audit_path", "audit_max_line"}, auditFile, false},
		{AuditWebhook, nil, []string{"audit_webhook_", "audit_tls_", "audit_token_", "audit_insecure"}, auditWebhook, false},
		{Cursor, nil, []string{"db", "audit_spool_"}, cursorFiles, false},
		{Salt, nil, []string{"redact_salt_file", "db"}, salt, false},
		{Redaction, nil, []string{"redact_"}, redaction, false},
		{Metrics, nil, []string{"metrics_"}, metrics, false},
		{Downstream, nil, []string{"forward_", "dead_letter_"}, downstream, false},
		{Outputs, nil, nil, outputs, false},
		{Instance, nil, nil, instance, false},
	}
}

// Names returns the names of all checks, in the order in which they are told.
func Names() []Name {
	var out []Name
	for _, p := range probes() {
		out = append(out, p.name)
	}
	return out
}

// ParseName returns the check of that name.
func ParseName(s string) (Name, error) {
	for _, name := range Names() {
		if string(name) == s {
			return name, nil
		}
	}
	return "", errors.New("no check has that name")
}

// Worst returns the worst result, OK where nothing was looked at.
func Worst(rows []Row) Result {
	worst := OK
	for _, r := range rows {
		switch r.Result {
		case Failed:
			return Failed
		case Warning:
			worst = Warning
		case OK, Skipped:
		}
	}
	return worst
}

func one(r Result, detail, fix string) []Finding {
	return []Finding{{Result: r, Detail: detail, Fix: fix}}
}

func okay(format string, args ...any) []Finding {
	return one(OK, fmt.Sprintf(format, args...), "")
}

func skipped(format string, args ...any) []Finding {
	return one(Skipped, fmt.Sprintf(format, args...), "")
}

func failed(fix, format string, args ...any) []Finding {
	return one(Failed, fmt.Sprintf(format, args...), fix)
}

func warned(fix, format string, args ...any) []Finding {
	return one(Warning, fmt.Sprintf(format, args...), fix)
}
