package change

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/event"
)

func patchAudit(apiVersion, resource, body string) *event.Audit {
	return &event.Audit{
		Verb: "patch", Stage: event.StageResponseComplete, Code: 200, Request: event.JSON(body),
		Object: event.ObjectRef{APIVersion: apiVersion, Resource: resource, Name: "o"},
	}
}

func updateAudit(version, body string) *event.Audit {
	return &event.Audit{
		Verb: "update", Stage: event.StageResponseComplete, Code: 200, Response: event.JSON(body),
		Object: event.ObjectRef{APIVersion: "v1", Resource: "configmaps", Name: "o", ResourceVersion: event.ResourceVersion(version)},
	}
}

func configMap(version, fields string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"o","resourceVersion":%q}%s}`, version, fields)
}

func TestPathsComeInTheOrderOfThePatch(t *testing.T) {
	c := Patch(patchAudit("example.com/v1", "widgets", `{"spec":{"z":1,"a":{"y":1,"b":2}},"metadata":{"labels":{"k":"v"}}}`))
	want := []event.FieldPath{"spec.z", "spec.a.y", "spec.a.b", "metadata.labels[k]"}
	if c == nil || !slices.Equal(c.Paths, want) {
		t.Errorf("got %+v, want %q", c, want)
	}
}

func TestLastOfRepeatedKeysCounts(t *testing.T) {
	many := strings.Repeat(`"d":1,`, 30)
	for body, want := range map[string][]event.FieldPath{
		`{"spec":{"decoy":1},"spec":{"a":1}}`:                  {"spec.a"},
		`{"spec":{"a":{"decoy":1},"b":1,"a":2}}`:               {"spec.b", "spec.a"},
		`{"spec":{"a":1,"\u0061":{"c":1}}}`:                    {"spec.a.c"},
		`{"spec":{` + many + `"e":1,"f":1,"d":{"x":1}}}`:       {"spec.e", "spec.f", "spec.d.x"},
		`[{"op":"add","path":"/a","path":"/b","value":1}]`:     {"b"},
		`[{"op":"test","path":"/a","op":"remove","value":1}]`:  {"a"},
		`{"spec":{` + keyRange(40) + `,"k0":{"x":1},"k39":2}}`: nil,
	} {
		c := Patch(patchAudit("example.com/v1", "widgets", body))
		switch {
		case c == nil:
			t.Errorf("%s: no changes", body)
		case want == nil:
			if len(c.Paths) != 40 || slices.Contains(c.Paths, "spec.k0") || !slices.Contains(c.Paths, "spec.k0.x") {
				t.Errorf("%s: got %q", body, c.Paths)
			}
		case !slices.Equal(c.Paths, want):
			t.Errorf("%s: got %q, want %q", body, c.Paths, want)
		}
	}
}

func keyRange(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":1`, i)
	}
	return b.String()[1:]
}

func TestAtMostAHundredPaths(t *testing.T) {
	c := Patch(patchAudit("example.com/v1", "widgets", `{"spec":{`+keyRange(1234)+`}}`))
	if c == nil || len(c.Paths) != 100 || c.Omitted != 1134 || c.Paths[99] != "spec.k99" {
		t.Errorf("got %+v", c)
	}
	// A path that comes again is not another one, be it told or omitted.
	var ops []string
	for i := range 300 {
		ops = append(ops, fmt.Sprintf(`{"op":"add","path":"/k%d","value":1}`, i%150))
	}
	c = Patch(patchAudit("v1", "pods", "["+strings.Join(ops, ",")+"]"))
	if c == nil || len(c.Paths) != 100 || c.Omitted != 50 {
		t.Errorf("got %+v", c)
	}
	tracker := NewTracker(Options{})
	tracker.Changes(updateAudit("0", configMap("1", "")))
	c = tracker.Changes(updateAudit("1", configMap("2", `,"data":{`+keyRange(500)+`}`)))
	if c == nil || len(c.Paths) != 100 || c.Omitted != 400 || !slices.IsSorted(c.Paths) {
		t.Errorf("got %+v", c)
	}
}

func TestLongPathsAreCut(t *testing.T) {
	long := strings.Repeat("ä", 400)
	for name, body := range map[string]string{
		"key":     `{"spec":{"` + long + `":1}}`,
		"keys":    `{"spec":{"` + long + `":{"` + long + `":1}}}`,
		"nesting": strings.Repeat(`{"abcdefghijklmnopqrstuvwxyz":`, 60) + "1" + strings.Repeat("}", 60),
		"pointer": `[{"op":"add","path":"` + strings.Repeat("/a", 100_000) + `","value":1}]`,
		"index":   `[{"op":"add","path":"/a/` + strings.Repeat("1", 100_000) + `","value":1}]`,
	} {
		c := Patch(patchAudit("example.com/v1", "widgets", body))
		if c == nil || len(c.Paths) != 1 {
			t.Errorf("%s: got %+v", name, c)
			continue
		}
		p := string(c.Paths[0])
		if len(p) > maxPath || !utf8.ValidString(p) || strings.Count(p, ellipsis) < 1 {
			t.Errorf("%s: got %q of %d bytes", name, p, len(p))
		}
	}
}

// What is nested too deep counts as one value: known to differ or not, without
// being walked.
func TestDeepBodies(t *testing.T) {
	deep := func(n int, inner string) string { return strings.Repeat(`{"a":`, n) + inner + strings.Repeat("}", n) }
	for _, n := range []int{100, 1000, 9000} {
		c := Patch(patchAudit("example.com/v1", "widgets", deep(n, "1")))
		if c == nil || len(c.Paths) != 1 || strings.Count(string(c.Paths[0]), "a") != maxDepth {
			t.Errorf("%d deep: got %+v", n, c)
		}
		tracker := NewTracker(Options{})
		tracker.Changes(updateAudit("0", configMap("1", `,"x":`+deep(n, "1"))))
		if c := tracker.Changes(updateAudit("1", configMap("2", `,"x":`+deep(n, "2")))); c == nil || len(c.Paths) != 1 {
			t.Errorf("%d deep: got %+v", n, c)
		}
	}
	for _, body := range []string{deep(100_000, "1"), strings.Repeat("[", 100_000), strings.Repeat(`{"a":[`, 100_000)} {
		if c := Patch(patchAudit("example.com/v1", "widgets", body)); c != nil {
			t.Errorf("100,000 deep: got %+v", c)
		}
	}
}

func TestHugeBodies(t *testing.T) {
	for name, body := range map[string]string{
		"bytes": `{"spec":"` + strings.Repeat("a", maxBody) + `"}`,
		"nodes": `{"spec":[` + strings.Repeat("0,", maxNodes) + `0]}`,
	} {
		if c := Patch(patchAudit("example.com/v1", "widgets", body)); c != nil {
			t.Errorf("%s: got %+v", name, c)
		}
		tracker := NewTracker(Options{})
		tracker.Changes(updateAudit("0", configMap("1", "")))
		c := tracker.Changes(updateAudit("1", configMap("2", `,"x":`+body)))
		if c == nil || c.Compared || tracker.Len() != 0 {
			t.Errorf("%s: got %+v, and %d objects", name, c, tracker.Len())
		}
	}
}

func TestBrokenBodies(t *testing.T) {
	for _, body := range []string{
		"{", "}", "[", `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `{"a":01}`, `{"a":1}}`, `{"a":1} x`, `{"a":tru}`, `{a:1}`,
		"{\"a\":\"\x01\"}", `{"a":"\x"}`, `{"a":"\ud8"}`, "", " ", "null", "true", "5",
		"[][0,", `{"a":1}{"b":`, `{"a":1}-`, `{"a":1}n`, `{"a":1}"`, `{"a":1}[`, `{"a":1},`, "{}\x00",
	} {
		if c := Patch(patchAudit("example.com/v1", "widgets", body)); c != nil {
			t.Errorf("%q: got %+v", body, c)
		}
	}
	c := Patch(patchAudit("example.com/v1", "widgets", "{\"\xff\":1,\"\\ud800\":1}"))
	if c == nil || len(c.Paths) != 1 || c.Paths[0] != "[\uFFFD]" {
		t.Errorf("got %+v", c)
	}
}

// No value becomes known, however it is put; only a merge key's does.
func TestNoValueIsTold(t *testing.T) {
	for _, body := range []string{
		`{"spec":{"a":"s3cret","b":["s3cret"],"c":{"d":"s3cret"}},"data":{"p":"s3cret"}}`,
		`[{"op":"add","path":"/data/p","value":"s3cret"},{"op":"test","path":"/a","value":{"s3cret":1}}]`,
		`{"spec":{"$setElementOrder/containers":[{"name":"s3cret"}],"containers":[{"name":"app","env":[{"name":"A","value":"s3cret"}]}]}}`,
	} {
		c := Patch(patchAudit("v1", "pods", body))
		if c == nil || len(c.Paths) == 0 || strings.Contains(fmt.Sprint(*c), "s3cret") {
			t.Errorf("%s: got %+v", body, c)
		}
	}
}
