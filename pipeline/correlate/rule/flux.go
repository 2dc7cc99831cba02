package rule

import "github.com/fluent-live/live-status/pipeline/event"

// The labels that Flux's controllers put on what they apply.
const (
	fluxKustomizeName      = "kustomize.toolkit.fluxcd.io/name"
	fluxKustomizeNamespace = "kustomize.toolkit.fluxcd.io/namespace"
	fluxHelmName           = "helm.toolkit.fluxcd.io/name"
	fluxHelmNamespace      = "helm.toolkit.fluxcd.io/namespace"
)

func fluxRules() []rule {
	return []rule{
		{
			Doc: Doc{
				Rule: "flux-kustomize", Tool: event.ToolFlux, Labels: []string{fluxKustomizeName, fluxKustomizeNamespace},
				Yields: "Name and namespace of the Kustomization.",
			},
			match: func(c chain) (event.Application, int) {
				return c.byLabels(fluxKustomizeName, fluxKustomizeNamespace)
			},
		},
		{
			Doc: Doc{
				Rule: "flux-helm", Tool: event.ToolFlux, Labels: []string{fluxHelmName, fluxHelmNamespace},
				Yields: "Name and namespace of the HelmRelease.",
			},
			match: func(c chain) (event.Application, int) {
				return c.byLabels(fluxHelmName, fluxHelmNamespace)
			},
		},
		{
			Doc: Doc{
				Rule: "flux-inventory", Tool: event.ToolFlux,
				Reads:  "the Kustomizations' `status.inventory`",
				Yields: "Name and namespace of the Kustomization, and its version.",
			},
			match: func(c chain) (event.Application, int) { return c.claimed(event.ToolFlux) },
		},
	}
}
