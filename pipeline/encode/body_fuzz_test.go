package encode

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// FuzzBody reads what no redactor lets pass, too: it must be refused without
// harm.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-2.5e3,"b\u00e9\n",true,null]}`, `{"a":1,}`, `[1,]`, `{"a" 1}`, `{`, `[`, `"`, `tru`, `{"a":tru}`, `[01]`, `[-]`, `[1e]`, "",
		"\x00", `{"a":"\x"}`, `{"a":"b`, `{"\ud800":"\udc00\ud800"}`, strings.Repeat("[", redact.MaxDepth+1), strings.Repeat(`{"a":`, 200), "[\"\x01\"]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r bodyReader
		var m msgpackWriter
		var j jsonWriter
		for _, w := range []writer{&m, &j} {
			w.openMap(1)
			if err := r.body(w, "request", event.JSON(s)); err != nil {
				if json.Valid([]byte(s)) && depth(s) <= redact.MaxDepth {
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
		if bytes.ContainsAny(j.buf, "\n\r") {
			t.Fatalf("%q has lines", j.buf)
		}
	})
}

// depth is at least how many objects and arrays s has within each other.
func depth(s string) int { return strings.Count(s, "[") + strings.Count(s, "{") }
