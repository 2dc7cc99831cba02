package main

import (
	"fmt"
	"strings"

	"github.com/fluent-live/live-status/pipeline/config"
)

// optionUsage lists the flags of options.
func optionUsage(options []config.Option) string {
	const indent, width = "        ", 88
	var b strings.Builder
	for _, o := range options {
		value := placeholder(o)
		switch o.Kind {
		case config.KindBool:
			fmt.Fprintf(&b, "  --%s[=on|off]", flagOf(o.Key))
		default:
			fmt.Fprintf(&b, "  --%s %s", flagOf(o.Key), value)
		}
		// The longest default would fill the page.
		if o.Default != "" && len(o.Default) <= 60 {
			fmt.Fprintf(&b, " (%s)", o.Default)
		}
		b.WriteString("\n")
		line := indent
		for word := range strings.FieldsSeq(strings.ReplaceAll(o.Doc, "`", "")) {
			if len(line)+1+len(word) > width {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line = indent
			}
			if line != indent {
				line += " "
			}
			line += word
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// firstSentence is what a completion has room for.
func firstSentence(doc string) string {
	doc = strings.ReplaceAll(doc, "`", "")
	first, _, _ := strings.Cut(doc, ". ")
	first, _, _ = strings.Cut(first, "; ")
	return strings.TrimSuffix(first, ".")
}
