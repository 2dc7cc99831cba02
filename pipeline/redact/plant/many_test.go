package plant

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// A search for many values finds what one for a single value does.
func TestManyValuesAreFoundAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var values, others, texts []string
	for _, kind := range Kinds() {
		for _, form := range Forms() {
			values, others = append(values, kind.New(r)), append(others, kind.New(r))
			texts = append(texts, form.Write(r, values[len(values)-1]))
		}
	}
	search, wrong := NewSearch(values), NewSearch(others)
	// The second time it remembers.
	for range 2 {
		for i, text := range texts {
			found := search.In("before "+text+" behind", depth)
			if found[values[i]] == "" || len(found) != 1 {
				t.Errorf("%q is found as %v in %q", values[i], found, text)
			}
			if found := wrong.In(text, depth); len(found) > 0 {
				t.Errorf("another value is found in %q: %v", text, found)
			}
		}
	}
	if found := search.In(strings.Join(texts, "\n"), depth); len(found) != len(values) {
		t.Errorf("%d of %d values are found in all texts at once", len(found), len(values))
	}
	if found := search.Plain("a" + values[0] + values[1]); len(found) != 2 {
		t.Errorf("plainly found: %v", found)
	}
}
