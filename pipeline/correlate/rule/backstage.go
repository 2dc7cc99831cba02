package rule

import "github.com/fluent-live/live-status/pipeline/event"

// backstageID names the entity of Backstage's catalog that an object belongs to.
// Backstage looks for the label; the annotation of the same key is the entity's,
// which some put on objects too. The key backstage.io/kubernetes-namespace is an
// entity's alone: it says where to look for objects.
const backstageID = "backstage.io/kubernetes-id"

func backstageRules() []rule {
	return []rule{{
		Doc: Doc{
			Rule: "backstage", Tool: event.ToolBackstage, Labels: []string{backstageID}, Annotations: []string{backstageID},
			Yields: "Name is the entity; the namespace is the object's. The label counts where there are both. Not on copies.",
		},
		match: func(c chain) (event.Application, int) {
			for i := c.copied; i < len(c.objects); i++ {
				o := &c.objects[i]
				id, ok := get(o.Labels, backstageID)
				if !ok || !named(id, maxLabel) {
					id, ok = get(o.Annotations, backstageID)
				}
				if ok && named(id, maxName) {
					return event.Application{Name: id, Namespace: o.Ref.Namespace}, i
				}
			}
			return event.Application{}, none
		},
	}}
}
