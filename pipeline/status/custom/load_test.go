package custom

import (
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLoadErrors has the mistakes that users make, and all that they are told.
func TestLoadErrors(t *testing.T) {
	const check = "  health: [{when: 'true', health: Healthy}]\n"
	for name, c := range map[string]struct{ file, want string }{
		"empty":            {"", "has no health rules; " + forms},
		"not yaml":         {"rules:\n- kind: Pod\n health: []\n", "is not YAML: line 2: did not find expected key; check the indentation, and quote expressions"},
		"something else":   {"a: b\n", "has no health rules; " + forms},
		"binary":           {"\x00\x01\x02", "is not YAML: control characters are not allowed; " + forms},
		"lua":              {"hs = {}\nhs.status = 'Healthy'\nreturn hs\n", "has no health rules; " + forms},
		"other manifest":   {"apiVersion: v1\nkind: Pod\n", "has no resource.customizations with a health.lua in it; " + forms},
		"other config map": {"apiVersion: v1\nkind: ConfigMap\ndata: {resource.customizations.actions.Pod: x}\n", "has no resource.customizations with a health.lua in it; " + forms},
		"broken legacy":    {"apiVersion: v1\nkind: ConfigMap\ndata:\n  resource.customizations: '['\n", "has a resource.customizations that is not a mapping of kinds: line 1: did not find expected node content"},
		"two documents":    {"rules: []\n---\nrules: []\n", "has more than one document; write all rules into one list, without ---"},
		"unknown top":      {"rules: []\nkinds: []\n", "line 2: unknown key \"kinds\"; the keys are rules\nline 1: rules is not a list; begin each rule with a dash"},
		"no list":          {"rules: {kind: Pod}\n", "line 1: rules is not a list; begin each rule with a dash"},
		"not a mapping":    {"rules:\n- Pod\n", "line 2: is not a mapping; write kind, health"},
		"unknown key":      {"rules:\n- kind: Pod\n  status: x\n" + check, "line 3: rule \"Pod\": unknown key \"status\"; the keys are kind, health"},
		"twice":            {"rules:\n- kind: Pod\n  kind: Pod\n" + check, "line 3: rule \"Pod\": kind is there twice; leave one out"},
		"no kind":          {"rules:\n- health: []\n", "line 2: kind names no kind; write it as kubectl does, for example Widget.example.com, *.example.com, or Pod"},
		"odd kind":         {"rules:\n- kind: example.com/Widget\n" + check, "line 2: rule \"example.com/Widget\": kind names no kind; write it as kubectl does, for example Widget.example.com, *.example.com, or Pod"},
		"same kind":        {"rules:\n- kind: Pod\n" + check + "- kind: Pod\n" + check, "line 4: rule \"Pod\": there is a rule for this kind already; write all checks into one"},
		"no checks":        {"rules:\n- kind: Pod\n", "line 2: rule \"Pod\": health is not a list of checks; begin each with a dash"},
		"health is a word": {"rules:\n- kind: Pod\n  health: Healthy\n", "line 2: rule \"Pod\": health is not a list of checks; begin each with a dash"},
		"wrong word":       {"rules:\n- kind: Pod\n  health: [{when: 'true', health: Good}]\n", "line 3: rule \"Pod\": health is not one of Healthy, Progressing, Degraded, Suspended, Missing, Unknown"},
		"not last":         {"rules:\n- kind: Pod\n  health: [{health: Healthy}, {health: Degraded}]\n", "line 3: rule \"Pod\": a check without when always applies, so it must be the last"},
		"when is text":     {"rules:\n- kind: Pod\n  health: [{when: \"'x'\", health: Healthy}]\n", "line 3: rule \"Pod\": when: yields a value of type string, not bool"},
		"message is bool":  {"rules:\n- kind: Pod\n  health: [{message: 'true', health: Healthy}]\n", "line 3: rule \"Pod\": message: yields a value of type bool, not string"},
		"empty when":       {"rules:\n- kind: Pod\n  health: [{when: '', health: Healthy}]\n", "line 3: rule \"Pod\": when: is empty; write a CEL expression"},
		"message unquoted": {"rules:\n- kind: Pod\n  health: [{message: waiting, health: Healthy}]\n", "line 3: rule \"Pod\": message: column 1: undeclared reference to 'waiting'; the one variable is object; texts need quotes"},
		"syntax":           {"rules:\n- kind: Pod\n  health:\n  - when: object.a = 1\n    health: Healthy\n", "line 4: rule \"Pod\": when: column 10: Syntax error: token recognition error at: '= '; compare with ==; texts need quotes, and keys with dots or slashes brackets: object.metadata.labels['example.com/team']"},
		"when is a list":   {"rules:\n- kind: Pod\n  health: [{when: [a], health: Healthy}]\n", "line 3: rule \"Pod\": when is not a text; quote it"},
		"too long":         {"rules:\n" + strings.Repeat("#", maxRulesFile), "has no health rules; " + forms},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rules.yaml")
			write(t, path, c.file)
			_, err := Load(path)
			if err == nil {
				t.Fatal("no error")
			}
			got, ok := strings.CutPrefix(err.Error(), "health_rules_path \""+path+"\": ")
			if !ok {
				t.Errorf("does not begin with the option and the path: %s", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestLoadPaths is about paths that are not there, or have nothing.
func TestLoadPaths(t *testing.T) {
	root := t.TempDir()
	empty, bad := filepath.Join(root, "empty"), filepath.Join(root, "bad")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(bad, "values.yaml"), "a: b\n")
	for path, want := range map[string]string{
		filepath.Join(root, "none"): "cannot be read: no such file or directory; check the path and its permissions",
		empty:                       "has no health rules; " + forms,
		bad:                         "values.yaml has no health rules; " + forms,
	} {
		_, err := Load(path)
		if want = "health_rules_path \"" + path + "\": " + want; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestCELLimits shows that no object makes an expression work for long, and that
// no error tells what is in it.
func TestCELLimits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, path, `rules:
- kind: Pairs.example.com
  health: [{when: "object.list.all(a, object.list.all(b, a == b))", health: Healthy}]
- kind: Regex.example.com
  health: [{when: "object.text.matches('(a*)*$') && object.text.matches(object.text)", health: Healthy}]
- kind: Index.example.com
  health: [{when: "object.list[5] == 1", health: Healthy}]
- kind: Number.example.com
  health: [{when: "int(object.text) == 1", health: Healthy}]
- kind: Condition.example.com
  health: [{when: "object.text", health: Healthy}]
- kind: Mixed.example.com
  health: [{when: "object.number > 1 && object.number == 3.0", health: Healthy}]
`)
	set, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]any, 3_000)
	for i := range list {
		list[i] = "v"
	}
	for kind, c := range map[string]struct {
		fields map[string]any
		want   string
	}{
		"Pairs":     {map[string]any{"list": list}, "line 3: when: takes more than a cost of 100000"},
		"Regex":     {map[string]any{"text": "hunter2("}, "line 5: when: the expression cannot be evaluated"},
		"Index":     {map[string]any{"list": []any{"hunter2"}}, "line 7: when: a list is shorter than the index"},
		"Number":    {map[string]any{"text": "hunter2"}, "line 9: when: the expression cannot be evaluated"},
		"Condition": {map[string]any{"text": "hunter2"}, "line 11: when: the value is a string"},
		"Mixed":     {map[string]any{"number": int64(3)}, ""},
	} {
		o := objects(t, "{apiVersion: example.com/v1, kind: "+kind+"}")[0]
		maps.Copy(o.Object, c.fields)
		a, ok := set.Assess(t.Context(), o)
		if c.want != "" {
			c.want = "health rule " + kind + ".example.com: " + c.want
		}
		if !ok || a.Message != c.want || (a.Health == "Unknown") != (c.want != "") {
			t.Errorf("%s: %+v", kind, a)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, key string
		folded, want bool
	}{
		{"example.com/Widget", "example.com/Widget", true, true},
		{"*.example.com/*", "a.b.example.com/Widget", true, true},
		{"*.example.com/*", "example.com/Widget", false, false},
		{"*/*", "Pod", false, false},
		{"*/*", "Pod", true, false},
		{"*", "Pod", false, true},
		{"*", "apps/Deployment", false, true},
		{"*", "apps/Deployment", true, false},
		{"apps/Deploy*t", "apps/Deployment", true, true},
		{"apps/?eployment", "apps/Deployment", true, true},
		{"apps/??", "apps/Deployment", true, false},
		{"*a*b*c", "xxaxxbxxc", false, true},
		{"*a*b*c", "xxaxxbxx", false, false},
	} {
		p, err := newPattern(c.pattern, c.folded)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.matches(c.key); got != c.want {
			t.Errorf("%s matches %s (folded %v): %v", c.pattern, c.key, c.folded, got)
		}
	}
	if got, err := alternatives("{a,b}.example.com/{X,Y}"); err != nil || len(got) != 4 || got[3].text != "b.example.com/Y" {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"{a/B", "[a]/B", "a/b/c", "", "/", strings.Repeat("{a,b}", 10) + "/C"} {
		if got, err := alternatives(bad); err == nil {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

// TestLoadIsBounded shows that no file makes the loader take long: aliases of
// aliases, and brackets without end.
func TestLoadIsBounded(t *testing.T) {
	bomb := "apiVersion: v1\nkind: List\nx0: &x0 {kind: ConfigMap, data: {a: b}}\n"
	for i := range 9 {
		n := strconv.Itoa(i)
		bomb += "x" + strconv.Itoa(i+1) + ": &x" + strconv.Itoa(i+1) + " {kind: List, items: [" + strings.TrimSuffix(strings.Repeat("*x"+n+", ", 10), ", ") + "]}\n"
	}
	for name, file := range map[string]string{
		"aliases":      bomb + "items: [*x9, *x9]\n",
		"itself":       "apiVersion: v1\nkind: List\nitems: &a [*a]\n",
		"brackets":     "rules: " + strings.Repeat("[", 1<<20),
		"json":         `{"rules":` + strings.Repeat(`[`, 1<<20),
		"documents":    strings.Repeat("---\na: b\n", 1<<17),
		"anchor rules": "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nrules: [*b, *b, *b]\n",
	} {
		path := filepath.Join(t.TempDir(), "rules.yaml")
		write(t, path, file)
		start := time.Now()
		_, err := Load(path)
		if took := time.Since(start); err == nil || took > time.Minute || len(err.Error()) > 4<<10 {
			t.Errorf("%s: %v after %v", name, err, took)
		} else {
			t.Logf("%s: %v, %v", name, took.Round(time.Millisecond), err)
		}
	}
}
