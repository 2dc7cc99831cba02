package rule

import "github.com/fluent-live/live-status/pipeline/event"

// What KubeVela puts on the workloads and traits of an application. The
// publishVersion is the version that a user gave the application.
const (
	velaName           = "app.oam.dev/name"
	velaNamespace      = "app.oam.dev/namespace"
	velaPublishVersion = "app.oam.dev/publishVersion"
)

func velaRules() []rule {
	return []rule{{
		Doc: Doc{
			Rule: "kubevela", Tool: event.ToolKubeVela, Labels: []string{velaName, velaNamespace}, Annotations: []string{velaPublishVersion},
			Yields: "Name and namespace of the Application; its version is the published one if there is one.",
		},
		match: func(c chain) (event.Application, int) {
			app, i := c.byLabels(velaName, velaNamespace)
			if i == none {
				return app, none
			}
			if v, ok := get(c.objects[i].Annotations, velaPublishVersion); ok && named(v, maxName) {
				app.Version = v
			}
			return app, i
		},
	}}
}
