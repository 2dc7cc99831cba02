package event

import "time"

// Stream names one sequence of items with a position of its own: a source, the
// cluster it reads and the scope it was told to read. Two runs that would read
// different things have different streams.
type Stream string

// Position is how far a stream was read, in the stream's own notation. A
// source that starts from it yields everything that came after.
type Position string

// Receipt names what a host handed to a source at once, and hears of again once
// everything that came of it has arrived. Zero is none.
type Receipt uint64

// Change is what happened to a watched object.
type Change uint8

// The changes.
const (
	// Listed objects were found in a list: they may be new or old.
	Listed Change = iota
	// Updated objects were added or modified after the position the watch
	// began at.
	Updated
	// Deleted objects are gone, by a client's hand or their time to live.
	Deleted
	// Progress carries no object, only a position.
	Progress
)

// Kind is what an item's bytes are.
type Kind uint8

// The kinds of items.
const (
	// KindEvent is a Kubernetes Event of core/v1 or events.k8s.io/v1.
	KindEvent Kind = iota
	// KindAudit is an Event of audit.k8s.io/v1.
	KindAudit
	// KindObject is a live object, whole, of a kind that records are made of.
	KindObject
)

// Item is what a source yields: an undecoded object and where the source is
// once it has been dealt with.
type Item struct {
	Kind   Kind
	Stream Stream
	// Change is told by sources that watch objects.
	Change Change
	// Raw is the object as JSON. Nobody changes it once the item is yielded;
	// items may share the memory it lies in.
	Raw []byte
	// Live is what is kept of the object; set on items of KindObject only.
	Live *Live
	// Place is where the object was found.
	Place Place

	// Skipped is set where the source could not make an object of what it found:
	// why. Raw is then nil or the beginning of it, and Size how many bytes there
	// were.
	Skipped RejectReason
	Size    int64
	// Tail is the end of what was skipped because it is too large, where the
	// source kept it. It may begin within Raw.
	Tail []byte

	// Receipt is set on all items of what a host handed over at once. The last of
	// them has the change Progress and nothing else.
	Receipt Receipt

	// Position is set where everything up to this item, itself included, has
	// been yielded. Items within a list have none.
	Position Position

	// Known is set on Listed items: the version up to which an earlier run has
	// already dealt with the stream. Empty on a stream's first list.
	Known ResourceVersion
	// NotBefore is set on Listed items of a stream's first list: what last
	// occurred earlier is too old to be news. Zero means no such limit.
	NotBefore time.Time
}

// Fingerprint identifies an item by what it says.
type Fingerprint [16]byte

// SeenKey identifies a thing that may come again.
type SeenKey string

// Seen is what is remembered of the version last handed on under a SeenKey.
type Seen struct {
	Version ResourceVersion
	Count   int64
	Last    time.Time
	// Digest is a hash of what the version said, its count and times left out.
	Digest uint64
}
