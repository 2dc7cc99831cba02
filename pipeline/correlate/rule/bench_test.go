package rule

import (
	"path/filepath"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// benchChain is a pod with its ReplicaSet and Deployment, as a chart makes them.
func benchChain(pod, deployment Labels, annotations Labels) []Object {
	return []Object{
		{
			Ref:    event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web-6c9f7d5b8-x2x7k"},
			Labels: pod, Annotations: Labels(nil),
		},
		{
			Ref:    event.ObjectRef{APIVersion: "apps/v1", Kind: "ReplicaSet", Namespace: "shop", Name: "web-6c9f7d5b8"},
			Labels: pod, Annotations: annotations,
		},
		{
			Ref:    event.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "web"},
			Labels: deployment, Annotations: annotations,
		},
	}
}

func benchChains() map[string][]Object {
	plain := labelsOf(map[string]string{"pod-template-hash": "6c9f7d5b8", "tier": "front", "example.com/cost": "7", "zone": "a"})
	chart := labelsOf(map[string]string{
		"app.kubernetes.io/instance": "shop", "app.kubernetes.io/managed-by": "Helm",
		"app.kubernetes.io/name": "web", "app.kubernetes.io/version": "1.8", "helm.sh/chart": "web-1.2.3",
	})
	octopus := labelsOf(map[string]string{
		"Octopus.Action.Id": "a-1", "Octopus.Deployment.Id": "deployments-1", "Octopus.Deployment.Tenant.Id": "untenanted",
		"Octopus.Environment.Id": "environments-1", "Octopus.Project.Id": "projects-1", "Octopus.Step.Id": "s-1", "app": "web",
	})
	app := labelsOf(map[string]string{"app": "web", "pod-template-hash": "6c9f7d5b8", "tier": "front", "zone": "a"})
	release := labelsOf(map[string]string{helmReleaseName: "shop", helmReleaseNamespace: "shop"})
	return map[string][]Object{
		"octopus":  benchChain(octopus, octopus, nil),
		"helm":     benchChain(plain, chart, release),
		"app":      benchChain(app, app, nil),
		"no_match": benchChain(plain, plain, nil),
	}
}

const fiveRules = `rules:
- name: team
  when: "'example.com/team' in object.metadata.labels"
  application: object.metadata.labels['example.com/team']
- name: operator
  when: object.apiVersion.startsWith('db.example.com/')
  application: object.metadata.name
- name: tenant
  when: object.metadata.namespace.startsWith('tenant-')
  application: object.metadata.namespace.substring(7)
- name: note
  when: object.metadata.annotations[?'example.com/application'].hasValue()
  application: object.metadata.annotations['example.com/application']
- name: tool
  when: object.kind in ['Deployment', 'StatefulSet'] && object.metadata.labels[?'tool'].orValue('') == 'script'
  application: object.metadata.name.lowerAscii()
`

func BenchmarkMatch(b *testing.B) {
	for _, rules := range []struct{ name, text string }{{"", ""}, {"/5_own_rules", fiveRules}} {
		set := newSet(b, rules.text)
		for name, chain := range benchChains() {
			b.Run(name+rules.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					set.Match(chain, unasked{})
				}
			})
		}
	}
}

// BenchmarkMatchFixtures shows what the chains of all cases cost together.
func BenchmarkMatchFixtures(b *testing.B) {
	paths, err := filepath.Glob("testdata/match/*.yaml")
	if err != nil {
		b.Fatal(err)
	}
	set := newSet(b, "")
	var chains [][]Object
	for _, path := range paths {
		f, _ := readFixture(b, path)
		var chain []Object
		for _, o := range f.Chain {
			chain = append(chain, o.object(set))
		}
		chains = append(chains, chain)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, chain := range chains {
			set.Match(chain, unasked{})
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(chains)), "ns/chain")
}
