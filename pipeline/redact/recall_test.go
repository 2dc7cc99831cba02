package redact_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/known"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
	"github.com/fluent-live/live-status/pipeline/redact/plant"
)

// known values that stay the same.
type fixed struct{ set *known.Set }

func (f fixed) Current() (*known.Set, string) { return f.set, "" }

// recall counts what was found of what was planted, by each of its properties.
type recall map[string]*[2]int

func (r recall) add(found bool, properties ...string) {
	for _, p := range properties {
		if r[p] == nil {
			r[p] = new([2]int)
		}
		r[p][1]++
		if found {
			r[p][0]++
		}
	}
}

// print writes a table, what was found least first.
func (r recall) print(t *testing.T, property string) (found, planted int) {
	t.Helper()
	var b strings.Builder
	names := slices.SortedFunc(maps.Keys(r), func(a, b string) int {
		return cmp.Or(cmp.Compare(r[a][0]*r[b][1], r[b][0]*r[a][1]), cmp.Compare(a, b))
	})
	for _, name := range names {
		if what, ok := strings.CutPrefix(name, property+": "); ok {
			fmt.Fprintf(&b, "%7.2f %%  %5d of %5d  %s\n", 100*float64(r[name][0])/float64(r[name][1]), r[name][0], r[name][1], what)
			found, planted = found+r[name][0], planted+r[name][1]
		}
	}
	t.Logf("recall per %s\n%s", property, b.String())
	return found, planted
}

// bodies are the objects in the bodies of requests that an API server was sent.
func bodies(tb testing.TB) []event.JSON {
	tb.Helper()
	var out []event.JSON
	for _, rec := range corpus(tb) {
		for _, body := range []event.JSON{rec.Audit.Request, rec.Audit.Response} {
			if strings.HasPrefix(string(body), `{"`) && len(body) < 6000 {
				out = append(out, body)
			}
		}
	}
	return out
}

func encoded(t *testing.T, clean redact.Redacted) string {
	t.Helper()
	out, err := encode.AppendJSON(nil, clean)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestRecallOfKnownValues plants values of each kind, in each notation, at each
// place. None may be left in any notation.
func TestRecallOfKnownValues(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	kinds, forms, places, objects := plant.Kinds(), plant.Forms(), plant.Places(), bodies(t)
	// A hundred values of each kind, of which one is planted at a time.
	var values []known.Value
	byKind := map[string][]string{}
	for _, kind := range kinds {
		for n := range 100 {
			v := kind.New(r)
			byKind[kind.Name] = append(byKind[kind.Name], v)
			values = append(values, known.Value{Name: fmt.Sprintf("%s-%d", strings.ReplaceAll(kind.Name, " ", "-"), n), Text: v})
		}
	}
	set, skipped := known.Compile(values, known.Options{MinLength: 6})
	for _, s := range skipped {
		t.Errorf("%s is not looked for: %s", s.Name, s.Reason)
	}
	redactor := redact.New(redact.Options{Salt: salt, Values: fixed{set}})
	counts := recall{}
	said := 0
	for _, kind := range kinds {
		for _, form := range forms {
			for _, place := range places {
				value := byKind[kind.Name][r.IntN(len(byKind[kind.Name]))]
				text := form.Write(r, value)
				rec := place.Put(r, objects[r.IntN(len(objects))], text)
				out := encoded(t, redactor.Redact(rec))
				at := plant.Occurs(out, value)
				counts.add(at == "", "kind: "+kind.Name, "form: "+form.Name, "place: "+place.Name)
				if at != "" && said < 20 {
					said++
					t.Errorf("%s / %s / %s: left %s: %q of %q", kind.Name, form.Name, place.Name, at, value, text)
				}
			}
		}
	}
	counts.print(t, "form")
	counts.print(t, "place")
	if found, planted := counts.print(t, "kind"); found != planted || planted < 9000 {
		t.Errorf("%d of %d were found", found, planted)
	}
}

// TestRecallOfPatterns plants credentials that are known by their shape alone.
// They are made by the documentation of their issuers, not by the rules.
func TestRecallOfPatterns(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 2))
	rules, err := pattern.Load(pattern.Options{})
	if err != nil {
		t.Fatal(err)
	}
	redactor := redact.New(redact.Options{Salt: salt, Patterns: rules})
	places, objects := plant.Places(), bodies(t)
	counts := recall{}
	said := 0
	for _, kind := range plant.Tokens() {
		for _, place := range places {
			if place.Name == "name" || place.Name == "key" || strings.HasPrefix(place.Name, "key of") || place.Name == "JSON patch, path" {
				continue // What is a name holds no text.
			}
			for range 3 {
				token := kind.New(r)
				secret := plant.Secret(token)
				text := around(r, token)
				out := encoded(t, redactor.Redact(place.Put(r, objects[r.IntN(len(objects))], text)))
				at := plant.Occurs(out, secret)
				counts.add(at == "", "kind: "+kind.Name, "place: "+place.Name)
				if at != "" && said < 20 {
					said++
					t.Logf("%s / %s: left %s: %q of %q", kind.Name, place.Name, at, secret, text)
				}
			}
		}
	}
	counts.print(t, "place")
	if found, planted := counts.print(t, "kind"); float64(found) < 0.98*float64(planted) {
		t.Errorf("%d of %d were found, at least 98 %% are wanted", found, planted)
	}
}

// around puts words around a credential, as logs and messages do.
func around(r *rand.Rand, token string) string {
	switch r.IntN(5) {
	case 0:
		return token
	case 1:
		return "cannot connect: " + token + " was refused"
	case 2:
		return "line 1\n" + token + "\nline 3"
	case 3:
		return "(" + token + ")"
	default:
		return "see " + token + ", then retry"
	}
}

// TestSecretsAreFoundByTheirShape plants the data of Secrets, which nobody
// told the redactor.
func TestSecretsAreFoundByTheirShape(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 3))
	redactor := redact.New(redact.Options{Salt: salt})
	counts := recall{}
	for _, kind := range plant.Kinds() {
		for _, shape := range plant.Shapes() {
			for range 5 {
				value := kind.New(r)
				out := encoded(t, redactor.Redact(shape.Put(r, "{}", value)))
				at := plant.Occurs(out, value)
				counts.add(at == "", "kind: "+kind.Name, "shape: "+shape.Name)
				if at != "" {
					t.Errorf("%s / %s: left %s: %q", kind.Name, shape.Name, at, value)
				}
			}
		}
	}
	counts.print(t, "shape")
	counts.print(t, "kind")
}
