package recorded

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

// TestGolden replays the files of an archive: those in audit, events and objects.
// The file yielded says what comes of them.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var opts Options
			var want string
			files := ar.Files[:0:0]
			for _, f := range ar.Files {
				if f.Name == "yielded" {
					want = string(f.Data)
					continue
				}
				files = append(files, f)
				name := filepath.Join(dir, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
				switch filepath.Dir(f.Name) {
				case "audit":
					opts.Audit = append(opts.Audit, name)
				case "events":
					opts.Events = append(opts.Events, name)
				case "objects":
					opts.Objects = append(opts.Objects, name)
				}
			}
			got := describe(t, dir, opts)
			if *update {
				files = append(files, txtar.File{Name: "yielded", Data: []byte(got)})
				ar.Files = files
				if err := os.WriteFile(path, txtar.Format(ar), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got; -update writes it:\n%s", diff)
			}
		})
	}
}

// describe says what comes of the files, a line each.
func describe(t *testing.T, dir string, opts Options) string {
	t.Helper()
	m, s := replay(t, opts)
	var b strings.Builder
	for _, raw := range m.objects {
		var o struct {
			APIVersion, Kind string
			Metadata         struct{ Name string }
		}
		if err := json.Unmarshal([]byte(raw), &o); err != nil {
			t.Errorf("object: %v", err)
		}
		fmt.Fprintf(&b, "object %s %s %s\n", o.APIVersion, o.Kind, o.Metadata.Name)
	}
	for i := range m.items {
		item := &m.items[i]
		if item.Position != "" || item.Stream != "" || item.Place.Source != "recorded" {
			t.Errorf("item %d: position %q, stream %q, source %q", i, item.Position, item.Stream, item.Place.Source)
		}
		place, err := filepath.Rel(dir, item.Place.Name)
		if err != nil {
			t.Error(err)
		}
		what := identity(item.Raw)
		if item.Skipped != "" {
			what = string(item.Skipped)
		}
		fmt.Fprintf(&b, "kind %d change %d %s:%d+%d %s\n", item.Kind, item.Change, filepath.ToSlash(place), item.Place.Offset, item.Size, what)
	}
	if n := s.Late(); n > 0 {
		fmt.Fprintf(&b, "late %d\n", n)
	}
	if err := s.Err(); err != nil {
		fmt.Fprintln(&b, strings.ReplaceAll(err.Error(), dir+"/", ""))
	}
	return b.String()
}
