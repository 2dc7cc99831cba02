package config

import (
	"fmt"
	"slices"
	"strings"
)

// Markdown returns the options of the input plugin as a table for the documentation.
func Markdown() string {
	return table(Options()) + "\n¹ as in Fluent Bit's `kubernetes_events`: same name, notation and default.\n"
}

// OutputMarkdown returns those options of the output plugin that the input plugin has
// not, or with another default.
func OutputMarkdown() string {
	same := map[string]Option{}
	for _, o := range Options() {
		same[o.Key] = o
	}
	return table(slices.DeleteFunc(OutputOptions(), func(o Option) bool {
		is, ok := same[o.Key]
		return ok && is.Default == o.Default && is.Doc == o.Doc
	}))
}

func table(options []Option) string {
	var b strings.Builder
	b.WriteString("| Key | Default | Value | Meaning |\n|---|---|---|---|\n")
	for _, o := range options {
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
	return b.String()
}
