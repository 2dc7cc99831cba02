package custom

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

var update = flag.Bool("update", false, "write what is seen as what is wanted")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestAssess loads the rules of each case and assesses its objects.
func TestAssess(t *testing.T) {
	cases, err := filepath.Glob("testdata/assess/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal(len(cases), err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			root := t.TempDir()
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
				write(t, filepath.Join(root, f.Name), string(f.Data))
			}
			var paths []string
			for p := range strings.SplitSeq(strings.TrimSpace(files["path"]), ",") {
				paths = append(paths, filepath.Join(root, strings.TrimSpace(p)))
			}
			set, err := Load(strings.Join(paths, ", "))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(verdicts(t, set, objects(t, files["objects.yaml"])), root+"/", "")
			if *update {
				for i := range archive.Files {
					if archive.Files[i].Name == "want" {
						archive.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(files["want"], got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// verdicts are the warnings, a line for each object, and the counts of errors.
func verdicts(t *testing.T, set *Set, objects []*unstructured.Unstructured) string {
	t.Helper()
	var out strings.Builder
	for _, w := range set.Warnings() {
		fmt.Fprintf(&out, "warning: %s\n", w)
	}
	fmt.Fprintf(&out, "kinds: %s\n", strings.Join(set.Kinds(), " "))
	for _, o := range objects {
		a, ok := set.Assess(t.Context(), o)
		gk := o.GroupVersionKind().GroupKind()
		if set.Has(event.GroupKind{Group: gk.Group, Kind: gk.Kind}) != ok {
			t.Errorf("Has(%v) is not %v", gk, ok)
		}
		fmt.Fprintf(&out, "%s %s: ", o.GetKind(), o.GetName())
		if !ok {
			out.WriteString("no rule\n")
			continue
		}
		fmt.Fprintf(&out, "%q %q %q", a.Health, a.Reason, a.Message)
		if c := a.Condition; c != nil {
			fmt.Fprintf(&out, " by %s=%s %s", c.Type, c.Status, c.Reason)
			if !c.Time.IsZero() {
				fmt.Fprintf(&out, " %s", c.Time.Format(time.RFC3339))
			}
		}
		out.WriteByte('\n')
	}
	counts := set.Errors()
	for _, name := range sortedRules(counts) {
		if counts[name] > 0 {
			fmt.Fprintf(&out, "errors of %s: %d\n", name, counts[name])
		}
	}
	return out.String()
}

func sortedRules(counts map[event.Rule]int64) []event.Rule {
	texts := map[string]int64{}
	for name, n := range counts {
		texts[string(name)] = n
	}
	var names []event.Rule
	for _, name := range sorted(texts) {
		names = append(names, event.Rule(name))
	}
	return names
}

// objects reads YAML as kubectl get shows it, with numbers as the API has them.
func objects(t testing.TB, text string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(text)), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := d.Decode(&o.Object); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		b, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := o.UnmarshalJSON(b); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestNoRules is about a set that is not there.
func TestNoRules(t *testing.T) {
	set, err := Load("  ")
	if set != nil || err != nil {
		t.Fatal(set, err)
	}
	if _, ok := set.Assess(t.Context(), &unstructured.Unstructured{}); ok || set.Has(event.GroupKind{Kind: "Pod"}) {
		t.Error("a rule")
	}
	if set.Kinds() != nil || set.Errors() != nil || set.Warnings() != nil {
		t.Error("something")
	}
}
