package manifest_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	kyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
)

func seeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("find goldens: %v, %v", files, err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ar.Files[0].Data)
		for doc := range bytes.SplitSeq(ar.Files[0].Data, []byte("\n---\n")) {
			f.Add(doc)
		}
	}
}

// No input makes the reader fail in other ways than by an error, and every object
// that it yields can be named.
func FuzzReader(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, o := range []manifest.Options{{}, {MaxObject: 64, MaxWhole: 32}} {
			for m, err := range manifest.NewReader(bytes.NewReader(in), "input", o).All() {
				if err != nil {
					if m.Object != nil || !strings.HasPrefix(err.Error(), "input") {
						t.Errorf("%v, %v", m, err)
					}
					continue
				}
				if m.Object.GetKind() == "" || m.Object.GetAPIVersion() == "" || m.Object.GetName() == "" || m.At.Line < 1 || m.At.Document < 1 {
					t.Errorf("%v", m)
				}
				// DeepCopy panics on values that are not those of JSON.
				m.Object.DeepCopy()
			}
		}
	})
}

// A document that is read is read as kubectl reads it.
func FuzzLikeKubectl(f *testing.F) {
	seeds(f)
	f.Add([]byte("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nv: [0777, 0o7, 1_0, 0x1f, 1e3, 1.0, -0.0, 1e400, 9223372036854775808, yes, on, y, ~, 2020-01-01, 1:20, !!binary aGk=, !!str 5, '5', 1e19, -9223372036854775808]\n1: a\ntrue: b\n1.5: c\n.inf: d"))
	f.Add([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"v":[1,1.0,1e3,-0,-0.0,9223372036854775807,9223372036854775808,1e19,"\ud800","\u0000"]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var got []map[string]any
		for m, err := range manifest.NewReader(bytes.NewReader(in), "input", manifest.Options{}).All() {
			if err != nil {
				return
			}
			got = append(got, m.Object.Object)
		}
		if len(got) != 1 {
			return
		}
		var want map[string]any
		if err := kyaml.Unmarshal(in, &want); err != nil || want["items"] != nil || want["kind"] == nil {
			return
		}
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Errorf("(-kubectl +got):\n%s", diff)
		}
	})
}
