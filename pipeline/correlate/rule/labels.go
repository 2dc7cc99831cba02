package rule

import "github.com/fluent-live/live-status/pipeline/event"

// labelRules are the labels that people and charts put on objects, from what
// names the whole to what names a part.
func labelRules() []rule {
	var rules []rule
	for _, l := range []struct {
		name event.Rule
		key  string
	}{
		{"part-of", "app.kubernetes.io/part-of"},
		{"instance", "app.kubernetes.io/instance"},
		{"name", "app.kubernetes.io/name"},
		{"app", "app"},
		{"k8s-app", "k8s-app"},
	} {
		rules = append(rules, rule{
			Doc: Doc{
				Rule: l.name, Tool: event.ToolLabels, Labels: []string{l.key},
				Yields: "Name is the value; the namespace is the object's. Not on copies.",
			},
			match: func(c chain) (event.Application, int) { return c.byLabel(l.key, c.copied) },
		})
	}
	return rules
}
