package pipeline

import (
	"log/slog"

	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/event"
)

// correlate ties a record to the application of its object, by what is known
// now.
func (p *pump) correlate(rec *event.Record) {
	if p.index == nil || rec.Object == nil {
		return
	}
	err := guard(func() error {
		found := p.index.Find(*rec.Object)
		if found.Correlation == event.CorrelationUnknown && rec.Audit != nil && !isDryRun(rec.Audit) {
			// It is gone by now, or not seen yet, and the bodies tell who it is.
			if live, ok := p.audited.Audit(rec.Audit); ok {
				p.index.Learn(live)
				found = p.index.Find(*rec.Object)
			}
		}
		rec.Object, rec.Owner, rec.Application, rec.Correlation = &found.Object, found.Owner, found.Application, found.Correlation
		return nil
	})
	if err != nil {
		p.logger.Warn("an object cannot be tied to its application", "error", err)
		return
	}
	p.count.correlated(rec.Correlation)
}

// ruleWatch says when own rules fail, each once: one that fails matches nothing,
// which its author would otherwise have to guess.
type ruleWatch struct {
	rules  *rule.Set
	logger *slog.Logger
	said   map[event.Rule]bool
}

func (w *ruleWatch) look() {
	if w.rules == nil {
		return
	}
	for name, n := range w.rules.Errors() {
		if n > 0 && !w.said[name] {
			w.said[name] = true
			w.logger.Warn("an application rule fails for some objects, and does not match them; read what may be missing with 'key' in object.metadata.labels",
				"rule", string(name), "times", n)
		}
	}
}
