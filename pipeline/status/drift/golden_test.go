package drift_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/drift"
)

// pair is a manifest and an object, as users see them.
type pair struct {
	name          string
	desired, live *unstructured.Unstructured
	by            event.DesiredBy
	want          string
}

func pairs(t testing.TB) []pair {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("find pairs: %v, %v", files, err)
	}
	all := make([]pair, len(files))
	for i, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := &all[i]
		p.name, p.by = strings.TrimSuffix(filepath.Base(file), ".txtar"), event.DesiredByLastApplied
		for _, f := range ar.Files {
			switch f.Name {
			case "desired.yaml":
				p.desired = object(t, string(f.Data))
			case "live.yaml":
				p.live = object(t, string(f.Data))
			case "by.txt":
				p.by = event.DesiredBy(strings.TrimSpace(string(f.Data)))
			case "want.txt":
				p.want = string(f.Data)
			}
		}
	}
	return all
}

// object reads YAML as a cluster's answer is read.
func object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	u, err := drift.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func comparer(ignore drift.Ignore) *drift.Comparer {
	return drift.New(drift.Options{
		Ignore: ignore,
		Hash:   func(_ string, value []byte) string { return fmt.Sprintf("hash(%d)", len(value)) },
	})
}

// tell writes a comparison as the want.txt of the pairs are.
func tell(c *event.Comparison) string {
	var b strings.Builder
	b.WriteString(string(c.Sync))
	if c.Message != "" {
		fmt.Fprintf(&b, " (%s)", c.Message)
	}
	b.WriteByte('\n')
	for _, d := range c.Drifts {
		live := string(d.Live)
		if live == "" {
			live = "nothing"
		}
		fmt.Fprintf(&b, "%s: %s -> %s", d.Path, d.Desired, live)
		if d.Manager != "" {
			fmt.Fprintf(&b, " by %s", d.Manager)
		}
		b.WriteByte('\n')
	}
	if c.Omitted > 0 {
		fmt.Fprintf(&b, "and %d more\n", c.Omitted)
	}
	return b.String()
}

func TestPairs(t *testing.T) {
	c := comparer(drift.Ignore{})
	for _, p := range pairs(t) {
		t.Run(p.name, func(t *testing.T) {
			before := p.live.DeepCopy()
			got := c.Compare(drift.Input{Live: p.live, Desired: []drift.Desired{{Object: p.desired, By: p.by}}})
			if diff := cmp.Diff(p.want, tell(&got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before.Object, p.live.Object); diff != "" {
				t.Errorf("the object was changed: %s", diff)
			}
			// What is as it should be is so as its own manifest, too.
			self := c.Compare(drift.Input{Live: p.live, Desired: []drift.Desired{{Object: p.live}}})
			if self.Sync != event.SyncInSync && self.Sync != event.SyncDeleting {
				t.Errorf("against itself: %s", tell(&self))
			}
		})
	}
	if os.Getenv("VERBOSE") != "" {
		t.Log(len(pairs(t)), "pairs")
	}
}
