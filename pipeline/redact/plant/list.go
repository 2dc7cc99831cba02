package plant

import (
	"fmt"
	"html"
	"math/rand/v2"
	"strings"
)

// lists are notations of a value byte by byte.
func lists() []Form {
	form := func(name, format, separator string) Form {
		return Form{name, func(r *rand.Rand, v string) string {
			parts := make([]string, len(v))
			for i := range parts {
				parts[i] = fmt.Sprintf(format, v[i])
			}
			// A digit next to it would make another number of it.
			return "bytes=" + strings.Join(parts, separator) + ";" + of(r, lower, 3)
		}}
	}
	return []Form{
		{"bytes as Go prints them", func(_ *rand.Rand, v string) string { return fmt.Sprintf("got %v", []byte(v)) }},
		{"bytes in Go", func(_ *rand.Rand, v string) string { return fmt.Sprintf("%#v", []byte(v)) }},
		form("bytes, commas", "%d", ","),
		form("bytes, commas and spaces", "%d", ", "),
		form("hexadecimal, colons", "%02x", ":"),
		form("hexadecimal, upper case, colons", "%02X", ":"),
		form("hexadecimal, spaces", "%02x", " "),
		form("hexadecimal, upper case, spaces", "%02X", " "),
		form("hexadecimal, upper case, in C", "0x%02X", ", "),
	}
}

// markup are notations of signs that mean something in a language around them.
func markup() []Form {
	form := func(name, before, after string, pairs ...string) Form {
		write := strings.NewReplacer(pairs...)
		return Form{name, func(_ *rand.Rand, v string) string { return before + write.Replace(v) + after }}
	}
	return []Form{
		form("quoted in YAML", "key: '", "'", "'", "''"),
		form("quoted in a shell", "export A='", "'", "'", `'\''`),
		form("quoted in a shell, twice", "export A='", "'", "'", `'"'"'`),
		form("quoted in CSV", `1,"`, `"`, `"`, `""`),
		{"HTML", func(_ *rand.Rand, v string) string { return "<b>" + html.EscapeString(v) + "</b>" }},
		form("HTML, names", `<a b="`, `">`, "&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;"),
		form("XML", `<a b="`, `"/>`, "&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;"),
		form("HTML of Python", `<a b="`, `">`, "&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;"),
		form("HTML, text", "<b>", "</b>", "&", "&amp;", "<", "&lt;", ">", "&gt;"),
		{"JavaScript, every character escaped", func(_ *rand.Rand, v string) string {
			var b strings.Builder
			for _, c := range v {
				fmt.Fprintf(&b, `\u{%x}`, c)
			}
			return b.String()
		}},
	}
}
