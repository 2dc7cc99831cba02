package pipeline

import (
	"log/slog"
	"net/http"
	"time"

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
		ref, since := *rec.Object, madeSince(rec.Audit)
		found := p.index.FindCreated(ref, since)
		if found.Correlation == event.CorrelationUnknown && rec.Audit != nil && !isDryRun(rec.Audit) {
			// It is gone by now, or not seen yet, and the bodies tell who it is.
			if live, ok := p.audited.Audit(rec.Audit); ok {
				p.index.Learn(live)
				if !since.IsZero() {
					// A former object may still have the name.
					ref.UID = live.Ref.UID
				}
				found = p.index.FindCreated(ref, since)
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

// madeSince returns the time before which the object of an audit event cannot have
// been created, where the request made it and no UID tells it from a former object
// of its name; otherwise zero.
func madeSince(a *event.Audit) time.Time {
	if a == nil || a.Object.UID != "" || a.Object.Subresource != "" {
		return time.Time{}
	}
	// Updates and server-side applies make objects, too, and say so by 201.
	if a.Code == http.StatusCreated || a.Verb == "create" && a.Code >= http.StatusOK && a.Code < http.StatusMultipleChoices {
		return a.ReceivedTime
	}
	return time.Time{}
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
