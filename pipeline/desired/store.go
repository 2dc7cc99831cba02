package desired

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// DefaultMaxBytes is how much memory the manifests may take unless Options say
// otherwise: those of about half a million objects.
const DefaultMaxBytes = 256 << 20

// ErrFull is returned where a release has no room. It is then not known at all: of
// its objects nobody tells how they should be.
var ErrFull = errors.New("no room for the manifests of the release")

// Options say how much is kept.
type Options struct {
	// MaxBytes bounds the memory; DefaultMaxBytes if it is 0. The releases stored in
	// one namespace may take a quarter of it: who may store some there must not push
	// out those of all others.
	MaxBytes int64
}

// Release identifies a release: the namespace of what it is stored in, and its name.
type Release struct {
	Storage event.Namespace
	Name    string
}

// Annotated is the release that an object names by the annotations
// meta.helm.sh/release-namespace and release-name; zero if it names none.
type Annotated struct {
	Namespace event.Namespace
	Name      string
}

// Manifest is how an object should be.
type Manifest struct {
	// Ref has APIVersion, Kind, Namespace and Name. Where the manifest has no namespace
	// it is that of the release, but for Kubernetes' own kinds without namespaces.
	Ref event.ObjectRef
	// JSON is one object.
	JSON event.JSON
	// Keep is set where the object stays when the release no longer has it.
	Keep bool
}

// Revision is a revision of a release.
type Revision struct {
	// Order is that of the revision: a later one's is later.
	Order time.Time
	// Phase is how far its rollout is. One that has begun or failed counts besides
	// the last that succeeded.
	Phase event.DeploymentPhase
	// Home is the namespace in which the release may speak for all objects; empty
	// for none.
	Home      event.Namespace
	Manifests []Manifest
}

// Change is what a new revision changes.
type Change struct {
	// Changed are the objects of which it is now told otherwise how they should be,
	// or no longer.
	Changed []event.ObjectRef
	// Removed are those of Changed that the release no longer has, although they were
	// deployed and need not stay.
	Removed []event.ObjectRef
}

// Found is how an object should be, and which release says so.
type Found struct {
	JSON    []byte
	Release Release
}

// Stats are what a Store holds.
type Stats struct {
	Releases int
	// Objects counts manifests; two of an object under a rollout.
	Objects int
	Bytes   int64
	// Refused is how often a release had no room.
	Refused int64
}

// Store keeps manifests. It is safe for concurrent use.
type Store struct {
	max  int64
	seed maphash.Seed
	open unpacker

	mu       sync.RWMutex
	pack     *packer
	releases map[Release]*state
	// holders are the releases that have an object, by their homes: what is said
	// elsewhere of an object must not be in the way.
	holders map[held][]*state
	// used is how much the releases stored in a namespace take.
	used    map[event.Namespace]int64
	names   map[string]string
	bytes   int64
	objects int
	refused int64
}

// NewStore returns an empty Store.
func NewStore(opts Options) (*Store, error) {
	pack, err := newPacker()
	if err != nil {
		return nil, fmt.Errorf("prepare the compression of manifests: %w", err)
	}
	return &Store{
		max: cmp.Or(opts.MaxBytes, DefaultMaxBytes), seed: maphash.MakeSeed(), pack: pack,
		releases: map[Release]*state{}, holders: map[held][]*state{},
		used: map[event.Namespace]int64{}, names: map[string]string{},
	}, nil
}

// identity is that of an object, regardless of the version it is written in.
type identity struct {
	group, kind, name string
	namespace         event.Namespace
}

// held is an object as the releases of one home have it.
type held struct {
	identity
	home event.Namespace
}

// maxHolders is how many releases of one home are known to have an object.
const maxHolders = 100

func identityOf(ref *event.ObjectRef) identity {
	group, _, ok := strings.Cut(ref.APIVersion, "/")
	if !ok {
		group = ""
	}
	return identity{group, ref.Kind, ref.Name, ref.Namespace}
}

func (a identity) compare(b identity) int {
	return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.kind, b.kind), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.group, b.group))
}

// state is what is known of a release.
type state struct {
	release Release
	home    event.Namespace
	// deployed is the last revision that succeeded, and pending a later one that did
	// not, or not yet; nil where there is none.
	deployed, pending *revision
}

type revision struct {
	order time.Time
	// items are ordered by identity.
	items []item
	bytes int64
}

// item is a manifest.
type item struct {
	identity
	apiVersion string
	packed     []byte
	length     int32
	keep       bool
	sum        uint64
}

// overhead is what an item takes besides its manifest: with its share of the maps.
const overhead = 420

func (r *revision) find(id identity) *item {
	if r == nil {
		return nil
	}
	at, ok := slices.BinarySearchFunc(r.items, id, func(i item, id identity) int { return i.compare(id) })
	if !ok {
		return nil
	}
	return &r.items[at]
}

func (i *item) ref() event.ObjectRef {
	return event.ObjectRef{APIVersion: i.apiVersion, Kind: i.kind, Namespace: i.namespace, Name: i.name}
}
