package drift_test

import (
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/status/drift"
)

const (
	ignoredDesired = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {example.com/build: "1"}}
spec:
  replicas: 1
  template: {spec: {containers: [{name: a, image: "a:1"}, {name: b, image: "b:1"}]}}
`
	ignoredLive = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  managedFields:
  - {manager: image-updater, operation: Update, time: "2026-11-21T10:00:00Z", fieldsV1: {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"b"}': {"f:image": {}}}}}}}}
  - {manager: kubectl-edit, operation: Update, time: "2026-11-21T10:00:00Z", fieldsV1: {"f:spec": {"f:replicas": {}}}}
spec:
  replicas: 2
  template: {spec: {containers: [{name: a, image: "a:2"}, {name: b, image: "b:2"}]}}
`
)

func TestIgnore(t *testing.T) {
	const (
		build    = "metadata.annotations[example.com/build]"
		replicas = "spec.replicas"
		a        = `spec.template.spec.containers[name="a"].image`
		b        = `spec.template.spec.containers[name="b"].image`
	)
	for option, want := range map[string][]string{
		"":                               {build, replicas, a, b},
		" , ":                            {build, replicas, a, b},
		"deployments.apps/spec/replicas": {build, a, b},
		"Deployment.apps/spec/replicas":  {build, a, b},
		"deployment/spec/replicas":       {build, a, b},
		"*.apps/spec/replicas":           {build, a, b},
		"*/spec/replicas":                {build, a, b},
		"/spec/replicas":                 {build, a, b},
		"/spec/*":                        {build},
		"/spec":                          {build},
		"/spec/replicas/x":               {build, replicas, a, b},
		"/metadata/annotations/example.com~1build": {replicas, a, b},
		"/spec/template/spec/containers/0/image":   {build, replicas, b},
		"/spec/template/spec/containers/*/image":   {build, replicas},
		"@image-updater":                           {build, replicas, a},
		"deployments.apps@image-*":                 {build, replicas, a},
		"/spec/replicas@image-*":                   {build, replicas, a, b},
		"/spec/replicas@kubectl-edit, @*updater":   {build, a},
		"deployments.apps":                         {},
		"statefulsets.apps, *.example.com, pods":   {build, replicas, a, b},
		"deployments.extensions/spec":              {build, replicas, a, b},
	} {
		ignore, err := drift.ParseIgnore(option)
		if err != nil {
			t.Errorf("%q: %v", option, err)
			continue
		}
		got := comparer(ignore).Compare(drift.Input{Live: object(t, ignoredLive), Desired: []drift.Desired{{Object: object(t, ignoredDesired)}}})
		paths := make([]string, len(got.Drifts))
		for i := range got.Drifts {
			paths[i] = got.Drifts[i].Path
		}
		if strings.Join(paths, " ") != strings.Join(want, " ") {
			t.Errorf("%q: %q", option, paths)
		}
	}
}

// A part of what is missing altogether can be ignored.
func TestIgnoreWithinWhatIsMissing(t *testing.T) {
	ignore, err := drift.ParseIgnore("Widget/spec/a/b, pods/spec/securityContext/fsGroup")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ desired, live, want string }{
		{
			"apiVersion: example.com/v1\nkind: Widget\nspec: {a: {b: 1, c: 2}}\n", "apiVersion: example.com/v1\nkind: Widget\nspec: {}\n",
			"Out of Sync\nspec.a.c: 2 -> nothing\n",
		},
		{
			"apiVersion: v1\nkind: Pod\nspec: {securityContext: {fsGroup: 1}}\n", "apiVersion: v1\nkind: Pod\nspec: {}\n",
			"In Sync\n",
		},
	} {
		got := comparer(ignore).Compare(drift.Input{Live: object(t, tt.live), Desired: []drift.Desired{{Object: object(t, tt.desired)}}})
		if tell(&got) != tt.want {
			t.Errorf("%s", tell(&got))
		}
	}
}

func TestIgnoreErrors(t *testing.T) {
	for option, want := range map[string]string{
		"deployments.apps/spec/replicas@": "no manager after @",
		"Deploy ment/spec":                "is not a kind as kubectl names them",
		"/":                               "an empty name in the JSON pointer",
		"/spec//x":                        "an empty name in the JSON pointer",
		"/spec/a~2b":                      "write ~0 for a tilde",
		"/spec/a~":                        "write ~0 for a tilde",
		"*":                               "it would ignore every drift",
		"pods, *@*":                       "it would ignore every drift",
	} {
		_, err := drift.ParseIgnore(option)
		if err == nil || !strings.HasPrefix(err.Error(), "sync_ignore: entry ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", option, err)
		}
	}
}

func FuzzParseIgnore(f *testing.F) {
	f.Add("deployments.apps/spec/*/replicas~1@m*")
	f.Fuzz(func(t *testing.T, option string) {
		ignore, err := drift.ParseIgnore(option)
		if err != nil {
			return
		}
		comparer(ignore).Compare(drift.Input{Live: object(t, ignoredLive), Desired: []drift.Desired{{Object: object(t, ignoredDesired)}}})
	})
}
