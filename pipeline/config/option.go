package config

import (
	"math"
	"os"
	"strings"
	"time"
)

// Kind is the notation of an option's value.
type Kind string

// The kinds.
const (
	KindString   Kind = "string"
	KindDuration Kind = "duration"
	KindBool     Kind = "bool"
	KindInt      Kind = "int"
	KindSize     Kind = "size"
	KindList     Kind = "list"
	KindEnum     Kind = "enum"
	KindFile     Kind = "file"
)

// Option describes one key.
type Option struct {
	Key string
	// Default is the value that an option has when it is not set, in the
	// notation of Kind; empty for none.
	Default string
	Kind    Kind
	// Values are the allowed values of KindEnum.
	Values []string
	Doc    string
	// KubernetesEvents tells the keys that Fluent Bit's kubernetes_events has
	// too.
	KubernetesEvents bool
	// Secret tells the options whose value must never be shown.
	Secret bool

	// set parses a value into a Config. Its error is a *valueError.
	set func(c *Config, value string) error
}

// Options returns all options, in the order of the documentation.
func Options() []Option {
	all := clusterOptions()
	all = append(all, eventOptions()...)
	all = append(all, objectOptions()...)
	all = append(all, statusOptions()...)
	all = append(all, auditOptions()...)
	all = append(all, cursorOptions()...)
	all = append(all, redactOptions()...)
	all = append(all, metricsOptions()...)
	return append(all, hostOptions()...)
}

func clusterOptions() []Option {
	return []Option{
		{
			Key: "kube_config", Kind: KindFile,
			Doc: "Kubeconfig to read the API server and the credentials from. Excludes the keys that describe a server one by one. `~` is the home folder.",
			set: setFile(func(c *Config) *string { return &c.Kube.Kubeconfig }),
		},
		{
			Key: "kube_context", Kind: KindString,
			Doc: "Context of the kubeconfig; its current one when not set.",
			set: setString(func(c *Config) *string { return &c.Kube.Context }),
		},
		{
			Key: "kube_url", Kind: KindString, Default: DefaultURL, KubernetesEvents: true,
			Doc: "URL of the API server.",
			set: func(c *Config, v string) (err error) {
				c.Kube.URL, err = parseURL(v)
				c.Kube.URLSet = true
				return err
			},
		},
		{
			Key: "kube_ca_file", Kind: KindFile, Default: DefaultCAFile, KubernetesEvents: true,
			Doc: "CA certificates, PEM, that the server's certificate is checked against. The default is used where it exists, else the system's certificates.",
			set: func(c *Config, v string) error {
				c.Kube.CAFileSet = true
				return setFile(func(c *Config) *string { return &c.Kube.CAFile })(c, v)
			},
		},
		{
			Key: "kube_ca_path", Kind: KindFile, KubernetesEvents: true,
			Doc: "Folder whose `*.crt` and `*.pem` are trusted as well.",
			set: setFile(func(c *Config) *string { return &c.Kube.CAPath }),
		},
		{
			Key: "kube_token_file", Kind: KindFile, Default: DefaultTokenFile, KubernetesEvents: true,
			Doc: "Bearer token. Read again after `kube_token_ttl`, and at once when the server answers 401.",
			set: func(c *Config, v string) error {
				c.Kube.TokenFileSet = true
				return setFile(func(c *Config) *string { return &c.Kube.TokenFile })(c, v)
			},
		},
		{
			Key: "kube_token_ttl", Kind: KindDuration, Default: "10m", KubernetesEvents: true,
			Doc: "Age at which the token file is read again.",
			set: setDuration(func(c *Config) *time.Duration { return &c.Kube.TokenTTL }),
		},
		{
			Key: "kube_client_cert_file", Kind: KindFile,
			Doc: "Client certificate, PEM. Needs `kube_client_key_file`.",
			set: setFile(func(c *Config) *string { return &c.Kube.ClientCertFile }),
		},
		{
			Key: "kube_client_key_file", Kind: KindFile,
			Doc: "Key of the client certificate, PEM.",
			set: setFile(func(c *Config) *string { return &c.Kube.ClientKeyFile }),
		},
		{
			Key: "kube_tls_verify", Kind: KindBool, Default: "on",
			Doc: "Check the server's certificate. In the place of `tls.verify`, which Fluent Bit keeps for itself.",
			set: setBool(func(c *Config) *bool { return &c.Kube.TLSVerify }),
		},
		{
			Key: "kube_tls_server_name", Kind: KindString,
			Doc: "Name expected in the server's certificate, where it is not the URL's host. In the place of `tls.vhost`, which Fluent Bit keeps for itself.",
			set: setString(func(c *Config) *string { return &c.Kube.TLSServerName }),
		},
		{
			Key: "cluster_name", Kind: KindString,
			Doc: "Name of the cluster in every record; the kubeconfig's name for it or the URL's host when not set.",
			set: func(c *Config, v string) (err error) {
				c.ClusterName, err = parseClusterName(v)
				return err
			},
		},
	}
}

func eventOptions() []Option {
	return []Option{
		{
			Key: "kube_events", Kind: KindBool, Default: "on",
			Doc: "Read Kubernetes events. When off, and `kube_objects` with it, no access to the cluster is needed; `cluster_name` is.",
			set: setBool(func(c *Config) *bool { return &c.Events.Enabled }),
		},
		{
			Key: "kube_namespace", Kind: KindList, KubernetesEvents: true,
			Doc: "Namespaces to read, separated by commas; all when not set.",
			set: func(c *Config, v string) (err error) {
				c.Events.Namespaces, err = parseNamespaces(v)
				return err
			},
		},
		{
			Key: "kube_namespaces_exclude", Kind: KindList,
			Doc: "Namespaces to leave out, separated by commas.",
			set: func(c *Config, v string) (err error) {
				c.Events.NamespacesExclude, err = parseNamespaces(v)
				return err
			},
		},
		{
			Key: "kube_label_selector", Kind: KindString,
			Doc: "Labels that the events must have, as `kubectl --selector` takes them.",
			set: setString(func(c *Config) *string { return &c.Events.LabelSelector }),
		},
		{
			Key: "kube_field_selector", Kind: KindString,
			Doc: "Fields that the events must have, as `kubectl --field-selector` takes them, for example `type=Warning`.",
			set: setString(func(c *Config) *string { return &c.Events.FieldSelector }),
		},
		{
			Key: "kube_request_limit", Kind: KindInt, Default: "0", KubernetesEvents: true,
			Doc: "Events per page of a list; 0 means 500.",
			set: func(c *Config, v string) error {
				n, err := parseInt(v, 0, math.MaxInt32)
				if n > 0 {
					c.Events.PageSize = int(n)
				}
				return err
			},
		},
		{
			Key: "kube_retention_time", Kind: KindDuration, Default: "1h", KubernetesEvents: true,
			Doc: "At a first start, events that last happened and rollouts that ended longer ago are left out; 0 takes all. What a later start finds new is never left out.",
			set: setDuration(func(c *Config) *time.Duration { return &c.Events.Retention }),
		},
		{
			Key: "kube_watch_timeout", Kind: KindDuration, Default: "10m", KubernetesEvents: true,
			Doc: "Longest duration of one watch, and longest silence within it; 0 leaves it to the server.",
			set: setDuration(func(c *Config) *time.Duration { return &c.Events.WatchTimeout }),
		},
	}
}

func cursorOptions() []Option {
	sync := []string{"extra", "full", "normal", "off"}
	journal := []string{"DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL", "OFF"}
	return []Option{
		{
			Key: "db", Kind: KindFile, KubernetesEvents: true,
			Doc: "SQLite file that keeps positions over restarts; in memory only when not set. Its folder must exist and be writable.",
			set: setFile(func(c *Config) *string { return &c.Cursor.Path }),
		},
		{
			Key: "db.sync", Kind: KindEnum, Values: sync, Default: "normal", KubernetesEvents: true,
			Doc: "SQLite's `synchronous`.",
			set: setEnum(func(c *Config) *string { return &c.Cursor.Sync }, sync),
		},
		{
			Key: "db.locking", Kind: KindBool, Default: "false", KubernetesEvents: true,
			Doc: "Keep the file locked between transactions, so that no other program can read it.",
			set: setBool(func(c *Config) *bool { return &c.Cursor.Locking }),
		},
		{
			Key: "db.journal_mode", Kind: KindEnum, Values: journal, Default: "WAL", KubernetesEvents: true,
			Doc: "SQLite's `journal_mode`.",
			set: setEnum(func(c *Config) *string { return &c.Cursor.JournalMode }, journal),
		},
	}
}

func hostOptions() []Option {
	return []Option{
		{
			Key: "interval_sec", Kind: KindInt, Default: "0", KubernetesEvents: true,
			Doc: "How often records are handed to Fluent Bit: whole seconds, to which `interval_nsec` is added.",
			set: func(c *Config, v string) error {
				n, err := parseInt(v, 0, 86400)
				c.Interval = time.Duration(n)*time.Second + c.Interval%time.Second
				return err
			},
		},
		{
			Key: "interval_nsec", Kind: KindInt, Default: "500000000", KubernetesEvents: true,
			Doc: "How often records are handed to Fluent Bit: nanoseconds, added to `interval_sec`.",
			set: func(c *Config, v string) error {
				n, err := parseInt(v, 0, int64(time.Second)-1)
				c.Interval = c.Interval.Truncate(time.Second) + time.Duration(n)
				return err
			},
		},
		{
			Key: "batch_max_bytes", Kind: KindSize, Default: "8MiB",
			Doc: "Most bytes handed to Fluent Bit at once, from 64KiB to 64MiB. Its memory peaks at about six times this.",
			set: func(c *Config, v string) error {
				n, err := parseSizeWithin(v, MinBatchBytes, MaxBatchBytes, "64KiB to 64MiB")
				c.BatchMaxBytes = int(n)
				return err
			},
		},
		{
			Key: "instance_name", Kind: KindString,
			Doc: "Name of this instance in `monitor_status`, in metrics and in what is said of who holds `db`; the host's own name for it when not set. Where each node runs one, the node's name: `${NODE_NAME}`.",
			set: func(c *Config, v string) (err error) {
				c.InstanceName, err = parseInstanceName(v)
				return err
			},
		},
		{
			Key: "monitor_interval", Kind: KindDuration, Default: "1m",
			Doc: "How often a `monitor_status` record is made, at least 1s; 0 is never.",
			set: func(c *Config, v string) error {
				d, err := parseDuration(v)
				if err == nil && d != 0 && d < MinMonitorInterval {
					err = &valueError{"is too short", "write 1s or more, or 0 for never"}
				}
				c.MonitorInterval = d
				return err
			},
		},
		{
			Key: "plugin_log_level", Kind: KindEnum, Default: "info",
			Values: []string{"off", "error", "warn", "info", "debug", "trace"},
			Doc:    "Least level that the plugin logs. In the place of `log_level`, which Fluent Bit keeps for itself.",
			set: func(c *Config, v string) (err error) {
				c.LogLevel, err = parseLevel(v)
				return err
			},
		},
	}
}

func setString(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		if strings.ContainsAny(v, "\n\r\x00") {
			return &valueError{"has a line break in it", "write it on one line"}
		}
		*field(c) = v
		return nil
	}
}

func setFile(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		path, err := expandHome(v, os.UserHomeDir)
		if err == nil && strings.ContainsRune(path, 0) {
			err = &valueError{"has a NUL byte in it", "take it out"}
		}
		*field(c) = path
		return err
	}
}

func setDuration(field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, v string) (err error) {
		*field(c), err = parseDuration(v)
		return err
	}
}

func setBool(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, v string) (err error) {
		*field(c), err = parseBool(v)
		return err
	}
}

func setEnum(field func(*Config) *string, allowed []string) func(*Config, string) error {
	return func(c *Config, v string) (err error) {
		*field(c), err = parseEnum(v, allowed...)
		return err
	}
}
