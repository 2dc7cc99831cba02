package drift

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Input is what to compare.
type Input struct {
	// Live is the object as it is, with its metadata.managedFields: without them
	// nothing is known of who owns a field, and what an autoscaler wrote is a drift.
	Live *unstructured.Unstructured
	// Desired is how it should be. While a rollout is under way these are the old
	// manifest and the new one: an object that is as one of them says is in sync,
	// and of one that is not the drifts from the last are told.
	Desired []Desired
}

// Desired is how an object should be, and who says so.
type Desired struct {
	Object *unstructured.Unstructured
	By     event.DesiredBy
}

// Options say how to compare.
type Options struct {
	// Ignore are the fields that the user does not want to be told of.
	Ignore Ignore
	// Hash returns what stands for the value of a Secret under a key in Drift.Desired
	// and Drift.Live. It must be salted: values are short and can be guessed. Without
	// it the values are left out.
	Hash func(key string, value []byte) string
	// Clean returns an object as it may be told, which may be a text in place of
	// it; values are then told as they are in what it returns. It must not change
	// the object. Without it they are told as they are.
	Clean func(object map[string]any) any
}

// Comparer compares objects. It is safe for concurrent use.
type Comparer struct {
	catalog *catalog
	opts    Options
}

// New returns a Comparer.
func New(opts Options) *Comparer {
	return &Comparer{catalog: newCatalog(), opts: opts}
}

// Compare tells whether an object is as it should be. It changes neither side, and
// the result shares no memory with them but for strings.
//
// Sync is SyncDeleting once the object's deletion was asked for, SyncNone if
// nobody told how it should be, and SyncUnknown if that cannot be compared:
// Message then says why. On other results Message is set where the manifest has
// fields that the kind does not: these cannot be compared and do not count.
func (c *Comparer) Compare(in Input) event.Comparison {
	var last event.Comparison
	if in.Live == nil || in.Live.Object == nil {
		return last
	}
	meta, _ := in.Live.Object["metadata"].(map[string]any)
	for i := range in.Desired {
		d := &in.Desired[i]
		if d.Object == nil || d.Object.Object == nil {
			continue
		}
		if meta["deletionTimestamp"] != nil {
			return event.Comparison{Sync: event.SyncDeleting, DesiredBy: d.By}
		}
		last = c.one(in.Live.Object, d)
		last.DesiredBy = d.By
		if last.Sync == event.SyncInSync {
			break
		}
	}
	return last
}

// one compares an object with one manifest.
func (c *Comparer) one(live map[string]any, d *Desired) event.Comparison {
	id, want := identityOf(live), identityOf(d.Object.Object)
	desired, form := convert(d.Object.Object, want, id)
	if form == otherKind {
		return event.Comparison{Sync: event.SyncUnknown, Message: "the manifest is of another kind than the object"}
	}
	w := walk{
		by: d.By, kind: id, live: live, rules: c.opts.Ignore.of(id),
		secret: id == identity{"v1", "Secret"},
	}
	root, known := c.catalog.kinds[kindVersion(id)]
	if !known {
		root = c.catalog.custom
	}
	w.structure(root.of, desired, live)
	return w.result(form, want, desired, &c.opts)
}

func (w *walk) result(form conversion, want identity, desired map[string]any, opts *Options) event.Comparison {
	var out event.Comparison
	switch {
	case form == otherVersion && (w.outside || w.unknown > 0 || w.wrong != ""):
		// Only the server could convert it.
		out.Sync = event.SyncUnknown
		out.Message = fmt.Sprintf("the manifest is written for %s, which cannot be compared with %s",
			clip(want.apiVersion, maxLabel), clip(w.kind.apiVersion, maxLabel))
		return out
	case w.found.count > 0:
		out.Sync = event.SyncOutOfSync
		out.Drifts = w.found.told(opts, desired, w.live)
		out.Omitted = w.found.count - int64(len(out.Drifts))
	case w.wrong != "":
		out.Sync = event.SyncUnknown
		out.Message = w.wrong
		return out
	default:
		out.Sync = event.SyncInSync
	}
	switch {
	case w.unknown == 1:
		out.Message = fmt.Sprintf("%s %s does not have the field %s of the manifest", w.kind.apiVersion, w.kind.kind, w.unknownAt)
	case w.unknown > 1:
		out.Message = fmt.Sprintf("%s %s does not have the field %s of the manifest, nor %d more",
			w.kind.apiVersion, w.kind.kind, w.unknownAt, w.unknown-1)
	}
	return out
}

// identity says of which kind an object is.
type identity struct{ apiVersion, kind string }

func identityOf(object map[string]any) identity {
	apiVersion, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	return identity{apiVersion, kind}
}

// group returns the API group; empty for the core group.
func (i identity) group() string {
	group, _, ok := strings.Cut(i.apiVersion, "/")
	if !ok {
		return ""
	}
	return group
}
