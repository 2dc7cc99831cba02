package rule

import (
	"fmt"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestAnnotationsRead shows which ways to read an annotation are understood.
func TestAnnotationsRead(t *testing.T) {
	c, err := newCompiler()
	if err != nil {
		t.Fatal(err)
	}
	const as = "object.metadata.annotations"
	for source, want := range map[string]string{
		"object.kind == 'Pod'":             "",
		as + "['a/b'] == 'x'":              "a/b",
		as + ".team == 'x'":                "team",
		"has(" + as + ".team)":             "team",
		"'a/b' in " + as:                   "a/b",
		as + "[?'a/b'].orValue('') == 'x'": "a/b",
		as + ".?team.hasValue()":           "team",

		as + "['b'] == " + as + "['a'] || " + as + "['a'] == ''": "a b",
		"['x'].exists(l, " + as + "['a'] == l)":                  "a",
		"object.metadata.labels.exists(k, k == " + as + "['a'])": "a",
		// What follows is refused.
		"size(" + as + ") > 0":                                  "!annotations",
		as + ".exists(k, k == 'x')":                             "!annotations",
		as + "[object.metadata.name] == 'x'":                    "!annotations",
		"object.metadata.name in " + as:                         "!annotations",
		as + " == object.metadata.labels":                       "!annotations",
		"has(" + as + ")":                                       "!annotations",
		"[" + as + "].exists(a, a['x'] == 'y')":                 "!annotations",
		"['a'].exists(k, k in " + as + ")":                      "!annotations",
		"dyn(" + as + ")['x'] == 'y'":                           "!annotations",
		as + "['a' + 'b'] == ''":                                "!annotations",
		"dyn(object.metadata).annotations['x'] == 'y'":          "!as a whole",
		"dyn(object).metadata.annotations['x'] == 'y'":          "!as a whole",
		"[object.metadata].exists(m, m.annotations['x'] == '')": "!as a whole",
		"object.?metadata.?annotations.hasValue()":              "!as a whole",
		"object == object":                                      "!as a whole",
		"live.Object{kind: 'x'}.kind == 'x'":                    "!as a whole",
	} {
		program, got, err := c.compile(source, cel.BoolType)
		if problem, refused := strings.CutPrefix(want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), problem) {
				t.Errorf("%s: got %v, want an error", source, err)
			}
			continue
		}
		if err != nil || program == nil || strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, %v", source, got, err)
		}
	}
}

func TestAnnotation(t *testing.T) {
	set := newSet(t, fiveRules)
	for key, want := range map[string]bool{
		"argocd.argoproj.io/tracking-id": true, "meta.helm.sh/release-name": true, "meta.helm.sh/release-namespace": true,
		"backstage.io/kubernetes-id": true, "app.oam.dev/publishVersion": true, "example.com/application": true,
		"example.com/team": false, "kubectl.kubernetes.io/last-applied-configuration": false, "": false,
	} {
		if got := set.Annotation(key); got != want {
			t.Errorf("%s: %v", key, got)
		}
	}
	if newSet(t, "").Annotation("example.com/application") {
		t.Error("an annotation of another set's rules is kept")
	}
}

// evaluateOn applies a rule with an application that is an expression.
func evaluateOn(t *testing.T, o Object, when, application string) (event.Application, bool, int64) {
	t.Helper()
	set := newSet(t, "rules:\n- name: a\n  when: |-\n    "+when+"\n  application: |-\n    "+application+"\n")
	app, ok := set.Match([]Object{o}, nil)
	return app, ok, set.Errors()["rules/a"]
}

func TestOwnRuleResults(t *testing.T) {
	o := Object{
		Ref:         event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web", UID: "u1"},
		Labels:      Labels{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}},
		Annotations: Labels{{Key: "bad", Value: "\xff"}, {Key: "lines", Value: "a\nb"}, {Key: "long", Value: strings.Repeat("x", 254)}},
	}
	for _, c := range []struct {
		when, application string
		want              string
		errors            int64
	}{
		{"true", "'x'", "x", 0},
		{"false", "'x'", "", 0},
		{"true", "''", "", 0},
		{"object.metadata.labels.a == '1'", "object.metadata.labels['b']", "2", 0},
		{"object.metadata.labels.size() == 2", "object.metadata.uid", "u1", 0},
		{"object.metadata.labels.exists(k, object.metadata.labels[k] == '2')", "'x'", "x", 0},
		{"object.metadata.labels == {'a': '1', 'b': '2'}", "'x'", "x", 0},
		{"object.metadata.name.matches('^w.b$')", "object.metadata.name.upperAscii()", "WEB", 0},
		{"has(object.metadata.labels.c)", "'x'", "", 0},
		{"object.metadata.labels.c == '1'", "'x'", "", 1},
		{"true", "object.metadata.labels['c']", "", 1},
		{"true", "object.metadata.annotations.bad", "", 1},
		{"true", "object.metadata.annotations.lines", "", 1},
		{"true", "object.metadata.annotations.long", "", 1},
		{"true", "object.metadata.name.split('e')[7]", "", 1},
	} {
		app, ok, errors := evaluateOn(t, o, c.when, c.application)
		if ok != (c.want != "") || app.Name != c.want || errors != c.errors {
			t.Errorf("%s, %s: got %q, %v with %d errors", c.when, c.application, app.Name, ok, errors)
		}
	}
}

// TestOwnRuleWithoutMetadata is about objects of which no labels are known.
func TestOwnRuleWithoutMetadata(t *testing.T) {
	o := Object{Ref: event.ObjectRef{Kind: "Pod", Name: "web"}}
	for _, when := range []string{"object.metadata.labels.size() == 0", "!('a' in object.metadata.annotations)", "object.metadata.labels == {}"} {
		if _, ok, errors := evaluateOn(t, o, when, "'x'"); !ok || errors != 0 {
			t.Errorf("%s: %v with %d errors", when, ok, errors)
		}
	}
}

// TestCostLimit shows that who chooses the labels of an object cannot make a rule
// work for long.
func TestCostLimit(t *testing.T) {
	var labels Labels
	for i := range 3000 {
		labels = append(labels, event.Label{Key: fmt.Sprintf("k%04d", i), Value: "v"})
	}
	o := Object{Ref: event.ObjectRef{Kind: "Pod", Name: "web"}, Labels: labels}
	const pairs = "object.metadata.labels.all(a, object.metadata.labels.all(b, a != b || object.metadata.labels[a] == 'v'))"
	if _, ok, errors := evaluateOn(t, o, pairs, "'x'"); ok || errors != 1 {
		t.Errorf("matched: %v, with %d errors", ok, errors)
	}
	o.Labels = labels[:20]
	if _, ok, errors := evaluateOn(t, o, pairs, "'x'"); !ok || errors != 0 {
		t.Errorf("matched: %v, with %d errors", ok, errors)
	}
}
