package change

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

// genObject draws a Deployment-like object: maps of labels, lists with and
// without merge keys, and fields of every type.
func genObject(t *rapid.T) map[string]any {
	word := rapid.SampledFrom([]string{"a", "b", "c", "x1"})
	labels := rapid.MapOfN(rapid.SampledFrom([]string{"app", "team", "app.kubernetes.io/name"}), word, 1, 3)
	container := func(t *rapid.T, name string) any {
		c := map[string]any{"name": name, "image": word.Draw(t, "image")}
		if rapid.Bool().Draw(t, "args") {
			c["args"] = rapid.SliceOfN(word, 1, 3).Draw(t, "arg")
		}
		if names := rapid.SliceOfNDistinct(word, 0, 3, rapid.ID).Draw(t, "env"); len(names) > 0 {
			slices.Sort(names)
			env := []any{}
			for _, n := range names {
				env = append(env, map[string]any{"name": n, "value": word.Draw(t, "value")})
			}
			c["env"] = env
		}
		return c
	}
	spec := map[string]any{"replicas": rapid.IntRange(0, 3).Draw(t, "replicas")}
	names := rapid.SliceOfNDistinct(word, 1, 3, rapid.ID).Draw(t, "containers")
	slices.Sort(names)
	containers := []any{}
	for _, n := range names {
		containers = append(containers, container(t, n))
	}
	spec["template"] = map[string]any{"spec": map[string]any{"containers": containers}}
	if rapid.Bool().Draw(t, "paused") {
		spec["paused"] = true
	}
	o := map[string]any{"metadata": map[string]any{"labels": plain(labels.Draw(t, "labels"))}, "spec": spec}
	return plain(o).(map[string]any)
}

// plain brings a value to the types that encoding/json decodes into.
func plain(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		panic(err)
	}
	return out
}

func patchOf(t *rapid.T, uri, apiVersion string, body []byte) []event.FieldPath {
	a := &event.Audit{
		Verb: "patch", Stage: event.StageResponseComplete, Code: 200, RequestURI: uri, Request: event.JSON(body),
		Object: event.ObjectRef{APIVersion: apiVersion, Resource: "deployments", Name: "o"},
	}
	c := Patch(a)
	if c == nil {
		t.Fatalf("no changes of %s", body)
	}
	slices.Sort(c.Paths)
	return c.Paths
}

var podKeys = map[string]string{"containers": "name", "env": "name"}

// A merge patch that leads from one object to another changes what differs.
func TestMergePatchIsTheDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, is := genObject(t), genObject(t)
		w, _ := json.Marshal(was)
		i, _ := json.Marshal(is)
		patch, err := jsonpatch.CreateMergePatch(w, i)
		if err != nil {
			t.Fatal(err)
		}
		if after, err := jsonpatch.MergePatch(w, patch); err != nil || !jsonpatch.Equal(after, i) {
			t.Fatalf("the patch does not lead there: %v", err)
		}
		want := (&differ{lists: true}).paths(was, is)
		if got := patchOf(t, "", "example.com/v1", patch); !slices.Equal(got, want) {
			t.Fatalf("%s: got %q, want %q", patch, got, want)
		}
	})
}

// strategic returns the strategic merge patch from one object to another, as the
// design document of the API has it.
func strategic(was, is map[string]any) map[string]any {
	out := map[string]any{}
	for _, k := range keys(was, is) {
		w, i := was[k], is[k]
		switch {
		case same(w, i):
		case i == nil:
			out[k] = nil
		default:
			wm, wasObject := w.(map[string]any)
			im, isObject := i.(map[string]any)
			il, isList := i.([]any)
			key := podKeys[k]
			switch {
			case isObject && wasObject:
				out[k] = strategic(wm, im)
			case isList && key != "":
				wl, _ := w.([]any)
				out["$setElementOrder/"+k], out[k] = strategicList(key, wl, il)
			default:
				out[k] = i
			}
		}
	}
	return out
}

func strategicList(key string, was, is []any) (order, patch []any) {
	byKey := map[any]map[string]any{}
	for _, e := range was {
		byKey[e.(map[string]any)[key]] = e.(map[string]any)
	}
	patch = []any{}
	for _, e := range is {
		now := e.(map[string]any)
		order = append(order, map[string]any{key: now[key]})
		if change := strategic(byKey[now[key]], now); len(change) > 0 {
			change[key] = now[key]
			patch = append(patch, change)
		}
		delete(byKey, now[key])
	}
	for _, e := range was {
		if k := e.(map[string]any)[key]; byKey[k] != nil {
			patch = append(patch, map[string]any{"$patch": "delete", key: k})
		}
	}
	return order, patch
}

func TestStrategicMergePatchIsTheDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, is := genObject(t), genObject(t)
		patch, _ := json.Marshal(strategic(was, is))
		if !strings.Contains(string(patch), "$") {
			t.Skip("nothing tells that it is strategic")
		}
		want := (&differ{keyed: podKeys, lists: true, leaves: true}).paths(was, is)
		if got := patchOf(t, "", "apps/v1", patch); !slices.Equal(got, want) {
			t.Fatalf("%s: got %q, want %q", patch, got, want)
		}
	})
}

// What is applied is told by its fields, as if nothing had been there.
func TestApplyIsAllOfIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		is := genObject(t)
		patch, _ := json.Marshal(is)
		d := &differ{keyed: podKeys, lists: true, leaves: true}
		// Without what was there, keyed lists are new and told by their elements.
		empty := plain(is).(map[string]any)
		empty["metadata"] = map[string]any{}
		empty["spec"] = map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{}}}}
		want := d.paths(empty, is)
		if got := patchOf(t, "/x?force=true", "apps/v1", patch); !slices.Equal(got, want) {
			t.Fatalf("%s: got %q, want %q", patch, got, want)
		}
	})
}

// An update is told by what differs, whether an object's fields keep their order
// or not.
func TestUpdateIsTheDifference(t *testing.T) {
	tracker := NewTracker(Options{})
	rapid.Check(t, func(t *rapid.T) {
		was, is := genObject(t), genObject(t)
		body := func(o map[string]any, version string) event.JSON {
			o = plain(o).(map[string]any)
			o["kind"], o["apiVersion"] = "Deployment", "apps/v1"
			o["metadata"].(map[string]any)["name"], o["metadata"].(map[string]any)["resourceVersion"] = "o", version
			data, _ := json.Marshal(o)
			return event.JSON(data)
		}
		a := &event.Audit{
			Verb: "create", Stage: event.StageResponseComplete, Code: 201, Response: body(was, "1"),
			Object: event.ObjectRef{APIVersion: "apps/v1", Resource: "deployments", Name: "o"},
		}
		tracker.known = newStore(tracker.known.options)
		tracker.Changes(a)
		a.Verb, a.Code, a.Object.ResourceVersion, a.Response = "update", 200, "1", body(is, "2")
		got := tracker.Changes(a)
		want := (&differ{keyed: podKeys}).paths(was, is)
		if got == nil || !got.Compared || !slices.Equal(got.Paths, want) {
			t.Fatalf("%v to %v: got %+v, want %q", was, is, got, want)
		}
	})
}

// What a JSON patch changes, index by index, lies in the paths that are told;
// an element that comes or goes moves those after it.
func TestJSONPatchCoversTheDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was := genObject(t)
		w, _ := json.Marshal(was)
		n := rapid.IntRange(1, 4).Draw(t, "operations")
		pointers := []string{
			"/spec/replicas", "/spec/paused", "/metadata/labels/app", "/metadata/labels/app.kubernetes.io~1name",
			"/spec/template/spec/containers/0", "/spec/template/spec/containers/-", "/spec/template/spec/containers/0/image",
			"/spec/template/spec/containers/0/env/0/value", "/spec/template/spec/containers/0/args/0", "/spec/template",
		}
		var operations []map[string]any
		doc := w
		for range n {
			op := map[string]any{
				"op":   rapid.SampledFrom([]string{"add", "replace", "remove", "move", "copy"}).Draw(t, "op"),
				"path": rapid.SampledFrom(pointers).Draw(t, "path"),
			}
			switch op["op"] {
			case "add", "replace":
				op["value"] = map[string]any{"name": "new", "image": "new"}
			case "move", "copy":
				op["from"] = rapid.SampledFrom(pointers).Draw(t, "from")
			}
			one, _ := json.Marshal([]any{op})
			patch, err := jsonpatch.DecodePatch(one)
			if err != nil {
				t.Fatal(err)
			}
			if after, err := patch.Apply(doc); err == nil {
				doc = after
				operations = append(operations, op)
			}
		}
		if len(operations) == 0 {
			t.Skip("none of the operations can be applied")
		}
		body, _ := json.Marshal(operations)
		got := patchOf(t, "", "apps/v1", body)
		var is any
		if err := json.Unmarshal(doc, &is); err != nil {
			t.Fatal(err)
		}
		for _, path := range (&differ{}).paths(was, is) {
			if !slices.ContainsFunc(got, func(p event.FieldPath) bool { return covers(string(p), string(path)) }) {
				t.Fatalf("%s changed %s, got %q", body, path, got)
			}
		}
	})
}

func covers(path, leaf string) bool {
	if i := strings.LastIndexByte(path, '['); i >= 0 && !strings.HasSuffix(path, "]") {
		// Within an element: the element is named.
		return strings.HasPrefix(leaf, path)
	} else if i >= 0 && !strings.Contains(path[:i], "labels") {
		return strings.HasPrefix(leaf, path[:i])
	}
	return strings.HasPrefix(leaf, path)
}
