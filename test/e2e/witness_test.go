package e2e

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"

	"github.com/fluent-live/live-status/test/controlplane"
)

// named is an object by the name that requests give it.
type named struct {
	// resource is in the notation of kubectl: deployments.apps.
	resource, namespace, name string
}

// sighted is what was seen of an object.
type sighted struct {
	named
	owners  []metav1.OwnerReference
	created time.Time
}

// witness watches a cluster for the test: every object with its owners, those
// that are soon gone included, and every event. It is client-go's own, so that
// what is right does not depend on what is tested.
type witness struct {
	client metadata.Interface
	// watched has the kinds by their names.
	watched map[schema.GroupKind]string

	mu     sync.Mutex
	byUID  map[types.UID]sighted
	byName map[named]types.UID
	events map[types.UID]*corev1.Event
	// times is when the watch told of a version of an object.
	times map[version]time.Time

	running sync.WaitGroup
}

// newWitness returns once everything there is has been seen.
func newWitness(t testing.TB, c *controlplane.Cluster) *witness {
	t.Helper()
	client, err := metadata.NewForConfig(c.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{
		client: client, watched: map[schema.GroupKind]string{},
		byUID: map[types.UID]sighted{}, byName: map[named]types.UID{}, events: map[types.UID]*corev1.Event{},
		times: map[version]time.Time{},
	}
	t.Cleanup(w.running.Wait)
	lists, err := c.Client().Discovery().ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.APIResources {
			if slices.Contains(r.Verbs, "list") && slices.Contains(r.Verbs, "watch") && r.Name != "events" && r.Name != "leases" {
				w.follow(t, gv.WithResource(r.Name), r.Kind)
			}
		}
	}
	w.followEvents(t, c)
	return w
}

// follow watches one more kind.
func (w *witness) follow(t testing.TB, gvr schema.GroupVersionResource, kind string) {
	t.Helper()
	ctx := t.Context()
	resource := gvr.GroupResource().String()
	w.mu.Lock()
	w.watched[schema.GroupKind{Group: gvr.Group, Kind: kind}] = resource
	w.mu.Unlock()
	client := w.client.Resource(gvr)
	list, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatalf("list %s: %v", resource, err)
	}
	for i := range list.Items {
		w.see(resource, &list.Items[i])
	}
	open := func(version string) (watch.Interface, error) {
		return client.Watch(ctx, metav1.ListOptions{ResourceVersion: version, AllowWatchBookmarks: true})
	}
	w.keepWatching(ctx, t, resource, list.ResourceVersion, open, func(ev watch.Event) string {
		object, ok := ev.Object.(*metav1.PartialObjectMetadata)
		if !ok {
			return ""
		}
		if ev.Type != watch.Bookmark {
			w.see(resource, object)
			w.clock(object)
		}
		return object.ResourceVersion
	})
}

func (w *witness) followEvents(t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	ctx := t.Context()
	client := c.Client().CoreV1().Events("")
	list, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	see := func(ev *corev1.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events[ev.UID] = ev
	}
	for i := range list.Items {
		see(&list.Items[i])
	}
	open := func(version string) (watch.Interface, error) {
		return client.Watch(ctx, metav1.ListOptions{ResourceVersion: version})
	}
	w.keepWatching(ctx, t, "events", list.ResourceVersion, open, func(ev watch.Event) string {
		object, ok := ev.Object.(*corev1.Event)
		if !ok {
			return ""
		}
		see(object)
		return object.ResourceVersion
	})
}

// keepWatching goes on where a watch has ended, and complains of what it cannot
// read. see returns the version to go on from.
func (w *witness) keepWatching(ctx context.Context, t testing.TB, what, version string, open func(string) (watch.Interface, error), see func(watch.Event) string) {
	t.Helper()
	w.running.Go(func() {
		for ctx.Err() == nil {
			watching, err := open(version)
			if err != nil {
				select {
				case <-ctx.Done():
				case <-time.After(100 * time.Millisecond):
				}
				continue
			}
			for ev := range watching.ResultChan() {
				if next := see(ev); next != "" {
					version = next
				} else if ctx.Err() == nil {
					t.Errorf("the test's own watch of %s: %v", what, ev.Object)
					watching.Stop()
					return
				}
			}
			watching.Stop()
		}
	})
}

func (w *witness) see(resource string, object *metav1.PartialObjectMetadata) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := named{resource, object.Namespace, object.Name}
	w.byUID[object.UID] = sighted{n, object.OwnerReferences, object.CreationTimestamp.Time}
	w.byName[n] = object.UID
}

// clock notes when a version of an object was seen.
func (w *witness) clock(object *metav1.PartialObjectMetadata) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times[version{string(object.UID), object.ResourceVersion}] = time.Now()
}

// saw returns when a version was seen by the watch.
func (w *witness) saw(v version) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ok := w.times[v]
	return at, ok
}

// object returns what was seen of an object.
func (w *witness) object(uid types.UID) (sighted, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.byUID[uid]
	return s, ok
}

// find returns what was last seen under a name.
func (w *witness) find(n named) (sighted, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.byUID[w.byName[n]]
	return s, ok
}

// regarded names the object that an event is about.
func (w *witness) regarded(ref corev1.ObjectReference) named {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.byUID[ref.UID]; ok {
		return s.named
	}
	gk := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).GroupKind()
	return named{w.watched[gk], ref.Namespace, ref.Name}
}

// happened returns the events of the namespaces.
func (w *witness) happened(namespaces []string) []*corev1.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	var some []*corev1.Event
	for _, ev := range w.events {
		if slices.Contains(namespaces, ev.Namespace) {
			some = append(some, ev)
		}
	}
	return some
}
