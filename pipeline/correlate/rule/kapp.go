package rule

import "github.com/fluent-live/live-status/pipeline/event"

// kappApp is the label that kapp puts on what it deploys, and on pod templates. It
// is a number that kapp made up; the application's name is in a ConfigMap only.
const kappApp = "kapp.k14s.io/app"

func kappRules() []rule {
	return []rule{{
		Doc: Doc{
			Rule: "kapp", Tool: event.ToolKapp, Labels: []string{kappApp},
			Yields: "Name is the number that kapp identifies the application by, without a namespace. `kubectl get configmaps -A -l kapp.k14s.io/is-app -o yaml` shows which name has which number.",
		},
		match: func(c chain) (event.Application, int) {
			app, i := c.byLabel(kappApp, 0)
			// An application can be in many namespaces, and the number is unique.
			app.Namespace = ""
			return app, i
		},
	}}
}
