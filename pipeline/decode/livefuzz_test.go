package decode

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

func FuzzLive(f *testing.F) {
	files, err := filepath.Glob("testdata/live/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var c struct {
			Object json.RawMessage
			JSON   string
		}
		if err := yaml.Unmarshal(data, &c); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(c.JSON + string(c.Object)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := keepOwn.Decode(raw, event.APIResource{Version: "v1", Resource: "pods"})
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("error %T", err)
			}
			return
		}
		for _, s := range []string{l.Ref.Name, string(l.Ref.Namespace), string(l.Ref.UID), l.Ref.Kind} {
			if !utf8.ValidString(s) || len(s) > 3*maxName {
				t.Fatalf("%q", s)
			}
		}
		if len(l.Owners) > maxOwners || len(l.Labels) > maxLabels || len(l.ClaimTemplates) > maxClaimTemplates {
			t.Fatalf("%d owners, %d labels, %d templates", len(l.Owners), len(l.Labels), len(l.ClaimTemplates))
		}
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil || !utf8.Valid(raw) || len(raw) > maxName {
			return
		}
		metadata, _ := m["metadata"].(map[string]any)
		want, got := map[string]string{}, map[string]string{}
		labels, _ := metadata["labels"].(map[string]any)
		for k, v := range labels {
			if s, ok := v.(string); ok {
				want[k] = s
			}
		}
		for _, l := range l.Labels {
			got[l.Key] = l.Value
		}
		name, _ := metadata["name"].(string)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()) + cmp.Diff(name, l.Ref.Name); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
