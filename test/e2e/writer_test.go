package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// writer creates events and keeps what the server took.
type writer struct {
	client    kubernetes.Interface
	namespace string

	mu sync.Mutex
	// written has every version, with its count.
	written map[version]int64
	// latest has the last version of each event.
	latest map[string]*corev1.Event
}

func newWriter(t testing.TB, client kubernetes.Interface, namespace string) *writer {
	t.Helper()
	_, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	return &writer{client: client, namespace: namespace, written: map[version]int64{}, latest: map[string]*corev1.Event{}}
}

func (w *writer) keep(ev *corev1.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written[version{string(ev.UID), ev.ResourceVersion}] = int64(ev.Count)
	w.latest[string(ev.UID)] = ev
}

// persist repeats a write until the server has answered it: it may be
// restarting. An event that exists was created by a try whose answer was lost.
func (w *writer) persist(ctx context.Context, t testing.TB, write func() (*corev1.Event, error)) {
	t.Helper()
	for {
		ev, err := write()
		if err == nil {
			w.keep(ev)
			return
		}
		if ctx.Err() != nil {
			t.Errorf("the server did not take an event in time: %v", err)
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// create creates n events with as many clients as given, perSecond at most
// (0: as fast as the server goes).
func (w *writer) create(ctx context.Context, t testing.TB, prefix string, n, clients, perSecond int) {
	t.Helper()
	var next atomic.Int64
	began := time.Now()
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				if perSecond > 0 {
					time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))))
				}
				ev := newEvent(w.namespace, fmt.Sprintf("%s-%d", prefix, i), i)
				w.persist(ctx, t, func() (*corev1.Event, error) {
					created, err := w.client.CoreV1().Events(w.namespace).Create(ctx, ev, metav1.CreateOptions{})
					if apierrors.IsAlreadyExists(err) {
						return w.client.CoreV1().Events(w.namespace).Get(ctx, ev.Name, metav1.GetOptions{})
					}
					return created, err
				})
			}
		})
	}
	wg.Wait()
}

// bump counts up the events of the given uids once each.
func (w *writer) bump(ctx context.Context, t testing.TB, uids []string) {
	t.Helper()
	for _, uid := range uids {
		w.mu.Lock()
		name, count := w.latest[uid].Name, w.latest[uid].Count
		w.mu.Unlock()
		w.persist(ctx, t, func() (*corev1.Event, error) {
			ev, err := w.client.CoreV1().Events(w.namespace).Get(ctx, name, metav1.GetOptions{})
			if err != nil || ev.Count > count {
				return ev, err
			}
			ev.Count++
			ev.LastTimestamp = metav1.NewTime(time.Now())
			return w.client.CoreV1().Events(w.namespace).Update(ctx, ev, metav1.UpdateOptions{})
		})
	}
}

// uids returns the first n events' uids, in no order.
func (w *writer) uids(n int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var uids []string
	for uid := range w.latest {
		if uids = append(uids, uid); len(uids) == n {
			break
		}
	}
	return uids
}

func newEvent(namespace, name string, i int) *corev1.Event {
	now := metav1.NewTime(time.Now())
	pod := fmt.Sprintf("pod-%d", i%500)
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: name, Namespace: namespace},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: pod, FieldPath: "spec.containers{app}"},
		Reason:         "BackOff", Type: corev1.EventTypeWarning,
		Message: "Back-off restarting failed container app in pod " + pod + "_" + namespace + strings.Repeat(".", i%50),
		Source:  corev1.EventSource{Component: "kubelet", Host: "node-1"},
		Count:   1, FirstTimestamp: now, LastTimestamp: now,
	}
}

func number(t testing.TB, resourceVersion string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(resourceVersion, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
