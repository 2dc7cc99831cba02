package rule

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/fluent-live/live-status/pipeline/event"
)

// fixture is a case in testdata: objects as users see them, the object first and
// its owners after it, and the application that is expected.
type fixture struct {
	// Rules is the text of a file of own rules.
	Rules  string          `yaml:"rules"`
	Chain  []fixtureObject `yaml:"chain"`
	Claims []struct {
		Tool        event.Tool         `yaml:"tool"`
		Object      fixtureObject      `yaml:"object"`
		Application fixtureApplication `yaml:"application"`
	} `yaml:"claims"`
	// Selected is the Application of app.k8s.io with what it selects by.
	Selected *struct {
		Label, Value string
		Application  fixtureApplication `yaml:"application"`
	} `yaml:"selected"`
	// Want is absent where no rule may match.
	Want *fixtureApplication `yaml:"want"`
}

type fixtureObject struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name        string            `yaml:"name"`
		Namespace   event.Namespace   `yaml:"namespace"`
		UID         event.UID         `yaml:"uid"`
		Labels      map[string]string `yaml:"labels"`
		Annotations map[string]string `yaml:"annotations"`
	} `yaml:"metadata"`
}

type fixtureApplication struct {
	Tool        event.Tool      `yaml:"tool"`
	Name        string          `yaml:"name"`
	Namespace   event.Namespace `yaml:"namespace"`
	Version     string          `yaml:"version"`
	Chart       string          `yaml:"chart"`
	Environment string          `yaml:"environment"`
	Tenant      string          `yaml:"tenant"`
	Deployment  string          `yaml:"deployment"`
	RunbookRun  string          `yaml:"runbookRun"`
	Step        string          `yaml:"step"`
	Action      string          `yaml:"action"`
	Rule        event.Rule      `yaml:"rule"`
	// Object is Kind/name of the object that the rule matched.
	Object string `yaml:"object"`
}

func (o fixtureObject) ref() event.ObjectRef {
	return event.ObjectRef{
		APIVersion: o.APIVersion, Kind: o.Kind, UID: o.Metadata.UID,
		Namespace: o.Metadata.Namespace, Name: o.Metadata.Name,
		Resource: strings.ToLower(o.Kind) + "s", ResourceVersion: event.ResourceVersion("7"),
	}
}

func (a fixtureApplication) application(chain []Object) event.Application {
	app := event.Application{
		Tool: a.Tool, Name: a.Name, Namespace: a.Namespace, Version: a.Version, Chart: a.Chart,
		Environment: a.Environment, Tenant: a.Tenant, DeploymentID: a.Deployment,
		RunbookRunID: a.RunbookRun, StepID: a.Step, ActionID: a.Action,
		Via: event.Via{Rule: a.Rule},
	}
	for _, o := range chain {
		if o.Ref.Kind+"/"+o.Ref.Name == a.Object {
			app.Via.Object = o.Ref
			app.Via.Object.Resource, app.Via.Object.ResourceVersion = "", ""
		}
	}
	return app
}

// labelsOf are labels in the order of their keys.
func labelsOf(m map[string]string) Labels {
	var l Labels
	for _, k := range slices.Sorted(maps.Keys(m)) {
		l = append(l, event.Label{Key: k, Value: m[k]})
	}
	return l
}

// unwalked hides Next.
type unwalked struct{ Metadata }

// object returns the object as the index would have it: with the annotations only
// that the rules read.
func (o fixtureObject) object(set *Set) Object {
	kept := map[string]string{}
	for k, v := range o.Metadata.Annotations {
		if set.Annotation(k) {
			kept[k] = v
		}
	}
	return Object{Ref: o.ref(), Labels: labelsOf(o.Metadata.Labels), Annotations: labelsOf(kept)}
}

// registry is a Registry from a fixture.
type registry struct {
	claims   map[event.Tool]map[event.ObjectRef]event.Application
	selected func(o *Object) (event.Application, bool)
}

func (r registry) Claimed(tool event.Tool, o event.ObjectRef) (event.Application, bool) {
	app, ok := r.claims[tool][event.ObjectRef{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}]
	return app, ok
}

func (r registry) Selected(o *Object) (event.Application, bool) {
	if r.selected == nil {
		return event.Application{}, false
	}
	return r.selected(o)
}

func (f fixture) registry() registry {
	r := registry{claims: map[event.Tool]map[event.ObjectRef]event.Application{}}
	for _, c := range f.Claims {
		if r.claims[c.Tool] == nil {
			r.claims[c.Tool] = map[event.ObjectRef]event.Application{}
		}
		ref := c.Object.ref()
		ref.Resource, ref.ResourceVersion, ref.UID = "", "", ""
		r.claims[c.Tool][ref] = c.Application.application(nil)
	}
	if s := f.Selected; s != nil {
		r.selected = func(o *Object) (event.Application, bool) {
			v, _ := get(o.Labels, s.Label)
			return s.Application.application(nil), v == s.Value
		}
	}
	return r
}

// readFixture reads a case; a key that is misspelt fails the test.
func readFixture(t testing.TB, path string) (fixture, *Set) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return f, newSet(t, f.Rules)
}

// newSet returns a set with the own rules of a text, if there is any.
func newSet(t testing.TB, rules string) *Set {
	t.Helper()
	var o Options
	if rules != "" {
		o.File = filepath.Join(t.TempDir(), "rules.yaml")
		if err := os.WriteFile(o.File, []byte(rules), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// testFixtures runs the cases whose names begin with a tool's.
func testFixtures(t *testing.T, tool string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "match", tool+"-*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases of %s: %v", tool, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			f, set := readFixture(t, path)
			var plain, odd []Object
			for _, o := range f.Chain {
				plain = append(plain, o.object(set))
				odd = append(odd, Object{
					Ref: o.ref(), Labels: unwalked{labelsOf(o.Metadata.Labels)},
					Annotations: unwalked{labelsOf(o.Metadata.Annotations)},
				})
			}
			var want event.Application
			if f.Want != nil {
				want = f.Want.application(plain)
				if want.Via.Object.IsZero() {
					t.Fatalf("want.object %q is not in the chain", f.Want.Object)
				}
			}
			// Other implementations of Metadata, and annotations that no rule
			// reads, make no difference.
			for _, chain := range [][]Object{plain, odd} {
				got, ok := set.Match(chain, f.registry())
				if ok != (f.Want != nil) {
					t.Errorf("matched: %v", ok)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
}
