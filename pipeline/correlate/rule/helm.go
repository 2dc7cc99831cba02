package rule

import "github.com/fluent-live/live-status/pipeline/event"

// The annotations that Helm puts on what it installs.
const (
	helmReleaseName      = "meta.helm.sh/release-name"
	helmReleaseNamespace = "meta.helm.sh/release-namespace"
)

func helmRules() []rule {
	return []rule{
		{
			Doc: Doc{
				Rule: "helm-release", Tool: event.ToolHelm, Annotations: []string{helmReleaseName, helmReleaseNamespace},
				Yields: "Name and namespace of the release.",
			},
			match: func(c chain) (event.Application, int) {
				for i := range c.objects {
					o := &c.objects[i]
					name, ok := get(o.Annotations, helmReleaseName)
					if !ok || !named(name, maxName) {
						continue
					}
					app := event.Application{Name: name, Namespace: o.Ref.Namespace}
					if ns, ok := get(o.Annotations, helmReleaseNamespace); ok && named(ns, maxNamespace) {
						app.Namespace = event.Namespace(ns)
					}
					return app, i
				}
				return event.Application{}, none
			},
		},
		{
			// Hooks and what a chart's crds folder has bear no annotations.
			Doc: Doc{
				Rule: "helm-manifest", Tool: event.ToolHelm,
				Reads:  "the manifest and hooks of the release that is deployed",
				Yields: "Name and namespace of the release, its chart and version.",
			},
			match: func(c chain) (event.Application, int) { return c.claimed(event.ToolHelm) },
		},
	}
}
