package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/fluent-live/live-status/pipeline/correlate"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/source/objects"
	"github.com/fluent-live/live-status/pipeline/status"
	"github.com/fluent-live/live-status/pipeline/status/drift"
)

// Times of the statuses.
const (
	// assessWithin bounds how long own rules may take for one object.
	assessWithin = time.Second
	// watchesEvery is how often the watches are asked how they are doing.
	watchesEvery = time.Second
	// compareWait bounds how long the first statuses wait for objects that are
	// compared with how they should be.
	compareWait = time.Minute
)

// statuses are the stages that make the status of objects and applications. Live
// objects go through them in the goroutines that read them, since each is assessed
// by itself.
type statuses struct {
	index    *correlate.Index
	assessor *status.Assessor
	tracker  *status.Tracker
	// source is asked for objects that are to be compared and were read by their
	// metadata only.
	source *objects.Source
	logger *slog.Logger
}

// newStatuses returns nil where statuses are not told.
func (p *Pipeline) newStatuses(ctx context.Context, index *correlate.Index) (*statuses, error) {
	cfg := p.cfg.Statuses
	if !cfg.Enabled {
		return nil, nil
	}
	s := &statuses{index: index, logger: p.opts.Logger}
	var err error
	s.assessor, err = status.NewAssessor(status.AssessorOptions{RulesPath: cfg.RulesPath, Ignore: cfg.Ignore, Hash: func(v []byte) string { return p.pump.redactor.Hash("", v) }})
	if err != nil {
		return nil, err
	}
	for _, w := range s.assessor.Warnings() {
		p.opts.Logger.Warn("health rules: " + w)
	}
	s.tracker = status.New(status.Options{
		Cluster: p.pump.cluster, Finder: s, Settle: cfg.Settle, Resync: cfg.Resync, PrioritizeHealth: cfg.PrioritizeHealth,
	})
	unread := 0
	err = p.cursor.Statuses(ctx, func(row event.StatusRow) error {
		if s.tracker.Restore(row) != nil {
			unread++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the statuses that were told: %w", err)
	}
	if unread > 0 {
		p.opts.Logger.Warn("cursor: what was told of some statuses cannot be read; they are told again", "count", unread)
	}
	p.pump.statuses, p.pump.states, p.pump.heard = s, make(chan status.Emission), make(chan struct{})
	return s, nil
}

// attach has the source give objects to the statuses.
func (s *statuses) attach(o *objects.Options) {
	reads := o.Reads
	o.Reads = func(r event.APIResource) bool { return reads(r) || s.assessor.Reads(r) }
	o.Index, o.Catalog = s, s
}

// Put takes an object as it was read.
func (s *statuses) Put(live event.Live, raw []byte, list uint64) {
	s.index.Put(live, list)
	var a event.Assessment
	var c event.Comparison
	switch {
	case raw != nil:
		a, c = s.assess(live, raw)
	case live.Deleting:
		a = status.Deleting()
	}
	s.tracker.Put(live, list, a, c)
}

// Remove takes an object as it last was.
func (s *statuses) Remove(live event.Live) {
	s.index.Remove(live)
	s.tracker.Remove(live)
}

// Listed says that what a list did not have is gone.
func (s *statuses) Listed(resource event.GroupResource, namespace event.Namespace, list uint64) {
	s.index.Listed(resource, namespace, list)
	s.tracker.Listed(resource, namespace, list)
}

// Serve tells the kinds that there are.
func (s *statuses) Serve(kinds []event.ServedKind) {
	s.index.Serve(kinds)
	s.tracker.Serve(kinds)
}

// Readable tells which kinds can be read.
func (s *statuses) Readable(resource event.GroupResource, ok bool) { s.index.Readable(resource, ok) }

// assess finds out how an object is. An object that a rule panics over is Unknown,
// and the others go on.
func (s *statuses) assess(live event.Live, raw []byte) (a event.Assessment, c event.Comparison) {
	err := guard(func() error {
		obj, err := objectOf(live, raw)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), assessWithin)
		defer cancel()
		a = s.assessor.Assess(ctx, obj)
		c = s.assessor.Compare(obj, s.desiredOf(live, obj))
		return nil
	})
	if err != nil {
		s.logger.Warn("an object cannot be assessed", "kind", live.Ref.Kind, "namespace", string(live.Ref.Namespace), "name", live.Ref.Name, "error", err)
		return event.Assessment{Health: event.HealthUnknown, Message: "the object cannot be read"}, event.Comparison{}
	}
	return a, c
}

// desiredOf returns how an object should be. What kubectl applied last outweighs a
// release: it is newer, or Helm would have removed it.
func (s *statuses) desiredOf(live event.Live, obj *unstructured.Unstructured) []drift.Desired {
	if live.Applied {
		// An annotation that is not kubectl's says nothing.
		if applied, ok, err := drift.LastApplied(obj); err == nil && ok {
			return []drift.Desired{{Object: applied, By: event.DesiredByLastApplied}}
		}
	}
	return nil
}

func objectOf(live event.Live, raw []byte) (*unstructured.Unstructured, error) {
	var content map[string]any
	if err := json.Unmarshal(raw, &content); err != nil {
		return nil, err
	}
	// Items of lists of built-in kinds have neither.
	content["apiVersion"], content["kind"] = live.Ref.APIVersion, live.Ref.Kind
	return &unstructured.Unstructured{Object: content}, nil
}

// Find tells which application an object belongs to.
func (s *statuses) Find(ref event.ObjectRef) status.Found {
	f := s.index.Find(ref)
	return status.Found{Object: f.Object, Owner: f.Owner, Application: f.Application, Correlation: f.Correlation, Pending: f.Pending}
}

// run hands on what there is to tell, until ctx ends. Listed is closed once the live
// objects have been listed and what they tell of others is known.
func (s *statuses) run(ctx context.Context, listed <-chan struct{}, yield func(context.Context, status.Emission) error) {
	select {
	case <-ctx.Done():
		return
	case <-listed:
	}
	select {
	case <-ctx.Done():
		return
	case <-s.source.Fetched():
	case <-time.After(compareWait):
		s.logger.Warn("not all objects are compared yet with how they should be: their first status may lack it", "waited", compareWait)
	}
	s.tracker.Watches(s.source.Watches())
	s.tracker.Synced()
	watches := time.NewTicker(watchesEvery)
	defer watches.Stop()
	for {
		for {
			e, ok := s.tracker.Next(time.Now())
			if !ok {
				break
			}
			if yield(ctx, e) != nil {
				return
			}
		}
		var due <-chan time.Time
		if at := s.tracker.Due(time.Now()); !at.IsZero() {
			due = time.After(time.Until(at))
		}
		select {
		case <-ctx.Done():
			return
		case <-s.tracker.Changed():
		case <-due:
		case <-watches.C:
			s.tracker.Watches(s.source.Watches())
		}
	}
}

// warned takes an event that may be evidence.
func (s *statuses) warned(item *event.Item, occ *event.Occurrence) {
	if occ.Type == corev1.EventTypeWarning && item.Change != event.Deleted {
		s.tracker.Warned(occ)
	}
}
