package metrics

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

var update = flag.Bool("update", false, "rewrite the tables in docs/METRICS.md and the files of testdata")

// A scrape of everything has every family, with the labels that it is said to have,
// and docs/METRICS.md lists them.
func TestDocs(t *testing.T) {
	o := Options{State: full(), Objects: ObjectsAll, MaxSeries: 1000, Now: now}.complete()
	g, err := newGatherer(&o)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]*dto.MetricFamily{}
	for _, mf := range g.own() {
		told[mf.GetName()] = mf
	}
	known := map[string]bool{}
	for _, f := range families {
		known[f.name] = true
		if told[f.name] == nil {
			t.Errorf("%s is not in a scrape of everything", f.name)
		}
	}
	for name := range told {
		if !known[name] {
			t.Errorf("%s is not among the families", name)
		}
	}
	for name := range advice {
		if !known[name] {
			t.Errorf("there is advice for %s, which is not told", name)
		}
	}
	path := filepath.Join("..", "..", "docs", "METRICS.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- metrics:begin -->\n", "<!-- metrics:end -->"
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks %q or %q", path, begin, end)
	}
	var b strings.Builder
	b.WriteString(before + begin)
	for _, section := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n| Metric | Type | Labels | What it says | Series at most | What to do |\n|---|---|---|---|---|---|\n", section.title)
		for _, f := range families[section.first:section.end] {
			if mf := told[f.name]; mf != nil {
				b.WriteString(row(t, mf))
			}
		}
	}
	b.WriteString("\n`go_*` and `process_*` are what Prometheus' own client tells of the process: memory,\nfiles, CPU time, goroutines. Two instances in one process tell the same of it.\n\n")
	b.WriteString(end + after)
	if b.String() == string(data) {
		return
	}
	if !*update {
		t.Fatalf("the tables of %s are out of date: run go test ./pipeline/metrics -update", path)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

var sections = [...]struct {
	title      string
	first, end int
}{
	{"Applications and objects", 0, 11},
	{"Counters", 11, 33},
	{"The instance", 33, len(families)},
}

// row is what the table says of a family, as a scrape tells it.
func row(t *testing.T, mf *dto.MetricFamily) string {
	t.Helper()
	var labels []string
	for _, m := range mf.Metric {
		var own []string
		for _, p := range m.Label {
			own = append(own, "`"+p.GetName()+"`")
		}
		if labels != nil && !slices.Equal(labels, own) {
			t.Errorf("%s has the labels %v and %v", mf.GetName(), labels, own)
		}
		labels = own
	}
	a, ok := advice[mf.GetName()]
	if !ok {
		t.Errorf("%s: nothing is said about what to do", mf.GetName())
	}
	return fmt.Sprintf("| %#q | %s | %s | %s | %s | %s |\n", mf.GetName(), strings.ToLower(mf.GetType().String()), strings.Join(labels, " "), mf.GetHelp(), a.most, a.do)
}
