package change

import (
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/event"
)

func checkChanges(t *testing.T, c *event.Changes) {
	t.Helper()
	if c == nil {
		return
	}
	if len(c.Paths) > maxPaths || c.Omitted < 0 || (c.Omitted > 0 && len(c.Paths) < maxPaths) {
		t.Fatalf("%d paths and %d more", len(c.Paths), c.Omitted)
	}
	seen := map[event.FieldPath]bool{}
	for _, p := range c.Paths {
		if len(p) > maxPath || !utf8.ValidString(string(p)) || seen[p] {
			t.Fatalf("path %q", p)
		}
		seen[p] = true
	}
}

func FuzzPatch(f *testing.F) {
	for _, body := range []string{
		`[{"op":"move","from":"/a/0","path":"/b/-"},{"op":"remove","path":"/metadata/labels/a~1b"}]`,
		`{"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"a","$patch":"delete"}]}}`,
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"o","labels":{"a.b/c":null}},"spec":{}}`,
		`{"metadata":{"$deleteFromPrimitiveList/finalizers":["x"]},"spec":{"strategy":{"$retainKeys":["type"]}}}`,
	} {
		f.Add(body, "v1", "/x?fieldManager=m")
		f.Add(body, "example.com/v1", "/x?force=true")
	}
	f.Fuzz(func(t *testing.T, body, apiVersion, uri string) {
		a := patchAudit(apiVersion, "pods", body)
		a.RequestURI = uri
		c := Patch(a)
		checkChanges(t, c)
		if c != nil && !json.Valid([]byte(body)) {
			t.Fatalf("%q is no JSON and gave %+v", body, c)
		}
	})
}

func FuzzUpdate(f *testing.F) {
	f.Add(`{"kind":"K","metadata":{"name":"o","resourceVersion":"1"},"spec":{"containers":[{"name":"a"}]}}`,
		`{"kind":"K","metadata":{"name":"o","resourceVersion":"2"},"spec":{"containers":[{"name":"b"},{"name":"a"}]}}`)
	f.Add(configMap("1", `,"data":{"a":[1,[2,{"b":null}]]}`), configMap("2", `,"data":{"a":[1,[2,{"b":{}}],3]}`))
	f.Fuzz(func(t *testing.T, was, is string) {
		tracker := NewTracker(Options{})
		tracker.Changes(updateAudit("0", was))
		a := updateAudit("1", is)
		first := tracker.Changes(a)
		checkChanges(t, first)
		if first != nil && first.Compared && !slices.IsSorted(first.Paths) {
			t.Fatalf("not sorted: %q", first.Paths)
		}
		// What has just been learnt does not differ from itself.
		same := NewTracker(Options{})
		same.Changes(updateAudit("0", was))
		if len(same.known.objects) == 1 {
			e := same.known.order.Front().Value.(*stored)
			a := updateAudit(e.version, was)
			a.Request, a.Response = a.Response, ""
			if c := same.Changes(a); c == nil || !c.Compared || len(c.Paths) != 0 {
				t.Fatalf("%s differs from itself: %+v", was, c)
			}
		}
	})
}
