package check

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/CHECK.md has every check in the order in which they are told, with what it
// needs, and a way out for each.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../../docs/CHECK.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(raw), "\n## Checks\n")
	checks, ways, found := strings.Cut(rest, "\n## What failed, and the way out\n")
	if !ok || !found {
		t.Fatal("a section is missing")
	}
	name := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|.*\\| ?([^|]*) \\|$")
	var documented []Name
	needs := map[Name]string{}
	for _, m := range name.FindAllStringSubmatch(checks, -1) {
		documented = append(documented, Name(m[1]))
		needs[Name(m[1])] = strings.Trim(strings.TrimSpace(m[2]), "`")
	}
	if !slices.Equal(documented, Names()) {
		t.Errorf("documented are %v, there are %v", documented, Names())
	}
	for _, p := range probes() {
		var want []string
		for _, n := range p.needs {
			want = append(want, string(n))
		}
		if needs[p.name] != strings.Join(want, ", ") {
			t.Errorf("%s: documented needs %q, it has %v", p.name, needs[p.name], p.needs)
		}
		if !strings.Contains(ways, "\n| `"+string(p.name)+"` |") {
			t.Errorf("%s: no way out is documented", p.name)
		}
	}
}
