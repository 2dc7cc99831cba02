package auditwebhook

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const listOpen = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[`

// items returns what split finds.
func items(body string) ([]string, *flaw) {
	var found []string
	f := split([]byte(body), func(raw []byte) bool {
		found = append(found, string(raw))
		return true
	})
	return found, f
}

func TestSplit(t *testing.T) {
	one := `{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a"}`
	bare := `{"auditID":"b","stage":"Panic"}`
	for _, tc := range []struct {
		name, body string
		want       []string
	}{
		{"list", listOpen + bare + "," + one + "]}\n", []string{bare, one}},
		{"list with its head at the end", `{"items":[` + bare + `],"apiVersion":"audit.k8s.io/v1","kind":"EventList"}`, []string{bare}},
		{"list written with escapes", `{"k\u0069nd":"Event\u004cist","apiVersion":"audit.k8s.io\/v1","it\u0065ms":[` + bare + `]}`, []string{bare}},
		{"list with line breaks", strings.ReplaceAll(listOpen, ",", ",\r\n\t") + " " + bare + " \n , \n" + one + "\n]\n}", []string{bare, one}},
		{"byte order mark", "\xef\xbb\xbf" + listOpen + bare + "]}", []string{bare}},
		{"empty list", listOpen + "]}", nil},
		{"list whose items are null", `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":null}`, nil},
		{"list without items", `{"kind":"EventList","apiVersion":"audit.k8s.io/v1"}`, nil},
		{"event", one, []string{one}},
		{"array", "[" + one + ",\n" + one + "]", []string{one, one}},
		{"array of bare events", "[" + bare + "]", []string{bare}},
		{"empty array", " [ ] ", nil},
		{"lines", one + "\n" + one + "\n\n" + one, []string{one, one, one}},
		{"events without a break", one + one, []string{one, one}},
		{"lists one after the other", listOpen + bare + "]}\n" + listOpen + bare + "]}", []string{bare, bare}},
		{
			"unreadable items in a list",
			listOpen + `null,5,-1.5e9,"text",{},[{"auditID":"x"}],{"a":tru},{"a" 1},` + bare + "]}",
			[]string{"null", "5", "-1.5e9", `"text"`, "{}", `[{"auditID":"x"}]`, `{"a":tru}`, `{"a" 1}`, bare},
		},
		{
			"unreadable lines",
			"null\n" + `{"kind":"PodList","items":[1]}` + "\n" + one + "\n" + `{"a" 1}` + "\n7\n",
			[]string{"null", `{"kind":"PodList","items":[1]}`, one, `{"a" 1}`, "7"},
		},
		{
			"brackets and quotes in strings",
			listOpen + `{"auditID":"]}\"","u":"\\"},{"auditID":"\\\\\"[{"}` + "]}",
			[]string{`{"auditID":"]}\"","u":"\\"}`, `{"auditID":"\\\\\"[{"}`},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, f := items(tc.body)
			if f != nil {
				t.Fatal(f.explain([]byte(tc.body)))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"nothing", "", "the body is empty at byte 0 (line 1, column 1)"},
		{"white space", " \n\n ", "the body is empty at byte 4 (line 3, column 2)"},
		{"text", "hello, world", "a JSON value is missing at byte 5 (line 1, column 6)"},
		{"form", "%7B%7D", "a JSON value is missing at byte 0 (line 1, column 1)"},
		{"number", "5", "a JSON object is needed at byte 0 (line 1, column 1)"},
		{"string", `"EventList"`, "a JSON object is needed at byte 0 (line 1, column 1)"},
		{"protobuf", "k8s\x00\n\x1c\n\x0faudit.k8s.io/v1", "a JSON value is missing at byte 3 (line 1, column 4)"},
		{"pods", `{"kind":"PodList","apiVersion":"v1","items":[]}`, "kind is PodList where EventList (or Event) is needed at byte 8 (line 1, column 9)"},
		{"kind that is no name", `{"kind":"hunter2 is secret"}`, "kind is another where EventList (or Event) is needed at byte 8 (line 1, column 9)"},
		{"kind that is no string", `{"kind":7}`, "kind is no name where EventList (or Event) is needed at byte 8 (line 1, column 9)"},
		{"no kind", "{\n}", "kind is missing where EventList (or Event) is needed at byte 0 (line 1, column 1)"},
		{
			"old version", "{\"kind\":\"EventList\",\n\"apiVersion\":\"audit.k8s.io/v1beta1\",\"items\":[]}",
			"apiVersion is audit.k8s.io/v1beta1 where audit.k8s.io/v1 is needed: set --audit-webhook-version=audit.k8s.io/v1 at byte 34 (line 2, column 14)",
		},
		{"other version", `{"kind":"EventList","apiVersion":"v1","items":[]}`, "apiVersion is not audit.k8s.io/v1 at byte 33 (line 1, column 34)"},
		{"secret version", `{"kind":"EventList","apiVersion":"audit.k8s.io/hunter2"}`, "apiVersion is not audit.k8s.io/v1 at byte 33 (line 1, column 34)"},
		{"no version", `{"kind":"EventList","items":[]}`, "apiVersion is missing where audit.k8s.io/v1 is needed at byte 0 (line 1, column 1)"},
		{"core event", `{"kind":"Event","apiVersion":"v1"}`, "apiVersion is not audit.k8s.io/v1 at byte 29 (line 1, column 30)"},
		{"items that are none", `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":{}}`, "items is no array at byte 59 (line 1, column 60)"},
		{"items null and more", `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":nullx}`, "items is no array at byte 59 (line 1, column 60)"},
		{"items twice", `{"items":[],"items":[],"kind":"EventList","apiVersion":"audit.k8s.io/v1"}`, "items is there twice at byte 20 (line 1, column 21)"},
		{"kind twice", `{"kind":"EventList","kind":"EventList","apiVersion":"audit.k8s.io/v1"}`, "kind or apiVersion is there twice at byte 27 (line 1, column 28)"},
		{"array of anything", `[1,2]`, "a JSON object is needed at byte 1 (line 1, column 2)"},
		{"array of pods", `[{"kind":"Pod"},{"kind":"Pod"}]`, "kind is Pod where EventList (or Event) is needed at byte 9 (line 1, column 10)"},
		{"cut off in an item", listOpen + `{"a":1`, "the JSON ends early at byte 80 (line 1, column 81)"},
		{"cut off in a string", listOpen + `{"a":"\"`, "the JSON ends early at byte 82 (line 1, column 83)"},
		{"cut off after an item", listOpen + `{"a":1}`, "the JSON ends early at byte 81 (line 1, column 82)"},
		{"cut off after a list", listOpen + `]`, "the JSON ends early at byte 75 (line 1, column 76)"},
		{"no comma", listOpen + `{} {}]}`, "a comma or the end of the list is missing at byte 77 (line 1, column 78)"},
		{"no item", listOpen + `{},,{}]}`, "a JSON value is missing at byte 77 (line 1, column 78)"},
		{"comma at the end", listOpen + `{},]}`, "a JSON value is missing at byte 77 (line 1, column 78)"},
		{"no colon", `{"kind" "EventList"}`, "a colon is missing at byte 8 (line 1, column 9)"},
		{"no name", `{kind:"EventList"}`, "the name of a member is missing at byte 1 (line 1, column 2)"},
		{"bracket too many", listOpen + `]}]`, "a JSON value is missing at byte 76 (line 1, column 77)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, f := items(tc.body)
			if f == nil {
				t.Fatal("taken")
			}
			if diff := cmp.Diff(tc.want, f.explain([]byte(tc.body))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The stack does not grow with the depth, nor the time with its square.
func TestSplitNestedDeep(t *testing.T) {
	for _, depth := range []int{1000, 100_000, 4 << 20} {
		for _, open := range []string{"[", `{"a":`} {
			end := "]"
			if open != "[" {
				end = "}"
			}
			deep := strings.Repeat(open, depth) + "1" + strings.Repeat(end, depth)
			got, f := items(listOpen + deep + "]}")
			if f != nil || len(got) != 1 || got[0] != deep {
				t.Fatalf("%d times %s: %v", depth, open, f)
			}
			if _, f := items(listOpen + strings.Repeat(open, depth)); f == nil {
				t.Fatalf("%d times %s, never closed: taken", depth, open)
			}
			if _, f := items(strings.Repeat(open, depth)); f == nil {
				t.Fatalf("%d times %s as a body: taken", depth, open)
			}
		}
	}
	backslashes := listOpen + `"` + strings.Repeat(`\\`, 4<<20) + `"]}`
	if got, f := items(backslashes); f != nil || len(got) != 1 {
		t.Fatal(f)
	}
}

func TestSplitStops(t *testing.T) {
	n := 0
	f := split([]byte("[1,2,3,4"), func([]byte) bool {
		n++
		return n < 2
	})
	if f != nil || n != 2 {
		t.Errorf("%d items, %v", n, f)
	}
}

// strictItems returns the items as encoding/json sees them, if it sees a list
// that names no member twice.
func strictItems(t *testing.T, body []byte) ([]json.RawMessage, bool) {
	t.Helper()
	members := make(map[string]json.RawMessage)
	if json.Unmarshal(body, &members) != nil || len(members) != countMembers(body) {
		return nil, false
	}
	var kind, version string
	if json.Unmarshal(members["kind"], &kind) != nil || kind != "EventList" ||
		json.Unmarshal(members["apiVersion"], &version) != nil || version != "audit.k8s.io/v1" {
		return nil, false
	}
	var list []json.RawMessage
	if raw, ok := members["items"]; ok && json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	return list, true
}

// countMembers counts the members of an object, those of the same name too.
func countMembers(body []byte) int {
	decoder := json.NewDecoder(bytes.NewReader(body))
	n := 0
	if _, err := decoder.Token(); err != nil {
		return -1
	}
	for decoder.More() {
		var value json.RawMessage
		if _, err := decoder.Token(); err != nil {
			return -1
		}
		if decoder.Decode(&value) != nil {
			return -1
		}
		n++
	}
	return n
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte(listOpen + `{"auditID":"a","stage":"Panic","requestObject":{"a":[1,"]}\""]}},null]}`))
	f.Add([]byte(`[{"kind":"Event","apiVersion":"audit.k8s.io/v1"},{}]`))
	f.Add([]byte("{\"auditID\":\"a\"}\n{\"auditID\":\"b\"}\n"))
	f.Add([]byte(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1beta1","items":[]}`))
	f.Add([]byte(`{"items":[{}],"k\u0069nd":"EventList","apiVersion":"audit.k8s.io\/v1"}`))
	f.Add([]byte(strings.Repeat("[", 1000)))
	f.Add([]byte(listOpen + strings.Repeat(`{"a":[`, 100)))
	recorded := recordedBodies(f)
	f.Add(recorded["00033"])
	f.Add(recorded["00033"][:len(recorded["00033"])/2])
	f.Fuzz(func(t *testing.T, body []byte) {
		var found [][]byte
		before := bytes.Clone(body)
		flawed := split(body, func(raw []byte) bool {
			found = append(found, raw)
			return true
		})
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if flawed != nil {
			_ = flawed.explain(body)
		}
		end := 0
		for _, raw := range found {
			at := bytes.Index(body[end:], raw)
			if len(raw) == 0 || at < 0 {
				t.Fatalf("item %q is empty or out of order", raw)
			}
			end += at + len(raw)
		}
		want, ok := strictItems(t, body)
		if !ok {
			return
		}
		if flawed != nil {
			t.Fatalf("refused a good list: %s", flawed.explain(body))
		}
		if !slices.EqualFunc(want, found, func(a json.RawMessage, b []byte) bool { return bytes.Equal(a, b) }) {
			t.Fatalf("got %q, encoding/json has %q", found, want)
		}
	})
}

// Whatever becomes of the bytes of a real body, it is split or refused.
func TestSplitDamaged(t *testing.T) {
	body := bytes.TrimSpace(recordedBodies(t)["00033"])
	for i := range body {
		if _, f := items(string(body[:i])); f == nil {
			t.Fatalf("cut off at %d: taken", i)
		}
		for bit := range 8 {
			damaged := bytes.Clone(body)
			damaged[i] ^= 1 << bit
			_, f := items(string(damaged))
			if f != nil {
				_ = f.explain(damaged)
			}
		}
	}
}

func TestSplitRecorded(t *testing.T) {
	for name, body := range recordedBodies(t) {
		want, ok := strictItems(t, body)
		got, f := items(string(body))
		if !ok || f != nil || len(got) != len(want) {
			t.Fatalf("%s: %d items of %d, %v", name, len(got), len(want), f)
		}
		for i := range want {
			if got[i] != string(want[i]) {
				t.Fatalf("%s: item %d differs", name, i)
			}
		}
	}
}

func BenchmarkSplit(b *testing.B) {
	for _, name := range []string{"00016", "00019"} {
		b.Run(name, func(b *testing.B) {
			body := recordedBodies(b)[name]
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if f := split(body, func([]byte) bool { return true }); f != nil {
					b.Fatal(f.what)
				}
			}
		})
	}
}
