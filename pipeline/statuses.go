package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/fluent-live/live-status/pipeline/correlate"
	"github.com/fluent-live/live-status/pipeline/desired"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/source/objects"
	"github.com/fluent-live/live-status/pipeline/status"
	"github.com/fluent-live/live-status/pipeline/status/drift"
)

// Times of the statuses.
const (
	// watchesEvery is how often the watches are asked how they are doing.
	watchesEvery = time.Second
	// compareWait bounds how long the first statuses wait for objects that are
	// compared with how they should be.
	compareWait = time.Minute
)

// objectSource is where live objects come from.
type objectSource interface {
	// Fetch asks for an object whole, which is then told to Fetched. It does not
	// wait.
	Fetch(kind event.GroupKind, ns event.Namespace, name string)
	// Fetched is closed once there is nothing left of what was asked for until now.
	Fetched() <-chan struct{}
	// Watches tells how the watches are doing.
	Watches() []event.WatchState
}

// statuses are the stages that make the status of objects and applications. Live
// objects go through them in the goroutines that read them, since each is assessed
// by itself.
type statuses struct {
	index    *correlate.Index
	assessor *status.Assessor
	tracker  *status.Tracker
	// manifests are how objects should be, as Helm's releases say.
	manifests *desired.Store
	// revision counts the changes of manifests.
	revision atomic.Uint64
	// apps are the applications of what tells which objects they consist of. They
	// belong to the goroutine that runs the stages.
	apps map[event.ObjectRef]event.Application
	// ended are the rollouts that have, of what tells of one after the other. They
	// belong to that goroutine, too.
	ended map[event.SeenKey]string
	// source is asked for objects that are to be compared and were read by their
	// metadata only.
	source objectSource
	// recording keeps warnings until the objects are there that they are about; nil
	// where these are watched.
	recording *recording
	redactor  *redact.Redactor
	logger    *slog.Logger
	// unread and refused say when the log is told of objects that cannot be assessed
	// and of releases that have no room.
	unread, refused seldom
}

// newStatuses returns nil where statuses are not told.
func (p *Pipeline) newStatuses(ctx context.Context, index *correlate.Index) (*statuses, error) {
	cfg := p.cfg.Statuses
	if !cfg.Enabled {
		return nil, nil
	}
	s := &statuses{index: index, apps: map[event.ObjectRef]event.Application{}, ended: map[event.SeenKey]string{}, redactor: p.pump.redactor, logger: p.opts.Logger}
	var err error
	s.assessor, err = status.NewAssessor(status.AssessorOptions{RulesPath: cfg.RulesPath, Ignore: cfg.Ignore, Hash: s.redactor.Hash, Clean: s.clean})
	if err != nil {
		return nil, err
	}
	if s.manifests, err = desired.NewStore(desired.Options{}); err != nil {
		return nil, err
	}
	for _, w := range s.assessor.Warnings() {
		p.opts.Logger.Warn("health rules: " + w)
	}
	p.rules = append(p.rules, newRuleWatch(s.assessor.Errors, healthRuleFails, p.opts.Logger))
	s.tracker = status.New(status.Options{
		Cluster: p.pump.cluster, Finder: s, Now: p.opts.statusTime, Settle: cfg.Settle, Resync: cfg.Resync, PrioritizeHealth: cfg.PrioritizeHealth,
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
	p.commits.doubtful = s.tracker.Doubtful()
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
	o.Index, o.Catalog, o.Fetched = s, s, s.Fetched
}

// Put takes an object as it was read.
func (s *statuses) Put(live event.Live, raw []byte, list uint64) {
	s.index.Put(live, list)
	revision := s.revision.Load()
	if raw != nil {
		a, c := s.assess(live, raw)
		s.tracker.Put(live, list, a, &c)
		s.recheck(&live, c.DesiredBy, revision)
		return
	}
	var a event.Assessment
	if live.Deleting {
		a = status.Deleting()
	}
	if !s.isCompared(live) {
		s.tracker.Put(live, list, a, &event.Comparison{})
		s.recheck(&live, "", revision)
		return
	}
	s.tracker.Put(live, list, a, nil)
	s.source.Fetch(kindOf(&live.Ref), live.Ref.Namespace, live.Ref.Name)
}

// Fetched takes an object that was asked for whole.
func (s *statuses) Fetched(live event.Live, raw []byte, list uint64) {
	if !s.isLive(live.Ref) {
		// It is gone, or made anew, which the watch is about to tell.
		return
	}
	revision := s.revision.Load()
	a, c := s.assess(live, raw)
	s.tracker.Fetched(live, list, a, c)
	s.recheck(&live, c.DesiredBy, revision)
	if !s.isLive(live.Ref) {
		// It went while it was fetched, and nobody tells of that again.
		s.tracker.Remove(live)
	}
}

// recheck has an object compared once more where manifests changed while it was
// compared: what was found by the new ones may have been told before.
func (s *statuses) recheck(live *event.Live, by event.DesiredBy, revision uint64) {
	if s.revision.Load() != revision && (by == event.DesiredByHelm || by == "" && len(s.lookup(live)) > 0) {
		s.source.Fetch(kindOf(&live.Ref), live.Ref.Namespace, live.Ref.Name)
	}
}

// isLive reports whether an object is there, and no other one of its name.
func (s *statuses) isLive(ref event.ObjectRef) bool {
	uid := ref.UID
	ref.UID = ""
	is := s.index.Find(ref).Object.UID
	return is != "" && (uid == "" || is == uid)
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
		// Own rules have a limit of their own.
		a = s.assessor.Assess(context.Background(), obj)
		c = s.assessor.Compare(obj, s.desiredOf(&live, obj))
		return nil
	})
	s.shorten(live.Ref, &a)
	if err != nil {
		if s.unread.isDue(time.Now()) {
			s.logger.Warn("an object cannot be assessed", "kind", live.Ref.Kind, "namespace", string(live.Ref.Namespace), "name", live.Ref.Name, "error", err)
		}
		return event.Assessment{Health: event.HealthUnknown, Message: "the object cannot be read"}, event.Comparison{}
	}
	return a, c
}

// desiredOf returns how an object should be. What kubectl applied outweighs a
// release: Helm leaves no such annotation.
func (s *statuses) desiredOf(live *event.Live, obj *unstructured.Unstructured) []drift.Desired {
	if live.Applied {
		// An annotation that is not kubectl's says nothing.
		if applied, ok, err := drift.LastApplied(obj); err == nil && ok {
			return []drift.Desired{{Object: applied, By: event.DesiredByLastApplied}}
		}
	}
	var all []drift.Desired
	for _, m := range s.lookup(live) {
		if object, err := drift.Parse(m.JSON); err == nil {
			all = append(all, drift.Desired{Object: object, By: event.DesiredByHelm})
		}
	}
	return all
}

// isCompared reports whether somebody tells how an object should be.
func (s *statuses) isCompared(live event.Live) bool { return live.Applied || len(s.lookup(&live)) > 0 }

// lookup returns what Helm says of an object.
func (s *statuses) lookup(live *event.Live) []desired.Found {
	var by desired.Annotated
	for _, a := range live.Annotations {
		switch a.Key {
		case "meta.helm.sh/release-name":
			by.Name = a.Value
		case "meta.helm.sh/release-namespace":
			by.Namespace = event.Namespace(a.Value)
		}
	}
	found, err := s.manifests.Lookup(live.Ref, by)
	if err != nil {
		s.logger.Error("a manifest that is kept cannot be read back, please report this", "error", err)
	}
	return found
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
			select {
			case <-watches.C:
				// A host that is slow keeps nobody from noticing a watch that fails.
				s.tracker.Watches(s.source.Watches())
			default:
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
	if occ.Type != corev1.EventTypeWarning || item.Change == event.Deleted {
		return
	}
	reason, message := s.text(occ.Regarding, occ.Reason), s.text(occ.Regarding, occ.Message)
	if reason != occ.Reason || message != occ.Message {
		copied := *occ
		occ, copied.Reason, copied.Message = &copied, reason, message
	}
	if s.recording != nil {
		s.recording.keep(occ)
		return
	}
	s.tracker.Warned(occ)
}

func kindOf(ref *event.ObjectRef) event.GroupKind {
	group, _, ok := strings.Cut(ref.APIVersion, "/")
	if !ok {
		group = ""
	}
	return event.GroupKind{Group: group, Kind: ref.Kind}
}
