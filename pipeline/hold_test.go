package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/change"
	"github.com/fluent-live/live-status/pipeline/correlate"
	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/filter"
	"github.com/fluent-live/live-status/pipeline/redact"
)

var (
	podKind = event.APIResource{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true}
	setKind = event.APIResource{Group: "apps", Version: "v1", Resource: "replicasets", Kind: "ReplicaSet", Namespaced: true}
)

// living is an object of the namespace shop. Its UID is made of its name.
func living(kind event.APIResource, name, owner string, labels ...event.Label) event.Live {
	l := event.Live{Ref: event.ObjectRef{
		APIVersion: kind.APIVersion(), Kind: kind.Kind, Resource: kind.Resource, Namespace: "shop", Name: name, UID: uidOf(name),
	}, Labels: labels}
	if owner != "" {
		l.Owners = []event.Owner{{APIVersion: setKind.APIVersion(), Kind: setKind.Kind, Name: owner, UID: uidOf(owner), Controller: true}}
	}
	return l
}

func uidOf(name string) event.UID {
	return event.UID(fmt.Sprintf("%08x-5d6a-4a59-9c3f-1f2f6d1f7a11", len(name)*1000+int(name[len(name)-1])))
}

// about is an event about a pod, as the API server writes it.
func about(pod string, n int) event.Item {
	now := time.Now().UTC().Format(time.RFC3339)
	raw := fmt.Sprintf(`{"metadata":{"name":"e%d","namespace":"shop","uid":"%08x-0000-4a59-9c3f-1f2f6d1f7a11","resourceVersion":"%d"},"reason":"Started","regarding":{"apiVersion":"v1","kind":"Pod","namespace":"shop","name":%q,"uid":%q},"note":"x","type":"Normal","deprecatedLastTimestamp":%q,"deprecatedCount":1}`,
		n, n, n, pod, uidOf(pod), now)
	return event.Item{Stream: "s", Change: event.Updated, Position: event.Position(fmt.Sprint(n)), Raw: []byte(raw)}
}

// bench is a pump with an index whose output can be read.
type workbench struct {
	*pump
	index  *correlate.Index
	listed chan struct{}
}

func newWorkbench(t *testing.T) workbench {
	t.Helper()
	rules, err := rule.New(rule.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store, err := cursor.Open(t.Context(), cursor.Options{Holder: "test", Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	w := workbench{index: correlate.New(correlate.Options{Rules: rules, Now: time.Now}), listed: make(chan struct{})}
	w.index.Serve([]event.ServedKind{{APIResource: podKind, Watched: true}, {APIResource: setKind, Watched: true}})
	w.pump = &pump{
		items: make(chan []event.Item, batchQueue), objects: make(chan decoded, batchQueue), hold: hold{wait: 2 * time.Second},
		index: w.index, listed: w.listed,
		events: dedup.New(store), redactor: redact.New(redact.Options{Salt: make([]byte, 32)}), format: appendJSONLine,
		outbox: newOutbox(8<<20, 0), count: &counters{}, logger: slog.New(slog.DiscardHandler),
		audits: audits{
			filter: filter.New(filter.Options{}), tracker: change.NewTracker(change.Options{}),
			window: dedup.NewWindow(dedup.WindowOptions{Span: auditSpan, Most: auditMost}),
		},
	}
	w.rollouts = newRollouts(dedup.NewLedger(w.events, dedup.LedgerOptions{Now: time.Now}), nil)
	return w
}

// run runs the pump until the test ends.
func (w workbench) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.pump.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// told returns what the records in the batch say: object, owner, application and
// how the search ended.
func (w workbench) told(t *testing.T) string {
	t.Helper()
	synctest.Wait()
	w.outbox.mu.Lock()
	defer w.outbox.mu.Unlock()
	var out []string
	for l := range strings.Lines(string(w.outbox.filling.data)) {
		var r struct {
			Object, Owner, Application struct{ Name string }
			Correlation                string
		}
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Join(strings.Fields(fmt.Sprint(r.Object.Name, " ", r.Owner.Name, " ", r.Application.Name, " ", r.Correlation)), " "))
	}
	return strings.Join(out, ", ")
}

func (w workbench) position() event.Position {
	w.outbox.mu.Lock()
	defer w.outbox.mu.Unlock()
	return w.outbox.filling.changes.Positions["s"]
}

var shop = event.Label{Key: "app.kubernetes.io/instance", Value: "web"}

func TestAnEventWaitsForItsObjectAndForItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		close(w.listed)
		w.run(t)
		w.index.Put(living(podKind, "known-1", "", shop), 1)
		w.items <- []event.Item{about("known-1", 1), about("web-2", 2), about("known-1", 3)}
		if got, want := w.told(t), "known-1 web matched"; got != want {
			t.Errorf("at first %q, want %q", got, want)
		}
		if at := w.position(); at != "1" {
			t.Errorf("position %q passes over an event that waits", at)
		}
		w.index.Put(living(podKind, "web-2", "set-3"), 1)
		if got, want := w.told(t), "known-1 web matched"; got != want {
			t.Errorf("without the owner %q, want %q", got, want)
		}
		w.index.Put(living(setKind, "set-3", "", shop), 1)
		want := "known-1 web matched, web-2 set-3 web matched, known-1 web matched"
		if got := w.told(t); got != want {
			t.Errorf("in the end %q, want %q", got, want)
		}
		if at := w.position(); at != "3" {
			t.Errorf("position %q, want 3", at)
		}
	})
}

func TestAnEventWaitsNoLongerThanItShould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		close(w.listed)
		w.run(t)
		began := time.Now()
		w.items <- []event.Item{about("gone-1", 1), about("gone-2", 2)}
		time.Sleep(2*time.Second - time.Millisecond)
		if got := w.told(t); got != "" {
			t.Errorf("after %s %q has gone out", time.Since(began), got)
		}
		time.Sleep(2 * time.Millisecond)
		if got, want := w.told(t), "gone-1 object_unknown, gone-2 object_unknown"; got != want {
			t.Errorf("after %s %q, want %q", time.Since(began), got, want)
		}
		// That it was in vain is remembered.
		w.items <- []event.Item{about("gone-1", 3)}
		if got, want := w.told(t), "gone-1 object_unknown, gone-2 object_unknown, gone-1 object_unknown"; got != want {
			t.Errorf("the second time %q, want %q", got, want)
		}
	})
}

func TestNothingGoesOutBeforeTheObjectsAreListed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		begin func(w workbench)
		want  string
	}{
		{"listed", func(w workbench) {
			w.index.Put(living(podKind, "web-1", "", shop), 1)
			close(w.listed)
		}, "web-1 web matched"},
		{"too late", func(workbench) { time.Sleep(startWait) }, "web-1 object_unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorkbench(t)
				w.run(t)
				w.items <- []event.Item{about("web-1", 1)}
				time.Sleep(30 * time.Second)
				if got := w.told(t); got != "" {
					t.Errorf("%q has gone out", got)
				}
				tt.begin(w)
				if got := w.told(t); got != tt.want {
					t.Errorf("%q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestTheLineIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		close(w.listed)
		w.run(t)
		taken := 0
		for n := 1; ; n++ {
			synctest.Wait()
			select {
			case w.items <- []event.Item{about(fmt.Sprintf("lost%d", n%10), n)}:
				taken++
				continue
			default:
			}
			break
		}
		if want := holdItems + batchQueue; taken != want {
			t.Errorf("%d items were taken, want %d", taken, want)
		}
		time.Sleep(3 * time.Second)
		if got := strings.Count(w.told(t), "object_unknown"); got != taken {
			t.Errorf("%d records of %d items", got, taken)
		}
	})
}

// What is in namespaces that are not watched never comes, and what was only tried
// out neither: to wait for it would hold up all others.
func TestWhatNeverComesIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		w.pump.index = correlate.New(correlate.Options{Namespaces: []event.Namespace{"bank"}})
		w.pump.index.Serve([]event.ServedKind{{APIResource: podKind, Watched: true}})
		close(w.listed)
		w.run(t)
		w.items <- []event.Item{about("web-1", 1)}
		if got, want := w.told(t), "web-1 not_watched"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestADryRunIsNeitherWaitedForNorLearnt(t *testing.T) {
	w := newWorkbench(t)
	ref := living(podKind, "web-1", "").Ref
	ref.UID = ""
	body := event.JSON(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-1","namespace":"shop","labels":{"app.kubernetes.io/instance":"web"}}}`)
	for _, query := range []string{"?dryRun=All", "?fieldManager=x&dry%52un=All"} {
		a := &event.Audit{
			AuditID: "a", Stage: event.StageResponseComplete, Verb: "create", Code: 201, StageTime: time.Now(), Object: ref, Request: body,
			RequestURI: "/api/v1/namespaces/shop/pods" + query,
		}
		if w.mustWait(&decoded{audit: a}, time.Now()) {
			t.Errorf("%s is waited for", query)
		}
		rec := event.Record{Audit: a, Object: &a.Object}
		w.correlate(&rec)
		if rec.Correlation != event.CorrelationUnknown || !w.index.Find(ref).Pending {
			t.Errorf("%s: %s; what it tried out counts as an object", query, rec.Correlation)
		}
	}
	rec := event.Record{Object: &event.ObjectRef{APIVersion: "v1", Resource: "pods", Namespace: "shop"}}
	w.correlate(&rec)
	if c := w.count.snapshot().Correlated; len(c) != 1 || c["object_unknown"] != 2 {
		t.Errorf("counted %v", c)
	}
}

// An object that is made anew is not taken for the former one of its name.
func TestACreateIsNotTiedToAFormerObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		close(w.listed)
		w.run(t)
		former := living(podKind, "web-1", "", event.Label{Key: "app.kubernetes.io/instance", Value: "old"})
		former.Created = time.Now().Add(-time.Hour)
		w.index.Put(former, 1)
		w.index.Remove(former)
		time.Sleep(10 * time.Second)
		creates := 0
		create := func(body string) event.Item {
			creates++
			received := time.Now().UTC()
			raw := fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a%d","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods","verb":"create","user":{"username":"jane"},"objectRef":{"resource":"pods","namespace":"shop","name":"web-1","apiVersion":"v1"},"responseStatus":{"code":201},"requestReceivedTimestamp":%q,"stageTimestamp":%q%s}`,
				creates, received.Format("2006-01-02T15:04:05.000000Z"), received.Add(time.Millisecond).Format("2006-01-02T15:04:05.000000Z"), body)
			return event.Item{Kind: event.KindAudit, Stream: "s", Position: event.Position(fmt.Sprint(creates)), Raw: []byte(raw)}
		}
		w.items <- []event.Item{create(`,"level":"Metadata"`)}
		if got := w.told(t); got != "" {
			t.Errorf("%q has not waited", got)
		}
		anew := living(podKind, "web-1", "", shop)
		anew.Ref.UID, anew.Created = uidOf("web-2"), time.Now().Truncate(time.Second)
		w.index.Put(anew, 1)
		want := "web-1 web matched"
		if got := w.told(t); got != want {
			t.Errorf("once it is seen %q, want %q", got, want)
		}

		// One that is never seen stays unknown, unless the answer tells of it.
		w.index.Remove(anew)
		time.Sleep(10 * time.Second)
		w.items <- []event.Item{create(`,"level":"Metadata"`)}
		time.Sleep(3 * time.Second)
		want += ", web-1 object_unknown"
		if got := w.told(t); got != want {
			t.Errorf("never seen %q, want %q", got, want)
		}
		w.items <- []event.Item{create(`,"level":"RequestResponse","responseObject":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-1","namespace":"shop","uid":"` + string(uidOf("web-3")) + `","labels":{"app.kubernetes.io/instance":"told"}}}`)}
		time.Sleep(3 * time.Second)
		want += ", web-1 told matched"
		if got := w.told(t); got != want {
			t.Errorf("told by the answer %q, want %q", got, want)
		}
	})
}

// What whole objects tell of others is heard before those who waited for the lists
// go on.
func TestNothingGoesOutBeforeTheClaimsAreHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		w.index.Put(living(podKind, "web-1", ""), 1)
		app := event.Live{Ref: event.ObjectRef{APIVersion: "argoproj.io/v1alpha1", Kind: "Application", Namespace: "argocd", Name: "front", UID: uidOf("front-1")}}
		raw := []byte(`{"spec":{"destination":{"server":"https://kubernetes.default.svc"}},"status":{"resources":[{"version":"v1","kind":"Pod","namespace":"shop","name":"web-1"}]}}`)
		for range batchQueue {
			if err := newWholeObjects(w.pump).Yield(t.Context(), event.Item{Kind: event.KindObject, Live: &app, Raw: raw}); err != nil {
				t.Fatal(err)
			}
		}
		w.items <- []event.Item{about("web-1", 1)}
		close(w.listed)
		w.run(t)
		if got, want := w.told(t), "web-1 front matched"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
