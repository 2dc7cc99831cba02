package pipeline

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/go-faster/jx"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/source/objects"
)

// dump stands for the source of live objects where these were recorded. They are read
// twice: first for who they are, since the records are tied to applications by that,
// and last for how they are, when it is known what happened before.
type dump struct {
	options objects.Options
	pump    *pump
	clock   recordedClock
	// served are the built-in kinds and those that occur, which are watched. unserved
	// counts those that the catalog was not told of.
	served   map[event.GroupKind]event.ServedKind
	unserved int
	done     chan struct{}
}

func newDump() *dump {
	builtin := builtinKinds()
	return &dump{served: builtin, unserved: len(builtin), done: make(chan struct{})}
}

// watched yields the kinds that occur.
func (d *dump) watched() iter.Seq[event.ServedKind] {
	return func(yield func(event.ServedKind) bool) {
		for _, k := range d.served {
			if k.Watched && !yield(k) {
				return
			}
		}
	}
}

// attach has the pump wait for the dump.
func (d *dump) attach(options objects.Options, p *pump) {
	d.options, d.pump = options, p
	p.listed = d.done
	if s := p.statuses; s != nil {
		s.source = d
		s.recording = &recording{}
	}
	p.seen = d.clock.see
}

// learn tells of an object who it is, and of deployments what they tell.
func (d *dump) learn(ctx context.Context, raw []byte) error {
	resource, live, err := d.decode(raw)
	if err != nil {
		return d.reject(ctx, raw, err)
	}
	kind := d.served[resource.GroupKind()]
	if !kind.Watched || resource.Namespaced && !kind.Namespaced {
		d.served[resource.GroupKind()] = event.ServedKind{APIResource: resource, Watched: true}
		// Each time all kinds are told, of which a dump may have any number.
		if d.unserved++; len(d.served) <= fewKinds || d.unserved > len(d.served)/8 {
			d.serve()
		}
	}
	d.pump.index.Put(live, 1)
	if d.options.Yields(resource) || d.options.Whole(live) {
		return d.options.Sink.Yield(ctx, event.Item{
			Kind: event.KindObject, Raw: raw, Live: &live, Place: event.Place{Source: "objects"}, Size: int64(len(raw)),
		})
	}
	return nil
}

// fewKinds is up to how many kinds the catalog is told of each at once: more than most
// clusters serve.
const fewKinds = 512

// serve tells which kinds there are.
func (d *dump) serve() {
	d.unserved = 0
	d.options.Catalog.Serve(slices.Collect(maps.Values(d.served)))
}

// listed tells that all objects are known, and waits until what they tell of others
// is.
func (d *dump) listed(ctx context.Context) error {
	if d.unserved > 0 {
		d.serve()
	}
	for k := range d.watched() {
		d.pump.index.Listed(k.GroupResource(), "", 1)
	}
	close(d.done)
	if d.pump.heard == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-d.pump.heard:
		return nil
	}
}

// begin has the statuses be those of the end of the recording.
func (d *dump) begin() {
	d.clock.stop()
	d.pump.statuses.recording.tell(d.pump.statuses.tracker)
}

// assess tells of an object how it is.
func (d *dump) assess(_ context.Context, raw []byte) error {
	resource, live, err := d.decode(raw)
	if err != nil {
		return nil // It was rejected when it was read first.
	}
	if !d.options.Reads(resource) && !d.options.Yields(resource) && !d.pump.statuses.isCompared(live) {
		raw = nil
	}
	d.options.Index.Put(live, raw, 1)
	return nil
}

// assessed tells that all objects were.
func (d *dump) assessed() {
	for k := range d.watched() {
		d.options.Index.Listed(k.GroupResource(), "", 1)
	}
}

// decode reads an object. A dump does not tell the plural of a kind, which is made as
// Kubernetes itself makes it where nobody says.
func (d *dump) decode(raw []byte) (event.APIResource, event.Live, error) {
	var resource event.APIResource
	apiVersion, kind, err := typeOf(raw)
	if err != nil {
		return resource, event.Live{}, err
	}
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil || kind == "" || gv.Version == "" {
		return resource, event.Live{}, &decode.Error{Reason: event.RejectUnidentified, Detail: "it has no apiVersion and kind"}
	}
	plural, _ := meta.UnsafeGuessKindToResource(gv.WithKind(kind))
	resource = event.APIResource{Group: gv.Group, Version: gv.Version, Resource: plural.Resource, Kind: kind}
	live, err := d.options.Decode(raw, resource)
	resource.Namespaced = live.Ref.Namespace != ""
	return resource, live, err
}

// typeOf reads what an object says it is.
func typeOf(raw []byte) (apiVersion, kind string, err error) {
	err = jx.DecodeBytes(raw).ObjBytes(func(j *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "apiVersion":
			apiVersion, err = j.Str()
		case "kind":
			kind, err = j.Str()
		default:
			err = j.Skip()
		}
		return err
	})
	if err != nil {
		return "", "", &decode.Error{Reason: event.RejectNotJSON, Detail: "it is no object"}
	}
	return apiVersion, kind, nil
}

func (d *dump) reject(ctx context.Context, raw []byte, err error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case d.pump.objects <- decoded{item: event.Item{Kind: event.KindObject, Raw: raw, Place: event.Place{Source: "objects"}}, err: err}:
		return nil
	}
}

// Fetch implements objectSource. All objects are read again anyway.
func (d *dump) Fetch(event.GroupKind, event.Namespace, string) {}

// Fetched implements objectSource.
func (d *dump) Fetched() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// Watches implements objectSource: nothing is stale.
func (d *dump) Watches() []event.WatchState {
	var states []event.WatchState
	for k := range d.watched() {
		states = append(states, event.WatchState{Resource: k.GroupResource(), Listed: true, Heard: d.clock.now()})
	}
	return states
}
