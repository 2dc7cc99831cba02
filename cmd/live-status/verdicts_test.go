package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"golang.org/x/tools/txtar"

	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
	"github.com/fluent-live/live-status/pipeline/event"
)

// The verdict on every object in the tests of the rules, as a table: run with -v.
func TestVerdicts(t *testing.T) {
	j, err := newJudge(assessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	words := map[event.Health]bool{
		event.HealthNone: true, event.HealthHealthy: true, event.HealthSuspended: true, event.HealthProgressing: true,
		event.HealthMissing: true, event.HealthDegraded: true, event.HealthUnknown: true,
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KIND\tFILE\tNAME\tHEALTH\tSTATUS\tREASON\tMESSAGE")
	objects := 0
	for _, folder := range []string{"health", "generic"} {
		found := fixtures(t, "../../pipeline/status/"+folder+"/testdata")
		for _, name := range slices.Sorted(maps.Keys(found)) {
			for m, err := range manifest.NewReader(bytes.NewReader(found[name]), name, manifest.Options{}).All() {
				if err != nil {
					t.Error(err)
					continue
				}
				before := m.Object.DeepCopy()
				r := newRow(m.Object, j.Assess(t.Context(), m.Object), event.Comparison{})
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.kind, strings.TrimPrefix(name, "../../pipeline/status/"), r.name, r.health, r.status, r.reason, short(r.message))
				objects++
				if !words[r.health] {
					t.Errorf("%s: health %q", m.At, r.health)
				}
				if fmt.Sprint(before) != fmt.Sprint(m.Object) {
					t.Errorf("%s: was changed by its assessment", m.At)
				}
			}
		}
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	if objects == 0 {
		t.Error("no object was found")
	}
	t.Logf("%d objects\n%s", objects, b.String())
}

// fixtures returns the YAML and JSON in a folder, also those in archives. What
// the archives of the rules call want or expect is no object.
func fixtures(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	add := func(name string, data []byte) {
		switch filepath.Ext(name) {
		case ".yaml", ".yml", ".json":
			out[name] = data
		}
	}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Ext(path) != ".txtar" {
			add(path, data)
			return nil
		}
		for _, f := range txtar.Parse(data).Files {
			if !strings.HasPrefix(f.Name, "want") && !strings.HasPrefix(f.Name, "expect") {
				add(path+"/"+f.Name, f.Data)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
