package rule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNewErrors has the mistakes that users make, and all that they are told.
func TestNewErrors(t *testing.T) {
	const good = "  when: 'true'\n  application: object.kind\n"
	for name, c := range map[string]struct{ file, want string }{
		"empty":          {"", "has no rules; write `rules:` and a list, or leave the option out"},
		"comment only":   {"# later\n", "has no rules; write `rules:` and a list, or leave the option out"},
		"not a mapping":  {"- name: a\n", "line 1: is not a mapping; write `rules:` and a list"},
		"not yaml":       {"rules:\n- name: a\n when: 'x'\n", "is not YAML: line 2: did not find expected key; check the indentation, and quote expressions"},
		"two documents":  {"rules: []\n---\nrules: []\n", "has more than one document; write all rules into one list, without ---"},
		"unknown top":    {"rule:\n- name: a\n", "line 1: unknown key \"rule\"; the one key is rules"},
		"no list":        {"rules:\n  name: a\n", "line 2: rules is not a list; begin each rule with a dash"},
		"unknown key":    {"rules:\n- name: a\n" + good + "  app: x\n", "line 5: rule \"a\": unknown key \"app\"; the keys are name, when, application, namespace, version, environment, tenant, first"},
		"twice":          {"rules:\n- name: a\n" + good + "  when: 'false'\n", "line 5: rule \"a\": when is there twice; leave one out"},
		"not a text":     {"rules:\n- name: a\n  when: {a: b}\n  application: object.kind\n", "line 3: rule \"a\": when is not a text; quote it\nline 2: rule \"a\": when is missing; write a CEL expression"},
		"no name":        {"rules:\n-\n" + good, "line 3: name is missing or cannot be used; write up to 63 lower-case letters, digits, dots and dashes"},
		"odd name":       {"rules:\n- name: Team Label\n" + good, "line 2: rule \"Team Label\": name is missing or cannot be used; write up to 63 lower-case letters, digits, dots and dashes"},
		"same name":      {"rules:\n- name: a\n" + good + "- name: a\n" + good, "line 5: rule \"a\": there is a rule of this name in line 2 already; give each its own"},
		"no application": {"rules:\n- name: a\n  when: 'true'\n", "line 2: rule \"a\": application is missing; write a CEL expression"},
		"empty when":     {"rules:\n- name: a\n  when: ''\n  application: object.kind\n", "line 3: rule \"a\": when: is empty; write a CEL expression"},
		"when is text":   {"rules:\n- name: a\n  when: object.kind\n  application: object.kind\n", "line 3: rule \"a\": when: yields a text, not true or false; compare with something, for example with == or in"},
		"misspelt field": {"rules:\n- name: a\n  when: object.metadta.name == 'x'\n  application: object.kind\n", "line 3: rule \"a\": when: column 7: undefined field 'metadta'; object has apiVersion, kind, metadata, and object.metadata has name, namespace, uid, labels, annotations"},
		"unquoted text":  {"rules:\n- name: a\n  when: 'true'\n  application: shop\n", "line 4: rule \"a\": application: column 1: undeclared reference to 'shop'; the one variable is object; texts need quotes"},
		"optional":       {"rules:\n- name: a\n  when: 'true'\n  application: object.metadata.labels[?'x']\n", "line 4: rule \"a\": application: yields a value of type optional_type(string), not a text; convert it with string(...), and an optional with .orValue('')"},
		"all of them":    {"rules:\n- name: a\n" + good + "  annotations: x\n", "line 5: rule \"a\": unknown key \"annotations\"; the keys are name, when, application, namespace, version, environment, tenant, first"},
		"keys of annotations": {
			"rules:\n- name: a\n  when: object.metadata.annotations.exists(k, k.startsWith('x'))\n  application: object.kind\n",
			"line 3: rule \"a\": when: uses annotations otherwise than by a fixed key; only those that rules name are kept: write object.metadata.annotations['key'] or 'key' in object.metadata.annotations",
		},
		"alias":      {"rules:\n- &a\n  name: a\n" + good + "- *a\n", "line 6: a rule is not a mapping; write name, when and application"},
		"first":      {"rules:\n- name: a\n" + good + "  first: yes\n", "line 5: rule \"a\": first is not true or false; write first: true to have the rule tried before the built-in ones"},
		"long":       {strings.Repeat("#", maxFile+1), "is longer than 1 MiB; leave rules out"},
		"too many":   {"rules:\n" + strings.Repeat("- {}\n", maxRules+1), "line 2: has 101 rules, more than 100; put several labels into one rule with ||"},
		"expression": {"rules:\n- name: a\n  when: object.kind == '" + strings.Repeat("x", maxExpression) + "'\n  application: object.kind\n", "line 3: rule \"a\": when: is longer than 4096 characters; write several rules"},
		"regex":      {"rules:\n- name: a\n  when: object.kind.matches('((a{100}){100})')\n  application: object.kind\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rules.yaml")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := New(Options{File: path})
			if err == nil {
				t.Fatal("no error")
			}
			got, ok := strings.CutPrefix(err.Error(), "application_rules_file \""+path+"\": ")
			if !ok {
				t.Errorf("does not begin with the option and the file: %s", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" && c.want != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNewWithoutFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.yaml")
	_, err := New(Options{File: path})
	want := "application_rules_file \"" + path + "\": cannot be read: no such file or directory; check the path and its permissions"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestDocumentedRules reads the rules in the documentation.
func TestDocumentedRules(t *testing.T) {
	b, err := os.ReadFile("../../../docs/APPLICATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	rules, err := parse([]byte(text))
	if err != nil || !ok || len(rules) != 3 {
		t.Errorf("%d rules, %v", len(rules), err)
	}
}

// TestProblemsAreBounded shows that a file that is none of ours gives no endless
// message.
func TestProblemsAreBounded(t *testing.T) {
	_, err := parse([]byte("rules:\n" + strings.Repeat("- x\n", 50)))
	if err == nil || strings.Count(err.Error(), "\n") != maxProblems || !strings.HasSuffix(err.Error(), "\nand 40 more") {
		t.Errorf("got %v", err)
	}
}

// FuzzParse gives any file to the loader.
func FuzzParse(f *testing.F) {
	f.Add([]byte(fiveRules))
	f.Add([]byte("rules:\n- name: a\n  when: has(object.metadata.labels.app) && object.metadata.labels.app.matches('^a')\n  application: \"'x'\"\n  first: true\n"))
	f.Add([]byte("rules: &r\n- *r\n"))
	f.Add([]byte("rules:\n- {name: a, when: '[1,2].map(x, object)', application: '{}'}\n"))
	chain := benchChains()["helm"]
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 8<<10 {
			t.Skip("long")
		}
		rules, err := parse(b)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without text")
			}
			return
		}
		for _, r := range rules {
			app, at := r.match(chainOf(chain))
			if at != none && (app.Name == "" || len(app.Name) > maxName || len(app.Namespace) > maxNamespace) {
				t.Errorf("application %+v", app)
			}
		}
	})
}

func chainOf(objects []Object) chain { return chain{objects: objects, registry: unasked{}} }
