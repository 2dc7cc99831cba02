package rule

import (
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestArgoCD(t *testing.T) { testFixtures(t, "argocd") }

func TestParseTrackingID(t *testing.T) {
	for s, want := range map[string]trackingID{
		"shop:apps/Deployment:shop/web":          {"shop", "apps", "Deployment", "shop", "web"},
		"shop:/Service:shop/web":                 {"shop", "", "Service", "shop", "web"},
		"shop:/Namespace:/shop":                  {"shop", "", "Namespace", "", "shop"},
		"a_shop:x.io/R:ns/system:a:b":            {"a_shop", "x.io", "R", "ns", "system:a:b"},
		"":                                       {},
		"shop":                                   {},
		"shop:apps/Deployment":                   {},
		":apps/Deployment:shop/web":              {},
		"shop:Deployment:shop/web":               {},
		"shop:apps/:shop/web":                    {},
		"shop:apps/v1/Deployment:a/b":            {},
		"shop:apps/Deployment:shop/":             {},
		"shop:apps/Deployment:web":               {},
		"shop:apps/Deployment:shop/a/b":          {},
		"sh\nop:apps/Deployment:a/b":             {},
		strings.Repeat("a", 400) + ":/S:a/b":     {},
		"shop:/S:a/" + strings.Repeat("b", 2000): {},
	} {
		got, ok := parseTrackingID(s)
		if ok != (want != trackingID{}) || ok && got != want {
			t.Errorf("%.60q: got %+v, %v", s, got, ok)
		}
	}
}

// FuzzParseTrackingID holds that an id that is read back names what it was read
// from, and nothing else.
func FuzzParseTrackingID(f *testing.F) {
	for _, s := range []string{"shop:apps/Deployment:shop/web", "team_shop:/Service:shop/web", "a:b/c:d/e:f", "::/", "a:/b:/c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := parseTrackingID(s)
		if !ok {
			return
		}
		if back := id.application + ":" + id.group + "/" + id.kind + ":" + id.namespace + "/" + id.name; back != s {
			t.Errorf("%q became %q", s, back)
		}
		o := Object{
			Ref:         event.ObjectRef{APIVersion: "v1", Kind: id.kind, Namespace: event.Namespace(id.namespace), Name: id.name},
			Annotations: Labels{{Key: argoTrackingID, Value: s}},
		}
		if id.group != "" {
			o.Ref.APIVersion = id.group + "/v1"
		}
		set, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if app, ok := set.Match([]Object{o}, nil); strings.Contains(id.group, "/") == ok || ok && app.Name == "" {
			t.Errorf("%q: %+v, %v", s, app, ok)
		}
		o.Ref.Name += "x"
		if app, ok := set.Match([]Object{o}, nil); ok {
			t.Errorf("%q matched another object: %+v", s, app)
		}
	})
}
