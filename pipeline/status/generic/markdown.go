package generic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Rules returns what this package goes by as the Markdown of docs/STATUS.md.
func Rules() string {
	var b strings.Builder
	b.WriteString("\n| Condition types | mean, where they are True | and False |\n|---|---|---|\n")
	for _, row := range []struct {
		meaning meaning
		isTrue  string
		isFalse string
	}{
		{meansReady, "Healthy", "Degraded or Progressing, by the reason"},
		{meansGood, "Healthy, where no type of the row above is there", "Degraded or Progressing, by the reason"},
		{meansBad, "Degraded", ""},
		{meansBusy, "Progressing", "Degraded where the reason names an error"},
		{meansPaused, "Suspended", ""},
	} {
		var types []string
		for kind, m := range conditionMeanings {
			if m == row.meaning {
				types = append(types, "`"+kind+"`")
			}
		}
		slices.Sort(types)
		var endings []string
		for ending, m := range conditionEndings {
			if m == row.meaning {
				endings = append(endings, "`..."+strings.ToUpper(ending[:1])+ending[1:]+"`")
			}
		}
		slices.Sort(endings)
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(append(types, endings...), " "), row.isTrue, row.isFalse)
	}
	b.WriteString("\n| Words in reasons and phases | mean |\n|---|---|\n")
	for _, health := range []event.Health{
		event.HealthHealthy, event.HealthProgressing, event.HealthDegraded, event.HealthSuspended, event.HealthUnknown,
	} {
		var words []string
		for word, h := range wordHealth {
			if h == health {
				words = append(words, word)
			}
		}
		slices.Sort(words)
		if health == event.HealthProgressing {
			words = append(words, "and other words in -ing")
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(words, ", "), health)
	}
	fmt.Fprintf(&b, "\nPhases are read from %s; booleans from %s. True in %s suspends, and so do the annotations %s.\n",
		pathList(phaseFields), pathList(readyFields), pathList(suspendFields), "`"+strings.Join(suspendAnnotations, "`, `")+"`")
	writeKinds(&b)
	return b.String()
}

func pathList(paths []path) string {
	names := make([]string, 0, len(paths))
	for i := range paths {
		var b strings.Builder
		for _, s := range paths[i].steps {
			b.WriteString("." + s.name)
		}
		names = append(names, "`"+b.String()+"`")
	}
	return strings.Join(names, ", ")
}

// writeKinds lists the kinds that have an entry, by their group.
func writeKinds(b *strings.Builder) {
	byGroup := make(map[string][]string)
	for _, e := range kinds().entries {
		for _, kind := range e.kinds {
			group, name, _ := strings.Cut(kind, "/")
			byGroup[group] = append(byGroup[group], name)
		}
	}
	groups := make([]string, 0, len(byGroup))
	for group := range byGroup {
		groups = append(groups, group)
	}
	slices.Sort(groups)
	b.WriteString("\n| Group | Kinds with an entry in kinds.rules |\n|---|---|\n")
	for _, group := range groups {
		slices.Sort(byGroup[group])
		name := "`" + group + "`"
		if group == "" {
			name = "core"
		}
		all := strings.ReplaceAll(strings.Join(byGroup[group], ", "), "*", "all others")
		fmt.Fprintf(b, "| %s | %s |\n", name, all)
	}
}
