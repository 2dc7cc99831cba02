package pipeline

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
	"github.com/fluent-live/live-status/pipeline/redact/values"
	"github.com/fluent-live/live-status/pipeline/source/secrets"
)

// newRedactor reads what is known of sensitive values, and the rules.
func (p *Pipeline) newRedactor(ctx context.Context, salt []byte) (*redact.Redactor, error) {
	cfg := p.cfg.Redaction
	rules, err := pattern.Load(pattern.Options{Files: cfg.RulesFiles, Off: cfg.RulesOff})
	if err != nil {
		return nil, err
	}
	options := redact.Options{
		Salt: salt, Patterns: rules, EnvNames: cfg.EnvNames,
		MaxBytes: cfg.MaxBytes, MaxDepth: cfg.MaxDepth, Budget: cfg.Budget, Now: time.Now,
	}
	if len(cfg.ValuesPaths) > 0 || cfg.ClusterSecrets {
		p.values, err = values.Open(ctx, values.Options{
			Paths: cfg.ValuesPaths, MinLength: cfg.MinLength, Stop: cfg.Stop, Retire: cfg.Retire,
			Withhold: cfg.Start == config.StartWithhold, Cluster: cfg.ClusterSecrets, Logger: p.opts.Logger,
		})
		if err != nil {
			return nil, err
		}
		options.Values = p.values
	}
	return redact.New(options), nil
}

// salt returns what hashes are keyed with.
func (p *Pipeline) salt() ([]byte, error) {
	if p.cfg.SaltFile == "" {
		return redact.NewSalt(rand.Reader)
	}
	salt, err := redact.LoadSalt(p.cfg.SaltFile, rand.Reader)
	if err != nil {
		return nil, err
	}
	exposed, err := redact.SaltExposed(p.cfg.SaltFile)
	if err != nil {
		return nil, err
	}
	if exposed {
		p.opts.Logger.Warn("others can read the salt: who has it can guess hashed values", "redact_salt_file", p.cfg.SaltFile)
	}
	return salt, nil
}

// What keys are derived from the salt for.
const (
	keyOfSpool  = "spool"
	keyOfCursor = "cursor"
)

// derived returns a key that is derived from the salt, RFC 5869: one file is to be
// kept, and neither tells the other.
func derived(salt []byte, purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, salt, nil, "live-status/v1 "+purpose, cursor.KeyBytes)
	if err != nil {
		return nil, fmt.Errorf("derive the key of the %s: %w", purpose, err)
	}
	return key, nil
}

// secretsCheck is how long the start may wait for the answer whether Secrets may be
// read.
const secretsCheck = 5 * time.Second

// addSecrets watches the Secrets whose values are to be found. Its logger tells all:
// the source repeats nothing of what servers say, and has to say why there is
// nothing yet to redact by.
func (p *Pipeline) addSecrets(ctx context.Context, logger *slog.Logger) error {
	src, err := secrets.New(secrets.Options{
		Server: p.access, Sink: clusterValues{p.values}, Logger: logger,
		Describe: p.access.Describe, Namespaces: p.cfg.Events.Namespaces, PageSize: p.cfg.Events.PageSize,
		WatchTimeout: p.cfg.Events.WatchTimeout,
	})
	if err != nil {
		return err
	}
	if p.cfg.Redaction.Start == config.StartFail {
		ctx, cancel := context.WithTimeout(ctx, secretsCheck)
		defer cancel()
		// A server that cannot be reached is no mistake to be mended here.
		if err := src.Check(ctx); err != nil && err.Forbidden {
			return fmt.Errorf("redact_cluster_secrets: %w; grant the right, as conf/rbac-secrets.yaml does, or set redact_start to withhold", err)
		}
	}
	p.sources = append(p.sources, src)
	p.pump.known = p.values.Ready()
	return nil
}

// clusterValues passes the Secrets of the cluster on.
type clusterValues struct{ *values.Store }

// Put implements secrets.Sink.
func (c clusterValues) Put(key secrets.Key, secretType string, data map[string][]byte) {
	c.Store.Put(keyOf(key), secretType, data)
}

// Forget implements secrets.Sink.
func (c clusterValues) Forget(key secrets.Key) { c.Store.Forget(keyOf(key)) }

// Unread implements secrets.Sink.
func (c clusterValues) Unread(key secrets.Key) { c.Store.Unread(keyOf(key)) }

// Failed implements secrets.State.
func (c clusterValues) Failed(*secrets.ReadError) { c.Store.Failed() }

func keyOf(key secrets.Key) values.SecretKey {
	return values.SecretKey{Namespace: string(key.Namespace), Name: key.Name}
}

// redaction is what monitor_status says of the redactor.
func (p *Pipeline) redaction() event.RedactionStatus {
	counts := p.pump.redactor.Counts()
	st := event.RedactionStatus{Found: counts.Found, Withheld: counts.Withheld}
	if p.values != nil {
		stats := p.values.Stats()
		st.Values, st.Retired, st.Skipped = int64(stats.Values), int64(stats.Retired), int64(stats.Skipped+stats.Beyond)
		_, st.Blocked = p.values.Current()
	}
	return st
}
