package config

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// MaxCorrelateWait is the longest correlate_wait: what waits is in memory, and
// a host that stops waits for it.
const MaxCorrelateWait = time.Minute

// Objects says which live objects to watch. Its namespaces are those of Events.
type Objects struct {
	// Enabled is unset where none are.
	Enabled bool
	// EnabledSet tells the user's word from the default, which is that of
	// kube_events.
	EnabledSet bool
	// Only, Include and Exclude are patterns of kinds: pods, deployments.apps,
	// *.example.com, *.
	Only, Include, Exclude []string
}

// Applications says how records are tied to applications.
type Applications struct {
	// RulesFile is empty where there are no own rules.
	RulesFile string
	// Wait is how long a record may wait for its object.
	Wait time.Duration
}

func objectOptions() []Option {
	return []Option{
		{
			Key: "kube_objects", Kind: KindBool,
			Doc: "Watch the live objects, so that records name the application and the owner of what they are about, and deployments are reported; like `kube_events` when not set.",
			set: func(c *Config, v string) error {
				c.Objects.EnabledSet = true
				return setBool(func(c *Config) *bool { return &c.Objects.Enabled })(c, v)
			},
		},
		{
			Key: "objects_only", Kind: KindList,
			Doc: "Kinds to watch and no others, separated by commas, as `kubectl` names them with `*` for any characters: `pods,deployments.apps,replicasets.apps`. Without the kinds between (ReplicaSets) owners are not found.",
			set: setKinds(func(c *Config) *[]string { return &c.Objects.Only }),
		},
		{
			Key: "objects_include", Kind: KindList,
			Doc: "Kinds to watch besides those that are by default, separated by commas, as `kubectl` names them with `*` for any characters: `leases.coordination.k8s.io`, `*.example.com`.",
			set: setKinds(func(c *Config) *[]string { return &c.Objects.Include }),
		},
		{
			Key: "objects_exclude", Kind: KindList,
			Doc: "Kinds not to watch, likewise; `secrets` leaves out Secrets, and with them Helm's releases. Outweighs `objects_include`.",
			set: setKinds(func(c *Config) *[]string { return &c.Objects.Exclude }),
		},
		{
			Key: "application_rules_file", Kind: KindFile,
			Doc: "Own rules that tie objects to applications, YAML with CEL expressions; docs/APPLICATIONS.md tells how. Read at the start. The input needs `kube_objects` for them.",
			set: setFile(func(c *Config) *string { return &c.Applications.RulesFile }),
		},
		{
			Key: "correlate_wait", Kind: KindDuration, Default: "2s",
			Doc: "How long an event or audit record waits for its object, or an owner of it, to be seen; at most 1m. Then it goes out as it is, and says so.",
			set: func(c *Config, v string) error {
				d, err := parseDuration(v)
				if err == nil && d > MaxCorrelateWait {
					err = &valueError{"is too long", "write 1m or less"}
				}
				c.Applications.Wait = d
				return err
			},
		},
	}
}

// setKinds reads patterns of kinds. Whether a kind is served only the API server
// knows.
func setKinds(field func(*Config) *[]string) func(*Config, string) error {
	return func(c *Config, v string) error {
		kinds := []string{}
		for part := range strings.SplitSeq(v, ",") {
			kind := strings.ToLower(strings.TrimSpace(part))
			if kind == "" {
				continue
			}
			// What stands for any characters is checked like one of them.
			plain := strings.ReplaceAll(kind, "*", "x")
			if len(validation.IsDNS1123Subdomain(plain)) > 0 {
				return &valueError{"has an entry that is no kind: " + kind, "write kinds as kubectl api-resources lists them, separated by commas, for example pods,deployments.apps,*.example.com"}
			}
			kinds = append(kinds, kind)
		}
		*field(c) = kinds
		return nil
	}
}

// Cluster reports whether anything is read from an API server.
func (c Config) Cluster() bool { return c.Events.Enabled || c.Objects.Enabled }

// Access reports whether an API server is asked for anything, be it who it is that
// scrapes metrics.
func (c Config) Access() bool { return c.Cluster() || c.Metrics.asks() }
