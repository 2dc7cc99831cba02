package rule

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// itself is a kind of objects in which a tool keeps an application.
type itself struct {
	group, kind string
	rule        event.Rule
	tool        event.Tool
	what        string
}

func itselfKinds() []itself {
	return []itself{
		{"argoproj.io", "Application", "argocd-application", event.ToolArgoCD, "an Application of Argo CD"},
		{"kustomize.toolkit.fluxcd.io", "Kustomization", "flux-kustomization", event.ToolFlux, "a Kustomization of Flux"},
		{"helm.toolkit.fluxcd.io", "HelmRelease", "flux-helmrelease", event.ToolFlux, "a HelmRelease of Flux"},
		{"app.k8s.io", "Application", "app-k8s-io-application", event.ToolApplication, "an Application of `app.k8s.io`"},
	}
}

// itselfRules tie the objects in which tools keep applications to these. They come
// before all marks, which say who deployed the object; and they look at no owners:
// what such an object owns may be marked by itself.
func itselfRules() []rule {
	var rules []rule
	for _, k := range itselfKinds() {
		rules = append(rules, rule{
			Doc: Doc{
				Rule: k.rule, Tool: k.tool, Reads: "whether the object is " + k.what,
				Yields: "Its name and namespace.",
			},
			match: func(c chain) (event.Application, int) {
				ref := &c.objects[0].Ref
				if ref.Kind != k.kind || group(ref.APIVersion) != k.group || ref.Name == "" {
					return event.Application{}, none
				}
				return event.Application{Name: ref.Name, Namespace: ref.Namespace}, 0
			},
		})
	}
	return append(rules, storedRule())
}

// storedRule ties what Helm stores the revisions of a release in to the release. A
// HelmRelease of Flux that manages it claims the newest.
func storedRule() rule {
	const prefix, owner, helm = "sh.helm.release.v1.", "owner", "helm"
	return rule{
		Doc: Doc{
			Rule: "helm-storage", Tool: event.ToolHelm, Labels: []string{owner},
			Reads:  "whether the object is a Secret or ConfigMap that Helm stores a revision in",
			Yields: "Name and namespace of the release.",
		},
		match: func(c chain) (event.Application, int) {
			o := &c.objects[0]
			if o.Ref.APIVersion != "v1" || o.Ref.Kind != "Secret" && o.Ref.Kind != "ConfigMap" {
				return event.Application{}, none
			}
			rest, ok := strings.CutPrefix(o.Ref.Name, prefix)
			at := strings.LastIndex(rest, ".v")
			if !ok || at <= 0 {
				return event.Application{}, none
			}
			if by, ok := get(o.Labels, owner); !ok || by != helm {
				return event.Application{}, none
			}
			if _, managed := c.registry.Claimed(event.ToolFlux, o.Ref); managed {
				return event.Application{}, none
			}
			return event.Application{Name: rest[:at], Namespace: o.Ref.Namespace}, 0
		},
	}
}
