package pattern

import (
	"strings"
	"sync"
	"testing"
)

// all returns the built-in rules.
var all = sync.OnceValues(func() (*Set, error) { return Load(Options{}) })

func load(tb testing.TB) *Set {
	tb.Helper()
	s, err := all()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestExamples has each rule find its true examples and leave its false ones.
func TestExamples(t *testing.T) {
	s := load(t)
	if len(s.rules) < 90 {
		t.Errorf("there are %d rules", len(s.rules))
	}
	for _, r := range s.rules {
		if len(r.examples.found) == 0 || len(r.examples.left) == 0 || r.description == "" {
			t.Errorf("rule %s lacks examples or a description", r.id)
		}
		if err := r.tryExamples(); err != nil {
			t.Errorf("rule %s: %v", r.id, err)
		}
	}
}

// TestExamplesTogether has all rules find the true examples of each, and
// nothing more in what came out.
func TestExamplesTogether(t *testing.T) {
	s := load(t)
	for _, r := range s.rules {
		for _, text := range r.examples.found {
			hits := 0
			out, ok := s.Replace(text, At{}, func(string) { hits++ })
			if !ok || out == text || hits == 0 {
				t.Errorf("rule %s: %q becomes %q", r.id, text, out)
			}
			if again, ok := s.Replace(out, At{}, func(string) { t.Errorf("rule %s: found again in %q", r.id, out) }); !ok || again != out {
				t.Errorf("rule %s: a second time it becomes %q", r.id, again)
			}
		}
	}
}

func TestRules(t *testing.T) {
	infos := Rules()
	for i, info := range infos {
		if !strings.HasPrefix(info.ID, info.Family+"/") || info.Description == "" {
			t.Errorf("%+v", info)
		}
		if i > 0 && infos[i-1].ID >= info.ID {
			t.Errorf("%s stands behind %s", info.ID, infos[i-1].ID)
		}
	}
	if got := (*Set)(nil).Rules(); got != nil {
		t.Errorf("no set has %v", got)
	}
}
