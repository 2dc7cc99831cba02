package config

import (
	"strings"
	"time"
)

// Limits of the options of redaction.
const (
	// MinValueLength is the least redact_min_length: shorter values occur by
	// chance.
	MinValueLength = 4
	maxValueLength = 64
	// MinPayloadBytes and MaxPayloadBytes bound redact_max_bytes.
	MinPayloadBytes = 4 << 10
	MaxPayloadBytes = 4 << 20
	// MaxPayloadDepth is the most that redact_max_depth can be: what reads
	// records has limits of its own.
	MaxPayloadDepth = 48

	minRetire = time.Second
	maxBudget = time.Minute
)

// What redact_start can be.
const (
	// StartFail ends the start where sensitive values cannot be read.
	StartFail = "fail"
	// StartWithhold starts, and withholds payloads until they can be read.
	StartWithhold = "withhold"
)

// Redaction says what must not leave, besides what is known by its shape.
type Redaction struct {
	// ValuesPaths are files and folders with sensitive values.
	ValuesPaths []string
	// ClusterSecrets makes the values of the cluster's Secrets known, too.
	ClusterSecrets bool
	// MinLength is that of the shortest value that is looked for, in bytes.
	MinLength int
	// Stop are values that are not looked for.
	Stop []string
	// Retire is how long a value that is no longer there is looked for.
	Retire time.Duration
	// Start is StartFail or StartWithhold.
	Start string
	// EnvNames are globs of names of environment variables that hold secrets;
	// those that begin with an exclamation mark except names from the others.
	EnvNames []string
	// RulesFiles add patterns, RulesOff removes some by their names.
	RulesFiles, RulesOff []string
	// MaxBytes and MaxDepth bound the JSON that is examined.
	MaxBytes, MaxDepth int
	// Budget is how long the redaction of one record may take; 0 is any time.
	Budget time.Duration
}

// DefaultEnvNames are the names of environment variables that say that their
// value is a secret.
const DefaultEnvNames = "*PASSWORD*,*PASSWD*,*PASSPHRASE*,*SECRET*,*TOKEN*,*API_KEY*,*APIKEY*,*ACCESS_KEY*,*PRIVATE_KEY*," +
	"*ENCRYPTION_KEY*,*SIGNING_KEY*,*CREDENTIAL*,*CONNECTION_STRING*,*CONNECTIONSTRING*,*_PWD,PWD_*,*_PAT,*_DSN,*_AUTH," +
	"!*_FILE,!*_PATH,!*_DIR,!*_NAME,!*_ENABLED,!*_TTL,!*_EXPIR*,!*_URL,!*_URI,!*_HOST,!*_PORT,!*_ID"

// conflicts reports keys that do not fit each other.
func (r Redaction) conflicts(cluster bool) []*KeyError {
	if r.ClusterSecrets && !cluster {
		return []*KeyError{{
			Key: "redact_cluster_secrets", Value: "on", Problem: "needs access to the cluster, of which nothing else is read",
			Hint: "set kube_events or kube_objects on, or name files of values by redact_values_path",
		}}
	}
	return nil
}

func redactOptions() []Option {
	return []Option{
		{
			Key: "redact_salt_file", Kind: KindFile,
			Doc: "File that keeps the salt of the hashes which take the place of secrets; `db` with `.salt` appended when not set. Made at the first start. The key that the spool is encrypted with is derived from it.",
			set: setFile(func(c *Config) *string { return &c.SaltFile }),
		},
		{
			Key: "redact_values_path", Kind: KindList,
			Doc: "Sensitive values that are replaced wherever they occur, in any notation: a folder as Kubernetes mounts Secrets (one file per variable), a dotenv or a JSON file; several separated by commas. Read again when they change.",
			set: func(c *Config, v string) (err error) {
				c.Redaction.ValuesPaths, err = parsePaths(v)
				return err
			},
		},
		{
			Key: "redact_cluster_secrets", Kind: KindBool, Default: "off",
			Doc: "Replace the values of all Secrets that the service account may read wherever they occur (conf/rbac-secrets.yaml grants them). They are held in memory only, to search by.",
			set: setBool(func(c *Config) *bool { return &c.Redaction.ClusterSecrets }),
		},
		{
			Key: "redact_min_length", Kind: KindInt, Default: "6",
			Doc: "Length of the shortest value that is looked for, in bytes, from 4 to 64. Shorter ones are named in the log at the start.",
			set: func(c *Config, v string) error {
				n, err := parseInt(v, MinValueLength, maxValueLength)
				c.Redaction.MinLength = int(n)
				return err
			},
		},
		{
			Key: "redact_stop_list", Kind: KindList,
			Doc: "Values that are not looked for although they stand in `redact_values_path` or in Secrets, separated by commas.",
			set: func(c *Config, v string) error {
				c.Redaction.Stop = splitList(v)
				return nil
			},
		},
		{
			Key: "redact_retire", Kind: KindDuration, Default: "1h",
			Doc: "How long a value that is no longer there is looked for, at least 1s: what was said before it was exchanged may come later.",
			set: func(c *Config, v string) error {
				d, err := parseDuration(v)
				if err == nil && d < minRetire {
					err = &valueError{"is too short", "write 1s or more"}
				}
				c.Redaction.Retire = d
				return err
			},
		},
		{
			Key: "redact_start", Kind: KindEnum, Default: StartFail, Values: []string{StartFail, StartWithhold},
			Doc: "What to do at the start where sensitive values cannot be read, or the cluster's Secrets may not be: do not start, or withhold the payload of every record until they can.",
			set: setEnum(func(c *Config) *string { return &c.Redaction.Start }, []string{StartFail, StartWithhold}),
		},
		{
			Key: "redact_env_names", Kind: KindList, Default: DefaultEnvNames,
			Doc: "Names of environment variables whose value is a secret, with `*` and `?`, whatever their case; `!` excepts names. The word `default` stands for the default.",
			set: func(c *Config, v string) (err error) {
				c.Redaction.EnvNames, err = parseEnvNames(v)
				return err
			},
		},
		{
			Key: "redact_rules_file", Kind: KindList,
			Doc: "Own rules for credentials in texts, and places and values that they leave alone, in YAML; several separated by commas. docs/REDACTION.md tells how. Read at the start.",
			set: func(c *Config, v string) (err error) {
				c.Redaction.RulesFiles, err = parsePaths(v)
				return err
			},
		},
		{
			Key: "redact_rules_off", Kind: KindList,
			Doc: "Rules for credentials in texts that are not to be applied, by their names, separated by commas. `live-status redact --list-rules` lists them.",
			set: func(c *Config, v string) error {
				c.Redaction.RulesOff = splitList(v)
				return nil
			},
		},
		{
			Key: "redact_max_bytes", Kind: KindSize, Default: "4MiB",
			Doc: "Most bytes of a body that is examined, from 4KiB to 4MiB; a larger one is withheld. Texts within have at most 1MiB.",
			set: func(c *Config, v string) error {
				n, err := parseSizeWithin(v, MinPayloadBytes, MaxPayloadBytes, "4KiB to 4MiB")
				c.Redaction.MaxBytes = int(n)
				return err
			},
		},
		{
			Key: "redact_max_depth", Kind: KindInt, Default: "48",
			Doc: "Most objects and arrays within each other in a body or a text that is examined, from 8 to 48; a deeper one is withheld.",
			set: func(c *Config, v string) error {
				n, err := parseInt(v, 8, MaxPayloadDepth)
				c.Redaction.MaxDepth = int(n)
				return err
			},
		},
		{
			Key: "redact_budget", Kind: KindDuration, Default: "5s",
			Doc: "How long the redaction of one record may take, at most 1m; what is not examined by then is withheld. 0 is any time.",
			set: func(c *Config, v string) error {
				d, err := parseDuration(v)
				if err == nil && d > maxBudget {
					err = &valueError{"is too long", "write 1m or less, or 0 for any time"}
				}
				c.Redaction.Budget = d
				return err
			},
		},
		{
			Key: "core_dumps", Kind: KindBool, Default: "off",
			Doc: "Let the process write core dumps, which hold what is in its memory. That is all of Fluent Bit's process.",
			set: setBool(func(c *Config) *bool { return &c.CoreDumps }),
		},
	}
}

func splitList(v string) []string {
	var out []string
	for s := range strings.SplitSeq(v, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func parsePaths(v string) ([]string, error) {
	var out []string
	for _, s := range splitList(v) {
		var c Config
		if err := setFile(func(c *Config) *string { return &c.SaltFile })(&c, s); err != nil {
			return nil, err
		}
		out = append(out, c.SaltFile)
	}
	return out, nil
}

// parseEnvNames reads globs of names.
func parseEnvNames(v string) ([]string, error) {
	var out []string
	for _, s := range splitList(v) {
		if s == "default" {
			out = append(out, splitList(DefaultEnvNames)...)
			continue
		}
		glob := strings.TrimPrefix(s, "!")
		if glob == "" || strings.Trim(glob, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.*?") != "" {
			return nil, &valueError{"has a name in it that no variable can have", "write names of letters, digits, _, - and ., with * and ?"}
		}
		if strings.Trim(glob, "*?") == "" {
			return nil, &valueError{"matches every name", "write at least one letter beside * and ?"}
		}
		out = append(out, s)
	}
	return out, nil
}
