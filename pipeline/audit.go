package pipeline

import (
	"context"
	"time"

	"github.com/fluent-live/live-status/pipeline/change"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/filter"
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
func (p *pump) audit(ctx context.Context, item *event.Item) error {
	p.count.received.Add(1)
	var a event.Audit
	err := guard(func() (err error) {
		a, err = p.audits.decoder.Decode(item.Raw)
		return err
	})
	if err != nil {
		return p.reject(ctx, item, err)
	}
	if !p.audits.filter.Pass(&a) {
		p.count.filtered.Add(1)
		return p.advance(ctx, item)
	}
	fingerprint := p.audits.window.Fingerprint(&a)
	if p.audits.window.Known(fingerprint) {
		p.count.deduplicated.Add(1)
		return p.advance(ctx, item)
	}
	err = guard(func() error {
		a.Changes = p.audits.tracker.Changes(&a)
		return nil
	})
	if err != nil {
		return p.reject(ctx, item, err)
	}
	if !p.audits.wantsBodies(&a) {
		a.Request, a.Response = "", ""
	}
	now, at := time.Now(), a.StageTime
	if at.IsZero() {
		at = a.ReceivedTime
	}
	p.count.audits.Add(1)
	p.count.arrived(item.Place.Source, now.Sub(at))
	rec := event.Record{
		Type:    event.TypeAudit,
		ID:      auditID(&a, fingerprint),
		Time:    at,
		Cluster: p.cluster,
		Audit:   &a,
	}
	if !a.Object.IsZero() {
		rec.Object = &a.Object
	}
	if err := p.emit(ctx, item, rec, remembered{passed: fingerprint, audited: true}); err != nil {
		return err
	}
	p.audits.window.Add(now, fingerprint)
	return nil
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
