package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
	"github.com/fluent-live/live-status/pipeline/redact/values"
)

// redaction reads the sensitive values and the rules as the start would.
func redaction(ctx context.Context, s *session) []Finding {
	cfg := s.Config.Redaction
	rules, err := pattern.Load(pattern.Options{Files: cfg.RulesFiles, Off: cfg.RulesOff})
	if err != nil {
		return failed("correct the rule; docs/REDACTION.md tells how", "%s", err)
	}
	detail := plural(len(rules.Rules()), "rule")
	if cfg.ClusterSecrets {
		detail += ", the values of the cluster's Secrets"
	}
	if len(cfg.ValuesPaths) == 0 {
		return okay("%s; redact_values_path is not set", detail)
	}
	store, err := values.Open(ctx, values.Options{Paths: cfg.ValuesPaths, MinLength: cfg.MinLength, Stop: cfg.Stop, Retire: cfg.Retire})
	if err != nil {
		text, _, _ := strings.Cut(err.Error(), "; to start without payloads")
		if cfg.Start == config.StartWithhold {
			return warned("let this process read it: until then the payload of every record is withheld (redact_start withhold)", "%s", text)
		}
		return failed("let this process read it, or set redact_start to withhold to start without payloads", "%s", text)
	}
	stats := store.Stats()
	detail = fmt.Sprintf("%s from %s, %s", plural(stats.Values, "value"), strings.Join(cfg.ValuesPaths, ", "), detail)
	switch {
	case stats.Values == 0:
		return warned("check redact_values_path, and redact_min_length", "%s: nothing is looked for", detail)
	case stats.Skipped+stats.Beyond > 0:
		return okay("%s; %s too short or too common to be looked for", detail, plural(stats.Skipped+stats.Beyond, "value"))
	}
	return okay("%s", detail)
}
