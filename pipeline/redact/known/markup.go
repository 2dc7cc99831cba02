package known

import (
	"slices"
	"strings"
)

// rewriters write the signs of a text as others, where a text has a sign that
// is to be quoted: within single quotes of YAML and SQL, of a shell, and
// within double quotes of CSV; and as entities of HTML and XML, as Go, most
// others, XML and Python write them, and where no attribute is made.
var rewriters = [...]*strings.Replacer{
	strings.NewReplacer(`'`, `''`),
	strings.NewReplacer(`'`, `'\''`),
	strings.NewReplacer(`'`, `'"'"'`),
	strings.NewReplacer(`"`, `""`),
	strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;", `"`, "&#34;", `'`, "&#39;"),
	strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;", `"`, "&quot;", `'`, "&#39;"),
	strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;", `"`, "&quot;", `'`, "&apos;"),
	strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;", `"`, "&quot;", `'`, "&#x27;"),
	strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;"),
}

// rewritten adds forms of a text with signs that are quoted in others. A long
// one is a document, which is not written into markup.
func (b *builder) rewritten(i int32, text string) {
	if len(text) > maxRewritten || !strings.ContainsAny(text, `'"&<>`) {
		return
	}
	others := []string{text}
	for _, r := range rewriters {
		if s := r.Replace(text); !slices.Contains(others, s) {
			others = append(others, s)
			b.texts += int64(len(s))
			b.add(form{text: s, value: i})
		}
	}
}

// maxRewritten is the length of the longest text whose quoted forms are kept,
// in bytes.
const maxRewritten = 16 << 10
