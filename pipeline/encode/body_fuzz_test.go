package encode

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// FuzzBody reads what no redactor lets pass, too: it must be refused without
// harm.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-2.5e3,"b\u00e9\n",true,null]}`, `{"a":1,}`, `[1,]`, `{"a" 1}`, `{`, `[`, `"`, `tru`, `{"a":tru}`, `[01]`, `[-]`, `[1e]`, "",
		"\x00", `{"a":"\x"}`, `{"a":"b`, `{"\ud800":"\udc00\ud800"}`, strings.Repeat("[", maxBody+1), strings.Repeat(`{"a":`, 200), "[\"\x01\"]",
		"-0", "{} {}", `"\ud83d\ude00\ud83dx"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r bodyReader
		var m msgpackWriter
		var j jsonWriter
		for _, w := range []writer{&m, &j} {
			w.openMap(1)
			if err := r.body(w, "request", event.JSON(s), maxBody); err != nil {
				if json.Valid([]byte(s)) && depth(s) <= maxBody {
					t.Fatalf("%q is refused", s)
				}
				if strings.Contains(err.Error(), s) && len(s) > 3 {
					t.Fatalf("the error quotes %q", s)
				}
				return
			}
			w.closeMap()
		}
		if s != "" && !json.Valid(j.buf) {
			t.Fatalf("%q becomes %q", s, j.buf)
		}
		if s != "" {
			sameValue(t, s, j.buf)
		}
		if bytes.ContainsAny(j.buf, "\n\r") {
			t.Fatalf("%q has lines", j.buf)
		}
	})
}

// depth is at least how many objects and arrays s has within each other.
func depth(s string) int { return strings.Count(s, "[") + strings.Count(s, "{") }

// sameValue compares a body with what was written of it.
func sameValue(t *testing.T, body string, written []byte) {
	t.Helper()
	var want any
	var got struct{ Request any }
	if !json.Valid([]byte(body)) {
		t.Fatalf("%q is accepted", body)
	}
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		return // A number beyond the range of floats.
	}
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	a, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(got.Request)
	if err != nil {
		t.Fatal(err)
	}
	// Runs of invalid bytes may shrink to one replacement character, and -0
	// is the integer 0.
	if squeezed(a) != squeezed(b) {
		t.Fatalf("%q becomes %q", body, written)
	}
}

func squeezed(b []byte) string {
	s := strings.ReplaceAll(string(b), "-0", "0")
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}
