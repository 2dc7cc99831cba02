package rule

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

var update = flag.Bool("update", false, "rewrite the table of rules in the documentation")

// TestDocumentation compares the table of rules with the rules.
func TestDocumentation(t *testing.T) {
	const path, begin, end = "../../../docs/APPLICATIONS.md", "<!-- rules:begin -->\n", "<!-- rules:end -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, okBegin := strings.Cut(string(b), begin)
	table, after, okEnd := strings.Cut(rest, end)
	if !okBegin || !okEnd {
		t.Fatalf("%s has no markers for the table", path)
	}
	var w strings.Builder
	w.WriteString("\n| | `rule` | `tool` | reads | yields |\n|---|---|---|---|---|\n")
	for i, d := range Rules() {
		var reads []string
		for _, k := range d.Labels {
			reads = append(reads, "`"+k+"`")
		}
		if len(d.Labels) > 0 {
			reads[0] = "label " + reads[0]
		}
		for j, k := range d.Annotations {
			if k = "`" + k + "`"; j == 0 {
				k = "annotation " + k
			}
			reads = append(reads, k)
		}
		if d.Reads != "" {
			reads = append(reads, d.Reads)
		}
		fmt.Fprintf(&w, "| %d | `%s` | `%s` | %s | %s |\n", i+1, d.Rule, d.Tool, strings.Join(reads, ", "), d.Yields)
	}
	w.WriteString("\n")
	if table == w.String() {
		return
	}
	if !*update {
		t.Fatalf("the table of rules in %s is out of date: run go test ./pipeline/correlate/rule -update", path)
	}
	if err := os.WriteFile(path, []byte(before+begin+w.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestRulesAreWhole(t *testing.T) {
	seen := map[event.Rule]bool{}
	for _, d := range Rules() {
		if d.Rule == "" || seen[d.Rule] || d.Tool == "" || d.Yields == "" || len(d.Labels)+len(d.Annotations) == 0 && d.Reads == "" {
			t.Errorf("%+v is there twice or incomplete", d)
		}
		seen[d.Rule] = true
	}
}

// TestMatchAllocatesNothing holds for what is matched without own rules.
func TestMatchAllocatesNothing(t *testing.T) {
	set := newSet(t, "")
	for name, chain := range benchChains() {
		if n := testing.AllocsPerRun(100, func() { set.Match(chain, unasked{}) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestMatchOfNothing(t *testing.T) {
	set := newSet(t, fiveRules)
	for _, chain := range [][]Object{nil, {}, {{}}, {{Ref: event.ObjectRef{Kind: "Pod", Name: "web"}}}} {
		if app, ok := set.Match(chain, nil); ok {
			t.Errorf("%v: %+v", chain, app)
		}
	}
}

// TestMatchConcurrently is for the race detector.
func TestMatchConcurrently(t *testing.T) {
	set := newSet(t, strings.ReplaceAll(fiveRules, "  when:", "  first: true\n  when:"))
	chains := benchChains()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				for name, chain := range chains {
					if _, ok := set.Match(chain, nil); ok == (name == "no_match") {
						t.Errorf("%s: %v", name, ok)
					}
				}
			}
		})
	}
	wg.Wait()
	for rule, n := range set.Errors() {
		if n != 0 {
			t.Errorf("%s: %d errors", rule, n)
		}
	}
}

// TestHostileValues has labels and annotations that no API server lets pass, and
// those that it does.
func TestHostileValues(t *testing.T) {
	set := newSet(t, "")
	keys := map[string]bool{}
	for _, d := range Rules() {
		for _, k := range append(d.Labels, d.Annotations...) {
			keys[k] = true
		}
	}
	for key := range keys {
		for _, value := range []string{"", " ", "\x00", "a b", "é", "\xff\xfe", strings.Repeat("a", 300), strings.Repeat("a", 256<<10), "a:b/c:d/e", "../..", "{{x}}"} {
			m := Labels{{Key: key, Value: value}}
			app, ok := set.Match([]Object{{Ref: event.ObjectRef{Kind: "Pod", Name: "web"}, Labels: m, Annotations: m}}, nil)
			if ok && (!named(app.Name, maxName) || len(app.Version) > maxName) {
				t.Errorf("%s=%.20q: %+v", key, value, app)
			}
		}
	}
}
