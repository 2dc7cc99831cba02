package pipeline

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/fluent-live/live-status/pipeline/actor"
	"github.com/fluent-live/live-status/pipeline/change"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/filter"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// auditSpan is how long the fingerprint of an audit event is remembered, and
// auditMost how many are: 20 minutes of 1,000 events a second. An API server
// gives up a retry after some three minutes; what a file brings later than a
// webhook did is bounded by this.
const (
	auditSpan = time.Hour
	auditMost = 1_200_000
)

// audits are the stages that only audit events go through.
type audits struct {
	decoder decode.AuditDecoder
	filter  *filter.Filter
	window  *dedup.Window
	tracker *change.Tracker
	// bodies is one of the values of audit_bodies.
	bodies string
}

// audit drives an audit event through the stages.
func (p *pump) audit(ctx context.Context, item *event.Item, a *event.Audit) error {
	p.count.received.Add(1)
	if !p.audits.filter.Pass(a) {
		p.count.filtered.Add(1)
		return p.advance(ctx, item)
	}
	fingerprint := p.audits.window.Fingerprint(a)
	if p.audits.window.Known(fingerprint) {
		p.count.deduplicated.Add(1)
		return p.advance(ctx, item)
	}
	err := guard(func() error {
		a.Changes = p.audits.tracker.Changes(a)
		return nil
	})
	if err != nil {
		return p.reject(ctx, item, err)
	}
	now := time.Now()
	p.count.audits.Add(1)
	rec := p.auditRecord(a, fingerprint)
	if !p.audits.wantsBodies(a) {
		a.Request, a.Response = "", ""
	}
	p.count.arrived(item.Place.Source, now.Sub(rec.Time))
	if err := p.emit(ctx, item, rec, remembered{passed: fingerprint, audited: true}); err != nil {
		return err
	}
	p.audits.window.Add(now, fingerprint)
	return nil
}

func (p *pump) auditRecord(a *event.Audit, fp event.Fingerprint) event.Record {
	rec := event.Record{Type: event.TypeAudit, ID: auditID(a, fp), Time: a.StageTime, Cluster: p.cluster, Audit: a}
	if rec.Time.IsZero() {
		rec.Time = a.ReceivedTime
	}
	if !a.Object.IsZero() {
		rec.Object = &a.Object
	}
	a.Actor = actor.Classify(a)
	p.correlate(&rec)
	return rec
}

// oversize deals with an audit event that is too large to be kept. It makes an
// audit record of what is there besides the bodies, since a client could send
// much only to have nobody told what it did, and a rejected record. Only the
// latter has the position, so that there is none without the other. The item
// counts once, as rejected.
func (p *pump) oversize(ctx context.Context, item *event.Item) error {
	p.count.received.Add(1)
	if err := p.bodiless(ctx, item); err != nil {
		return err
	}
	return p.reject(ctx, item, skipped(item))
}

// bodiless emits an audit record of the ends of an audit event. If that cannot
// be, or need not be, the rejected record has to do.
func (p *pump) bodiless(ctx context.Context, item *event.Item) error {
	var a event.Audit
	err := guard(func() (err error) {
		a, err = p.audits.decoder.DecodeCut(item.Raw, item.Tail)
		return err
	})
	if err != nil {
		if _, defect := errors.AsType[*panicError](err); defect {
			p.logger.Warn("an audit event that is too large cannot be decoded", "error", err)
		}
		return nil
	}
	if !p.audits.filter.Pass(&a) {
		return nil
	}
	fingerprint := p.audits.window.Fingerprint(&a)
	if p.audits.window.Known(fingerprint) {
		return nil
	}
	now := time.Now()
	rec := p.auditRecord(&a, fingerprint)
	rec.Withheld = withoutBodies(a.Level)
	data, err := p.encode(rec)
	if err != nil {
		p.logger.Warn("the record of an audit event that is too large cannot be written", "error", err)
		return nil
	}
	p.count.arrived(item.Place.Source, now.Sub(rec.Time))
	part := event.Item{Stream: item.Stream, Receipt: item.Receipt}
	if err := p.add(ctx, &part, data, remembered{passed: fingerprint, audited: true}); err != nil {
		return err
	}
	p.audits.window.Add(now, fingerprint)
	return nil
}

// withoutBodies says that the bodies are left out which an event of that level
// may have.
func withoutBodies(level event.Level) []event.Withheld {
	var out []event.Withheld
	if level == event.LevelRequest || level == event.LevelRequestResponse {
		out = append(out, event.Withheld{Path: "/audit/request", Reason: redact.ReasonTooLarge})
	}
	if level == event.LevelRequestResponse {
		out = append(out, event.Withheld{Path: "/audit/response", Reason: redact.ReasonTooLarge})
	}
	return out
}

func (s *audits) wantsBodies(a *event.Audit) bool {
	switch s.bodies {
	case config.BodiesAll:
		return true
	case config.BodiesWrites:
		return isWrite(a.Verb)
	default:
		return false
	}
}

// isDryRun reports whether a request was one to try out what would be: its object
// is none that ever lives.
func isDryRun(a *event.Audit) bool {
	_, rest, ok := strings.Cut(a.RequestURI, "?")
	for ok {
		var pair string
		pair, rest, ok = strings.Cut(rest, "&")
		key, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(key, "%+") {
			// A key that cannot be unescaped is none to the server either.
			key, _ = url.QueryUnescape(key)
		}
		if key == "dryRun" && value != "" {
			return true
		}
	}
	return false
}

// isWrite reports whether a verb, or the method of a request that is about no
// resource, may change something.
func isWrite(verb string) bool {
	switch verb {
	case "get", "list", "watch", "head", "options":
		return false
	default:
		return true
	}
}
