package watch

import (
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// MaxItem is the size in bytes of the largest object that is kept whole unless a
// collection says otherwise. etcd stores 1.5 MB at most, which JSON may write
// longer.
const MaxItem = 4 << 20

// What to accept for nothing but the metadata of objects: in lists, and in
// watches, whose frames hold one object each. Servers that cannot leave the rest
// out send whole objects.
const (
	metadataList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
	metadataOnly = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
)

// Collection says what to read and how.
type Collection struct {
	// Path is that of the collection: /apis/apps/v1/deployments.
	Path string
	// LabelSelector and FieldSelector are in the API's notation; empty selects
	// everything.
	LabelSelector string
	FieldSelector string
	// Metadata asks for the objects' metadata only.
	Metadata bool
	// PageSize is the number of objects asked for per page of a list.
	PageSize int
	// MaxItem is the size in bytes of the largest object that is kept whole; zero
	// is the constant of that name.
	MaxItem int
	// WatchTimeout is how long a watch may last before it is renewed. Zero
	// leaves it to the server.
	WatchTimeout time.Duration
	// Reuse has all objects of a request share their memory: Object.Raw is then
	// valid until the handler returns.
	Reuse bool
}

func (c Collection) maxItem() int {
	if c.MaxItem > 0 {
		return c.MaxItem
	}
	return MaxItem
}

func (c Collection) accept(watch bool) string {
	switch {
	case !c.Metadata:
		return ""
	case watch:
		return metadataOnly
	default:
		return metadataList
	}
}

// Object is an undecoded object. It belongs to whoever it is given to, unless
// the collection reuses its memory.
type Object struct {
	Raw []byte
	// Whole is false where the object was larger than MaxItem: Raw then is its
	// beginning.
	Whole bool
}

// Skipped says why the object cannot be used, if it cannot.
func (o Object) Skipped() event.RejectReason {
	if o.Whole {
		return ""
	}
	return event.RejectTooLarge
}
