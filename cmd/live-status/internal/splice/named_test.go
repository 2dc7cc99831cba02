package splice_test

import (
	"testing"

	"github.com/fluent-live/live-status/cmd/live-status/internal/splice"
)

// TestNamesOfAnchors withholds documents that have a value where none is replaced.
func TestNamesOfAnchors(t *testing.T) {
	for name, text := range map[string]string{
		"an anchor":             "a: &" + secret + " 1\n",
		"the anchor of a key":   "&" + secret + " a: 1\n",
		"a tag":                 "a: !" + secret + " 1\n",
		"the tag of a document": "--- !" + secret + "\na: 1\n",
		"a directive":           "%TAG ! " + secret + "\n---\na: 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			if out, _, err := splice.YAML(text, newRedactor(t)); err == nil {
				t.Errorf("%q became %q", text, out)
			}
		})
	}
	const text = "a: &name !tag 1\nb: *name\n"
	if out, _, err := splice.YAML(text, newRedactor(t)); err != nil || out != text {
		t.Errorf("%q became %q, %v", text, out, err)
	}
}
