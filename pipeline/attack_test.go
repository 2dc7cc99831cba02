package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// storedIn returns a Helm release with a manifest, as a Secret of a namespace.
func storedIn(t *testing.T, namespace, meant event.Namespace, manifest string) event.Item {
	t.Helper()
	return revision(t, 1, namespace, meant, manifest)
}

// revision is storedIn for a revision of the release.
func revision(t *testing.T, n int, namespace, meant event.Namespace, manifest string) event.Item {
	t.Helper()
	doc, err := json.Marshal(map[string]any{
		"name": "x", "namespace": meant, "version": n, "manifest": manifest, "info": map[string]any{"status": "deployed"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(doc); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(map[string]any{
		"type": "helm.sh/release.v1",
		"data": map[string]any{"release": []byte(base64.StdEncoding.EncodeToString(b.Bytes()))},
	})
	if err != nil {
		t.Fatal(err)
	}
	live := event.Live{
		Ref:     event.ObjectRef{APIVersion: "v1", Kind: "Secret", Resource: "secrets", Namespace: namespace, Name: fmt.Sprintf("sh.helm.release.v1.x.v%d", n), UID: uidOf(strings.Repeat("x", n))},
		Created: time.Unix(int64(1_700_000_000+n), 0),
		Labels:  []event.Label{{Key: "owner", Value: "helm"}, {Key: "status", Value: "deployed"}},
	}
	return event.Item{Kind: event.KindObject, Change: event.Updated, Live: &live, Raw: raw}
}

// A Secret can take a while to read, and anyone may write it as often as they
// like: the pump, which is for all, is handed what was read.
func TestAttackReleasesAreNotReadByThePump(t *testing.T) {
	w := newWorkbench(t)
	sink := newWholeObjects(w.pump)
	const web = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"
	if err := sink.Yield(t.Context(), storedIn(t, "shop", "shop", web)); err != nil {
		t.Fatal(err)
	}
	if d := <-w.objects; d.err != nil || d.report == nil || len(d.report.Claims) != 1 {
		t.Errorf("the pump is handed %+v, %v", d.report, d.err)
	}
	broken := storedIn(t, "shop", "shop", web)
	broken.Raw = broken.Raw[:len(broken.Raw)/2]
	if err := sink.Yield(t.Context(), broken); err != nil {
		t.Fatal(err)
	}
	if d := <-w.objects; d.err == nil {
		t.Error("no error")
	}

	// One is read at a time, and who waits for that can be stopped.
	sink.release <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sink.Yield(ctx, storedIn(t, "shop", "shop", web)); err == nil {
		t.Error("two are read at the same time")
	}
}

// A Secret in one namespace that names objects of others, by whichever of its
// words, claims none of them.
func TestAttackReleaseThatNamesObjectsOfOthers(t *testing.T) {
	for name, item := range map[string]event.Item{
		"manifest":  storedIn(t, "evil", "evil", "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n"),
		"namespace": storedIn(t, "evil", "shop", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorkbench(t)
			w.index.Put(living(podKind, "web", ""), 1)
			sink := newWholeObjects(w.pump)
			if err := sink.Yield(t.Context(), item); err != nil {
				t.Fatal(err)
			}
			d := <-w.objects
			if d.err != nil || len(d.report.Claims) != 1 {
				t.Fatalf("%+v, %v", d.report, d.err)
			}
			if err := w.object(t.Context(), &d); err != nil {
				t.Fatal(err)
			}
			if app := w.index.Find(living(podKind, "web", "").Ref).Application; app != nil {
				t.Errorf("it is part of %+v", app)
			}
		})
	}
}

// What is wrong with a Secret is told without a word of what is in it.
func TestAttackRejectedReleaseTellsNothing(t *testing.T) {
	const secret = "hunter2-correct-horse"
	encoded := base64.StdEncoding.EncodeToString
	for _, data := range []string{
		secret, encoded([]byte(secret)), encoded([]byte(encoded([]byte(secret)))),
		encoded([]byte(encoded([]byte(`{"name":"` + secret)))), encoded([]byte(encoded([]byte(`{"name":"` + secret + `","version":7}`)))),
		encoded([]byte(encoded([]byte(`{"version":1e9` + secret + `}`)))),
	} {
		item := storedIn(t, "shop", "shop", "")
		item.Raw = []byte(`{"type":"helm.sh/release.v1","data":{"release":"` + data + `"}}`)
		w := newWorkbench(t)
		sink := newWholeObjects(w.pump)
		if err := sink.Yield(t.Context(), item); err != nil {
			t.Fatal(err)
		}
		d := <-w.objects
		if d.err == nil {
			t.Fatalf("%q: no error", data)
		}
		if err := w.object(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
		out := string(w.outbox.filling.data) + d.err.Error()
		if !strings.Contains(out, `"rejected"`) || strings.Contains(out, "hunter2") || strings.Contains(out, data) {
			t.Errorf("%q tells %s", data, out)
		}
	}
}
