package pipeline

import (
	"log/slog"
	"net/http"
	"time"

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
		missing := found.Correlation == event.CorrelationUnknown || p.unwatched && found.Correlation == event.CorrelationNotWatched
		if missing && rec.Audit != nil && !isDryRun(rec.Audit) {
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

// What is said of own rules that fail.
const (
	applicationRuleFails = "an application rule fails for some objects, and does not match them; read what may be missing with 'key' in object.metadata.labels"
	healthRuleFails      = "a health rule fails for some objects, which are Unknown then; their status has the error"
)

// ruleWatch says when own rules fail, each once: their author would otherwise have
// to guess.
type ruleWatch struct {
	errors func() map[event.Rule]int64
	text   string
	logger *slog.Logger
	said   map[event.Rule]bool
}

func newRuleWatch(errors func() map[event.Rule]int64, text string, logger *slog.Logger) *ruleWatch {
	return &ruleWatch{errors: errors, text: text, logger: logger, said: map[event.Rule]bool{}}
}

func (w *ruleWatch) look() {
	for name, n := range w.errors() {
		if n > 0 && !w.said[name] {
			w.said[name] = true
			w.logger.Warn(w.text, "rule", string(name), "times", n)
		}
	}
}
