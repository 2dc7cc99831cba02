package rule

import "github.com/fluent-live/live-status/pipeline/event"

func applicationRules() []rule {
	return []rule{{
		Doc: Doc{
			Rule: "app-k8s-io", Tool: event.ToolApplication,
			Reads:  "the selectors of the Applications of `app.k8s.io/v1beta1` in the object's namespace",
			Yields: "Name and namespace of the Application, and its version.",
		},
		match: func(c chain) (event.Application, int) {
			for i := range c.objects {
				if app, ok := c.registry.Selected(&c.objects[i]); ok && app.Name != "" && len(app.Name) <= maxName {
					return app, i
				}
			}
			return event.Application{}, none
		},
	}}
}
