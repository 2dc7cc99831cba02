package check

import (
	"context"
	"errors"
	"strings"

	"github.com/fluent-live/live-status/pipeline/config"
)

// configuration tells what is wrong with the options, as the start would.
func configuration(_ context.Context, s *session) []Finding {
	var out []Finding
	for _, err := range s.Mistakes {
		text, fix := err.Error(), "correct it"
		if e, ok := errors.AsType[*config.KeyError](err); ok {
			fix = "docs/CONFIGURATION.md tells what " + e.Key + " can be"
			if e.Hint != "" {
				fix = e.Hint
			}
			if len(e.Meant) > 0 {
				fix = "write " + e.Meant[0]
			}
			text = strings.TrimSuffix(text, "; "+e.Hint)
		}
		out = append(out, Finding{Failed, text, fix})
	}
	for _, w := range s.Warnings {
		out = append(out, Finding{Warning, w, "set it, or write it out"})
	}
	if len(out) > 0 {
		return out
	}
	detail := s.Source
	if s.Config.ClusterName != "" {
		detail += ", cluster_name " + string(s.Config.ClusterName)
	}
	return okay("%s", detail)
}
