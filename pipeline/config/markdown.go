package config

import (
	"fmt"
	"strings"
)

// Markdown returns the options as a table for the documentation.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| Key | Default | Value | Meaning |\n|---|---|---|---|\n")
	for _, o := range Options() {
		name := "`" + o.Key + "`"
		if o.KubernetesEvents {
			name += " ¹"
		}
		def := "-"
		if o.Default != "" {
			def = "`" + o.Default + "`"
		}
		value := string(o.Kind)
		if len(o.Values) > 0 {
			value = strings.Join(o.Values, ", ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, def, value, strings.ReplaceAll(o.Doc, "|", `\|`))
	}
	b.WriteString("\n¹ as in Fluent Bit's `kubernetes_events`: same name, notation and default.\n")
	return b.String()
}
