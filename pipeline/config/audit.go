package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Limits of the audit options.
const (
	MinAuditLine = 4 << 10
	MaxAuditLine = 64 << 20
	MinAuditBody = 64 << 10
	MaxAuditBody = 256 << 20
	MinSpoolSize = 1 << 20
)

// Audit says where to take the audit trail from and what of it to report.
type Audit struct {
	// Path is a file, a glob or a folder; empty for none.
	Path string
	// FromTail leaves out what is there at the first start.
	FromTail bool
	// MaxLine is the longest line that is read, in bytes.
	MaxLine int

	Webhook AuditWebhook
	Filter  AuditFilter
	// Bodies is off, writes or all.
	Bodies string
}

// The values of audit_bodies.
const (
	BodiesOff    = "off"
	BodiesWrites = "writes"
	BodiesAll    = "all"
)

// AuditWebhook says how API servers may post audit events.
type AuditWebhook struct {
	// Listen is an address; empty for none.
	Listen       string
	CertFile     string
	KeyFile      string
	ClientCAFile string
	TokenFile    string
	// Insecure lets it listen off loopback to anyone.
	Insecure bool
	// MaxBody is the largest body that is taken, in bytes.
	MaxBody int64
	// SpoolFile keeps what was taken until it is handed on.
	SpoolFile string
	// MaxSpool is how much it keeps, in bytes.
	MaxSpool int64
}

// AuditFilter says which audit events to report: those that match an entry of
// every list that is not empty, and no entry of a list of exclusions. In an
// entry * stands for any characters.
type AuditFilter struct {
	Stages, Verbs, Resources, Users, Namespaces                     []string
	VerbsExclude, ResourcesExclude, UsersExclude, NamespacesExclude []string
}

// Enabled reports whether any audit source is set.
func (a Audit) Enabled() bool { return a.Path != "" || a.Webhook.Listen != "" }

func auditOptions() []Option {
	bodies := []string{BodiesOff, BodiesWrites, BodiesAll}
	all := []Option{
		{
			Key: "audit_path", Kind: KindFile,
			Doc: "Audit log to read (JSON Lines): a file, a glob or a folder. A log stands for its rotated and `.gz` backups, too.",
			set: func(c *Config, v string) error {
				switch {
				case v == "-":
					return &valueError{"is standard input, which is not read", "name a file"}
				case strings.Contains(v, ","):
					return &valueError{"has a comma in it", "name one log, folder or glob, such as /var/log/*/audit.log; for more write an input for each"}
				}
				return setFile(func(c *Config) *string { return &c.Audit.Path })(c, v)
			},
		},
		{
			Key: "audit_read_from", Kind: KindEnum, Values: []string{"head", "tail"}, Default: "head",
			Doc: "At the first start: read what is there (`head`) or only what comes (`tail`).",
			set: func(c *Config, v string) error {
				from, err := parseEnum(v, "head", "tail")
				c.Audit.FromTail = from == "tail"
				return err
			},
		},
		{
			Key: "audit_max_line", Kind: KindSize, Default: "8MiB",
			Doc: "Longest line, or item of a body, that is read whole, from 4KiB to 64MiB. Of a longer one the record has no bodies, and a `rejected` record says where it is.",
			set: func(c *Config, v string) error {
				n, err := parseSizeWithin(v, MinAuditLine, MaxAuditLine, "4KiB to 64MiB")
				c.Audit.MaxLine = int(n)
				return err
			},
		},
	}
	all = append(all, webhookOptions()...)
	all = append(all,
		listOption("audit_stages", "ResponseComplete,Panic",
			"Stages to report: `RequestReceived`, `ResponseStarted`, `ResponseComplete`, `Panic`, or `*` for all.",
			func(c *Config) *[]string { return &c.Audit.Filter.Stages }, parseStages))
	all = append(all, filterOptions("audit_verbs", "Verbs", "`create,update,patch,delete*`", parseVerbs,
		func(c *Config) (include, exclude *[]string) {
			return &c.Audit.Filter.Verbs, &c.Audit.Filter.VerbsExclude
		})...)
	all = append(all, filterOptions("audit_resources", "Resources", "`pods`, `pods/exec`, `deployments.apps`, `*.apps`, `*/status`, or paths that are none: `/metrics`", parseResources,
		func(c *Config) (include, exclude *[]string) {
			return &c.Audit.Filter.Resources, &c.Audit.Filter.ResourcesExclude
		})...)
	all = append(all, filterOptions("audit_users", "Users", "`admin@example.com`, `system:serviceaccount:argocd:*`", parsePatterns,
		func(c *Config) (include, exclude *[]string) {
			return &c.Audit.Filter.Users, &c.Audit.Filter.UsersExclude
		})...)
	all = append(all, filterOptions("audit_namespaces", "Namespaces", "`shop,team-*`", parsePatterns,
		func(c *Config) (include, exclude *[]string) {
			return &c.Audit.Filter.Namespaces, &c.Audit.Filter.NamespacesExclude
		})...)
	return append(all, Option{
		Key: "audit_bodies", Kind: KindEnum, Values: bodies, Default: BodiesOff,
		Doc: "Request and response bodies in the records, redacted: `off`, `writes` for those of writes, or `all`. The fields that a write changed are told in any case.",
		set: setEnum(func(c *Config) *string { return &c.Audit.Bodies }, bodies),
	})
}

func webhookOptions() []Option {
	return []Option{
		{
			Key: "audit_webhook_listen", Kind: KindString,
			Doc: "Address on which API servers may post audit events, for example `:9443`. Needs `db`.",
			set: func(c *Config, v string) (err error) {
				c.Audit.Webhook.Listen, err = parseListen(v)
				return err
			},
		},
		{
			Key: "audit_tls_crt_file", Kind: KindFile,
			Doc: "Certificate of the webhook, PEM. Read again when it changes.",
			set: setFile(func(c *Config) *string { return &c.Audit.Webhook.CertFile }),
		},
		{
			Key: "audit_tls_key_file", Kind: KindFile,
			Doc: "Key of that certificate, PEM.",
			set: setFile(func(c *Config) *string { return &c.Audit.Webhook.KeyFile }),
		},
		{
			Key: "audit_tls_client_ca_file", Kind: KindFile,
			Doc: "CA certificates, PEM: who posts must have a client certificate of one of them.",
			set: setFile(func(c *Config) *string { return &c.Audit.Webhook.ClientCAFile }),
		},
		{
			Key: "audit_token_file", Kind: KindFile,
			Doc: "Who posts must send this bearer token. Read again when it changes. With `audit_tls_client_ca_file`, both are demanded.",
			set: setFile(func(c *Config) *string { return &c.Audit.Webhook.TokenFile }),
		},
		{
			Key: "audit_insecure", Kind: KindBool, Default: "off",
			Doc: "Listen to anyone, or without encryption, off loopback too. Who can reach the port can then forge the audit trail.",
			set: setBool(func(c *Config) *bool { return &c.Audit.Webhook.Insecure }),
		},
		{
			Key: "audit_max_body", Kind: KindSize, Default: "16MiB",
			Doc: "Largest body that is taken, decompressed, from 64KiB to 256MiB. A larger one is refused.",
			set: func(c *Config, v string) (err error) {
				c.Audit.Webhook.MaxBody, err = parseSizeWithin(v, MinAuditBody, MaxAuditBody, "64KiB to 256MiB")
				return err
			},
		},
		{
			Key: "audit_spool_file", Kind: KindFile,
			Doc: "SQLite file that keeps what was posted until it is handed on; `db` with `.spool` appended when not set.",
			set: setFile(func(c *Config) *string { return &c.Audit.Webhook.SpoolFile }),
		},
		{
			Key: "audit_spool_max_size", Kind: KindSize, Default: "512MiB",
			Doc: "How much it keeps, at least `audit_max_body`. When it is full the webhook answers 429 and the API server keeps the rest.",
			set: func(c *Config, v string) (err error) {
				c.Audit.Webhook.MaxSpool, err = parseSizeWithin(v, MinSpoolSize, 1<<53, "1MiB on")
				return err
			},
		},
	}
}

// filterOptions are a list and the list of its exceptions.
func filterOptions(key, what, example string, parse func(string) ([]string, error), fields func(*Config) (include, exclude *[]string)) []Option {
	lower := strings.ToLower(what)
	return []Option{
		listOption(key, "", what+" to report, separated by commas, with `*` for any characters: "+example+"; all when not set.",
			func(c *Config) *[]string { include, _ := fields(c); return include }, parse),
		listOption(key+"_exclude", "", "The same, for "+lower+" to leave out.",
			func(c *Config) *[]string { _, exclude := fields(c); return exclude }, parse),
	}
}

func listOption(key, def, doc string, field func(*Config) *[]string, parse func(string) ([]string, error)) Option {
	return Option{
		Key: key, Kind: KindList, Default: def, Doc: doc,
		set: func(c *Config, v string) (err error) {
			*field(c), err = parse(v)
			return err
		},
	}
}

// parsePatterns reads entries separated by commas, each once.
func parsePatterns(s string) ([]string, error) {
	var out []string
	for entry := range strings.SplitSeq(s, ",") {
		entry = strings.TrimSpace(entry)
		switch {
		case entry == "" || slices.Contains(out, entry):
		case strings.HasPrefix(entry, "!"):
			return nil, &valueError{
				"has the entry " + strconv.Quote(shorten(entry)) + ", which begins with !",
				"what is to be left out goes in the key that ends in _exclude",
			}
		case strings.ContainsAny(entry, " \t\r\n\x00"):
			return nil, &valueError{"has the entry " + strconv.Quote(shorten(entry)) + " with a space in it", "separate entries by commas"}
		default:
			out = append(out, entry)
		}
	}
	if len(out) == 0 {
		return nil, &valueError{"has no entry", "leave the key out"}
	}
	return out, nil
}

// parseVerbs reads verbs of any case. Those of an audit event are the API's, or
// the HTTP method in lower case where a request is about no resource.
func parseVerbs(s string) ([]string, error) {
	entries, err := parsePatterns(strings.ToLower(s))
	if err != nil {
		return nil, err
	}
	verbs := []string{
		"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
		"post", "put", "head", "options", "connect", "trace",
	}
	for _, entry := range entries {
		if !strings.Contains(entry, "*") && !slices.Contains(verbs, entry) {
			return nil, &valueError{"has the entry " + strconv.Quote(shorten(entry)) + ", which is no verb", "write " + orList(verbs)}
		}
	}
	return entries, nil
}

// parseResources reads resources as kubectl and audit policies write them.
func parseResources(s string) ([]string, error) {
	entries, err := parsePatterns(s)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry, "/") {
			continue
		}
		name, sub, _ := strings.Cut(entry, "/")
		switch {
		case slices.Contains([]string{"apps", "batch", "autoscaling", "policy"}, name):
			// A group comes first in RBAC and in kubectl api-resources.
			return nil, &valueError{
				"has the entry " + strconv.Quote(shorten(entry)) + ", which begins with a group",
				"write the resource first: " + strconv.Quote(shorten(sub)+"."+name),
			}
		case strings.ToLower(entry) != entry:
			return nil, &valueError{
				"has the entry " + strconv.Quote(shorten(entry)) + ", but resources have no capitals",
				"write the plural as kubectl api-resources shows it, for example deployments",
			}
		}
	}
	return entries, nil
}

// parseStages reads stages of any case, or * for all.
func parseStages(s string) ([]string, error) {
	entries, err := parsePatterns(s)
	if err != nil {
		return nil, err
	}
	stages := []string{
		string(event.StageRequestReceived), string(event.StageResponseStarted),
		string(event.StageResponseComplete), string(event.StagePanic),
	}
	for i, entry := range entries {
		if entry == "*" {
			return []string{"*"}, nil
		}
		stage, err := parseEnum(entry, stages...)
		if err != nil {
			return nil, &valueError{"has the entry " + strconv.Quote(shorten(entry)) + ", which is no stage", "write " + orList(stages) + ", or * for all"}
		}
		entries[i] = stage
	}
	return entries, nil
}
