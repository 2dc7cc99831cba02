package config

import (
	"slices"
	"strings"
)

// plugin is what is configured.
type plugin struct {
	// name is how users know it.
	name    string
	options []Option
	// others are options that make no sense here, by the name of what has them.
	others map[string][]Option
	// complete fills in what depends on other options.
	complete func(*Config)
	// conflicts checks what only this plugin demands.
	conflicts func(Config) []*KeyError
}

// hostKeys are options of the input that say how records are handed to Fluent
// Bit.
func isHostKey(key string) bool { return key == "interval_sec" || key == "interval_nsec" }

func inputPlugin() plugin {
	return plugin{
		name: "input", options: Options(), others: map[string][]Option{"output plugin": forwardOptions()},
		complete: func(c *Config) {
			if !c.Objects.EnabledSet {
				c.Objects.Enabled = c.Events.Enabled
			}
		},
		conflicts: Config.nothingToRead,
	}
}

// OutputOptions returns the options of the output plugin, in the order of the
// documentation.
func OutputOptions() []Option {
	all := forwardOptions()
	for _, o := range Options() {
		switch {
		case isHostKey(o.Key):
			continue
		case o.Key == "kube_events":
			o.Default = "off"
			o.Doc = "Read Kubernetes events from the API server as well, besides those that Fluent Bit brings."
		case o.Key == "kube_objects":
			o.Doc = "Watch the live objects, so that records name the application and the owner of what they are about, and deployments and statuses are reported. When not set, on where one of the keys that describe an API server is set, `kube_config` or `kube_url` for example; within a cluster `on` has to be written."
		case o.Key == "batch_max_bytes":
			o.Doc = "Most bytes sent to the downstream at once, from 64KiB to 64MiB."
		}
		all = append(all, o)
	}
	return all
}

// ParseOutput is Parse for the output plugin.
func ParseOutput(g Getter) (Config, error) {
	return parse(g, plugin{
		name: "output", options: OutputOptions(),
		others: map[string][]Option{"input plugin": slices.DeleteFunc(Options(), func(o Option) bool { return !isHostKey(o.Key) })},
		complete: func(c *Config) {
			if !c.Objects.EnabledSet {
				c.Objects.Enabled = c.Events.Enabled || c.Kube.Explicit() || c.Kube.Kubeconfig != "" || c.Kube.Context != ""
			}
		},
		conflicts: func(c Config) []*KeyError {
			out := c.Forward.conflicts()
			if !c.Cluster() && c.ClusterName == "" {
				out = append(out, &KeyError{
					Key: "cluster_name", Problem: "is not set, and without access to the cluster nothing else tells its name",
					Hint: "set cluster_name, or kube_config, kube_url or kube_objects on to watch the cluster",
				})
			}
			return out
		},
	})
}

// replayed tells the options that say something where there is no cluster.
func replayed(o Option) bool {
	switch o.Key {
	case "cluster_name", "application_rules_file", "health_rules_path", "sync_ignore", "prioritize_health", "kube_status",
		"audit_bodies", "audit_max_line", "plugin_log_level", "core_dumps":
		return true
	case "redact_cluster_secrets", "redact_retire", "redact_start":
		return false
	}
	for _, filter := range []string{"stages", "verbs", "resources", "users", "namespaces"} {
		if strings.HasPrefix(o.Key, "audit_"+filter) {
			return true
		}
	}
	return strings.HasPrefix(o.Key, "redact_")
}

// ReplayOptions returns the options that `live-status replay` has.
func ReplayOptions() []Option {
	return slices.DeleteFunc(Options(), func(o Option) bool { return !replayed(o) })
}

// ParseReplay is Parse for `live-status replay`: nothing is read but what was
// recorded.
func ParseReplay(g Getter) (Config, error) {
	return parse(g, plugin{
		name: "replay", options: ReplayOptions(),
		others: map[string][]Option{
			"input plugin":  slices.DeleteFunc(Options(), replayed),
			"output plugin": forwardOptions(),
		},
		complete: func(c *Config) {
			c.Objects.Enabled = true
			if c.ClusterName == "" {
				c.ClusterName = "replay"
			}
		},
	})
}
