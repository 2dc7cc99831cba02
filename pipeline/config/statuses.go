package config

import "time"

// MinStatusResync is the shortest status_resync: a snapshot has a record of every
// object.
const MinStatusResync = time.Minute

// MaxStatusSettle is the longest status_settle.
const MaxStatusSettle = 10 * time.Minute

// Statuses says whether and how the status of objects and applications is told.
type Statuses struct {
	Enabled bool
	// EnabledSet tells the user's word from the default, which is that of
	// kube_objects.
	EnabledSet bool
	// RulesPath is empty where there are no own rules of health. It may name
	// several files and folders, separated by commas.
	RulesPath string
	// Ignore says which differences between desired and live do not count, in the
	// notation of sync_ignore.
	Ignore string
	// PrioritizeHealth leaves the sync of objects out of the status of their
	// application.
	PrioritizeHealth bool
	// Settle is how long an application's status must stand before it is told.
	Settle time.Duration
	// Resync is how often all statuses are told again; 0 is never.
	Resync time.Duration
}

// conflicts reports keys that fit neither each other nor whether live objects are
// watched.
func (s Statuses) conflicts(watched bool) []*KeyError {
	if s.Enabled {
		if !watched {
			return []*KeyError{{
				Key: "kube_status", Value: "on", Problem: "needs the live objects, which are not watched",
				Hint: "set kube_objects on, or drop kube_status",
			}}
		}
		return nil
	}
	var out []*KeyError
	for _, k := range []struct{ key, value string }{
		{"health_rules_path", s.RulesPath},
		{"sync_ignore", s.Ignore},
	} {
		if k.value != "" {
			out = append(out, &KeyError{
				Key: k.key, Value: k.value, Problem: "is for the status of objects, which is not told",
				Hint: "set kube_status on, or drop " + k.key,
			})
		}
	}
	return out
}

func statusOptions() []Option {
	return []Option{
		{
			Key: "kube_status", Kind: KindBool,
			Doc: "Tell the status of objects and applications (`object_status`, `application_status`); like `kube_objects` when not set, which it needs.",
			set: func(c *Config, v string) error {
				c.Statuses.EnabledSet = true
				return setBool(func(c *Config) *bool { return &c.Statuses.Enabled })(c, v)
			},
		},
		{
			Key: "health_rules_path", Kind: KindString,
			Doc: "Own rules of health: a YAML file with CEL expressions, an `argocd-cm` ConfigMap with Argo CD's resource customizations, or a folder `<group>/<kind>/health.lua`; several separated by commas. docs/STATUS.md tells how. Read at the start.",
			set: setString(func(c *Config) *string { return &c.Statuses.RulesPath }),
		},
		{
			Key: "sync_ignore", Kind: KindString,
			Doc: "Differences between an object and how it was deployed that do not count: `[KIND][/JSON/POINTER][@MANAGER]`, separated by commas, with `*` for any: `deployments.apps/spec/replicas`, `@my-autoscaler`.",
			set: setString(func(c *Config) *string { return &c.Statuses.Ignore }),
		},
		{
			Key: "prioritize_health", Kind: KindBool, Default: "off",
			Doc: "Leave out of an application's status whether its objects are as they were deployed.",
			set: setBool(func(c *Config) *bool { return &c.Statuses.PrioritizeHealth }),
		},
		{
			Key: "status_settle", Kind: KindDuration, Default: "1s",
			Doc: "How long the status of an application must stand before it is told, so that a rollout makes few records; at most 10m. The status of objects is told at once.",
			set: func(c *Config, v string) error {
				d, err := parseDuration(v)
				if err == nil && d > MaxStatusSettle {
					err = &valueError{"is too long", "write 10m or less"}
				}
				c.Statuses.Settle = d
				return err
			},
		},
		{
			Key: "status_resync", Kind: KindDuration, Default: "0",
			Doc: "How often the status of all objects and applications is told again, whether it changed or not; at least 1m, 0 is never.",
			set: func(c *Config, v string) error {
				d, err := parseDuration(v)
				if err == nil && d != 0 && d < MinStatusResync {
					err = &valueError{"is too short", "write 1m or more, or 0 for never"}
				}
				c.Statuses.Resync = d
				return err
			},
		},
	}
}
