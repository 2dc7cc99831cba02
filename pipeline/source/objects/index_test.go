package objects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline/event"
)

// index is what a source was told, as the index of a pipeline would keep it.
type index struct {
	mu         sync.Mutex
	lists      map[string]uint64
	live       map[string]event.Live
	whole      map[string]string
	served     []event.ServedKind
	unreadable map[string]bool
	items      []event.Item
}

func key(l event.Live) string {
	return l.Ref.Resource + " " + string(l.Ref.Namespace) + "/" + l.Ref.Name
}

func (ix *index) Put(l event.Live, raw []byte, list uint64) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.live[key(l)], ix.lists[key(l)], ix.whole[key(l)] = l, list, string(raw)
}

func (ix *index) Remove(l event.Live) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	delete(ix.live, key(l))
}

func (ix *index) Listed(r event.GroupResource, ns event.Namespace, list uint64) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for k, l := range ix.live {
		if l.Ref.Resource == r.String() && (ns == "" || l.Ref.Namespace == ns) && ix.lists[k] < list {
			delete(ix.live, k)
		}
	}
}

func (ix *index) Serve(kinds []event.ServedKind) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.served = kinds
}

func (ix *index) Readable(r event.GroupResource, ok bool) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.unreadable[r.String()] = !ok
}

func (ix *index) cannotRead(resource string) bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.unreadable[resource]
}

func (ix *index) Yield(_ context.Context, item event.Item) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.items = append(ix.items, item)
	return nil
}

// String shows the objects that are known, with their versions.
func (ix *index) String() string {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	all := make([]string, 0, len(ix.live))
	for k, l := range ix.live {
		all = append(all, k+"@"+string(l.Ref.ResourceVersion))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func (ix *index) watched() string {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	var all []string
	for _, k := range ix.served {
		if k.Watched {
			all = append(all, k.GroupResource().String())
		}
	}
	return strings.Join(all, " ")
}

func (ix *index) yielded() string {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	var all []string
	for _, it := range ix.items {
		change := map[event.Change]string{event.Listed: "L", event.Updated: "U", event.Deleted: "D"}[it.Change]
		all = append(all, fmt.Sprintf("%s %s@%s %d", change, key(*it.Live), it.Live.Ref.ResourceVersion, len(it.Raw)))
	}
	return strings.Join(all, ", ")
}

func metadata(raw []byte, r event.APIResource) (event.Live, error) {
	var o metav1.PartialObjectMetadata
	if err := json.Unmarshal(raw, &o); err != nil || o.Name == "" {
		return event.Live{}, errors.New("not an object")
	}
	l := event.Live{Ref: event.ObjectRef{
		APIVersion: r.APIVersion(), Kind: r.Kind, Resource: r.GroupResource().String(), Namespace: event.Namespace(o.Namespace), Name: o.Name,
		UID: event.UID(o.UID), ResourceVersion: event.ResourceVersion(o.ResourceVersion),
	}}
	for k, v := range o.Labels {
		l.Labels = append(l.Labels, event.Label{Key: k, Value: v})
	}
	return l, nil
}

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
