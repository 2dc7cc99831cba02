package config

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the option tables in the documentation")

// TestDocumentation compares the option tables of the documentation with the
// options.
func TestDocumentation(t *testing.T) {
	for _, doc := range []struct {
		path, name string
		table      func() string
	}{
		{"../../docs/CONFIGURATION.md", "options", Markdown},
		{"../../docs/CONFIGURATION.md", "output-options", OutputMarkdown},
	} {
		begin, end := "<!-- "+doc.name+":begin -->\n", "<!-- "+doc.name+":end -->"
		b, err := os.ReadFile(doc.path)
		if err != nil {
			t.Error(err)
			continue
		}
		before, rest, okBegin := strings.Cut(string(b), begin)
		table, after, okEnd := strings.Cut(rest, end)
		if !okBegin || !okEnd {
			t.Errorf("%s has no markers for the table", doc.path)
			continue
		}
		want := "\n" + doc.table() + "\n"
		if table == want {
			continue
		}
		if !*update {
			t.Errorf("the table of options in %s is out of date: run go test ./pipeline/config -update", doc.path)
			continue
		}
		if err := os.WriteFile(doc.path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Error(err)
		}
	}
}

func TestOptionsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Options() {
		if seen[o.Key] || o.Key != strings.ToLower(o.Key) {
			t.Errorf("%q is there twice or not in lower case", o.Key)
		}
		seen[o.Key] = true
		if o.Doc == "" || o.Kind == "" || o.set == nil {
			t.Errorf("%q lacks documentation, kind or setter", o.Key)
		}
		if (o.Kind == KindEnum) != (len(o.Values) > 0) {
			t.Errorf("%q: values go with the kind enum", o.Key)
		}
		for _, v := range o.Values {
			var c Config
			if err := o.set(&c, v); err != nil {
				t.Errorf("%q does not take its own value %q: %v", o.Key, v, err)
			}
		}
		if reserved(o.Key) {
			t.Errorf("the host keeps %q for itself", o.Key)
		}
	}
}
