package pipeline

import (
	"context"
	"time"

	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/event"
)

// event drives a Kubernetes event through the stages.
func (p *pump) event(ctx context.Context, item *event.Item, occ *event.Occurrence) error {
	if item.Change == event.Deleted {
		p.count.received.Add(1)
		p.count.deleted.Add(1)
		if p.selective {
			// It may only have ceased to match, and will match again.
			return p.advance(ctx, item)
		}
		return p.add(ctx, item, encoded{}, remembered{seen: func(mark dedup.Mark) cursor.SeenChange {
			return cursor.SeenChange{Key: p.events.Forget(mark, occ.UID), Forget: true}
		}})
	}
	verdict, err := p.events.Judge(ctx, item, occ)
	if err != nil {
		return err
	}
	p.count.received.Add(1)
	switch verdict {
	case dedup.Repeat:
		p.count.deduplicated.Add(1)
		return p.advance(ctx, item)
	case dedup.Expired:
		p.count.expired.Add(1)
		return p.advance(ctx, item)
	case dedup.News:
	}
	p.count.events.Add(1)
	now := time.Now()
	if item.Change == event.Updated {
		p.count.arrived(item.Place.Source, now.Sub(occ.LastTime))
	}
	rec := event.Record{
		Type:    event.TypeEvent,
		ID:      eventID(occ, p.salt),
		Time:    occ.LastTime,
		Cluster: p.cluster,
		Object:  &occ.Regarding,
		Event:   occ,
	}
	p.correlate(&rec)
	return p.emit(ctx, item, rec, remembered{seen: func(mark dedup.Mark) cursor.SeenChange {
		key, seen := p.events.Note(mark, occ)
		return cursor.SeenChange{Key: key, Seen: seen, Expires: dedup.Expiry(now, occ.LastTime, p.retention)}
	}})
}
