package deployment_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/deployment"
	"github.com/fluent-live/live-status/pipeline/event"
)

// check tells what must be so of any report.
func check(t *testing.T, r *deployment.Report, err error) {
	t.Helper()
	if err != nil {
		if reasonOf(err) == "" {
			t.Errorf("an error of another kind: %v", err)
		}
		return
	}
	if r.Key == "" || r.Application.Name == "" {
		t.Error("a report on nothing")
	}
	d := &r.Deployment
	if len(r.Claims) > 10_000 || len(d.Objects) > 200 || d.Omitted < 0 || len(d.Message) > 3*256<<10 {
		t.Errorf("%d claims, %d objects, %d omitted, a message of %d bytes", len(r.Claims), len(d.Objects), d.Omitted, len(d.Message))
	}
	for _, s := range []string{d.Message, d.Status, d.Revision, d.Source, d.Version, d.Chart, d.InitiatedBy} {
		if !utf8.ValidString(s) {
			t.Errorf("%q is not UTF-8", s)
		}
	}
	for i := range r.Claims {
		if c := &r.Claims[i]; c.Kind == "" || c.Name == "" || c.APIVersion == "" || len(c.Name) > 253 {
			t.Errorf("a claim of %+v", c)
		}
	}
}

// checkManifests tells what must be so of those of any report.
func checkManifests(t *testing.T, r *deployment.Report) {
	t.Helper()
	for i := range r.Manifests {
		m := &r.Manifests[i]
		if m.Ref.Kind == "" || m.Ref.Name == "" || m.Ref.APIVersion == "" || !json.Valid([]byte(m.JSON)) {
			t.Errorf("a manifest of %+v", m.Ref)
		}
	}
}

func refOf(apiVersion, kind, name string) event.Live {
	return event.Live{
		Ref:    event.ObjectRef{APIVersion: apiVersion, Kind: kind, Namespace: "shop", Name: name, UID: "u", ResourceVersion: "1"},
		Labels: []event.Label{{Key: "owner", Value: "helm"}},
	}
}

// seed adds what the fixtures of a kind are made of.
func seed(f *testing.F, kind string) {
	f.Helper()
	for _, ar := range archives(f) {
		if l, raw := fixture(f, ar); l.Ref.Kind == kind {
			f.Add(raw)
		}
	}
}

func FuzzApplication(f *testing.F) {
	seed(f, "Application")
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := deployment.Read(refOf("argoproj.io/v1alpha1", "Application", "shop"), raw)
		check(t, &r, err)
	})
}

func FuzzKustomization(f *testing.F) {
	seed(f, "Kustomization")
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := deployment.Read(refOf("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "shop"), raw)
		check(t, &r, err)
	})
}

func FuzzHelmRelease(f *testing.F) {
	seed(f, "HelmRelease")
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := deployment.Read(refOf("helm.toolkit.fluxcd.io/v2", "HelmRelease", "shop"), raw)
		check(t, &r, err)
	})
}

// The objects in which releases are stored, as they come.
func FuzzStored(f *testing.F) {
	seed(f, "Secret")
	seed(f, "ConfigMap")
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, kind := range []string{"Secret", "ConfigMap"} {
			r, err := deployment.Read(refOf("v1", kind, storedName), raw)
			check(t, &r, err)
		}
	})
}

// What is within them, and the manifests in that.
func FuzzRelease(f *testing.F) {
	f.Add([]byte(`{"name":"shop","version":1,"info":{"status":"deployed"},"manifest":"apiVersion: v1\nkind: A\nmetadata:\n  name: b\n"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		raw := []byte(`{"data":{"release":"` + wrapped(false, payload) + `"}}`)
		r, err := deployment.Read(refOf("v1", "ConfigMap", storedName), raw)
		check(t, &r, err)
	})
}

func FuzzManifest(f *testing.F) {
	for _, manifest := range []string{
		"---\napiVersion: v1\nkind: A\nmetadata:\n  name: b\n  namespace: c\n",
		"apiVersion: v1\nkind: A\nmetadata: {name: 'b', labels: {a: \"}\"}} # c\n",
		`{"apiVersion": "v1", "kind": "A", "metadata": {"name": "b"}}`,
		"apiVersion: &a v1\r\nkind: !!str A\r\nmetadata: &m\r\n  name: b\r\n---\n# nothing\n--- {a: [b, 'it''s', \"\\\"\"]}",
	} {
		f.Add(manifest)
	}
	f.Fuzz(func(t *testing.T, manifest string) {
		l, raw := release(t, manifest)
		r, err := deployment.Options{Manifests: true}.Read(l, raw)
		if err != nil {
			t.Fatal(err)
		}
		check(t, &r, err)
		checkManifests(t, &r)
	})
}
