package pattern

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzReplace has any text come out the same when it is redacted twice, valid
// if it was, and with what was between the secrets as it was.
func FuzzReplace(f *testing.F) {
	s := load(f)
	for _, r := range s.rules {
		for _, text := range r.examples.found {
			f.Add(text)
		}
	}
	f.Add("password=[redacted:x]abc://u:[redacted]p@h token: [redacted")
	f.Add("%70assword%3Da%62c \\u0070wd\\u003dx")
	f.Fuzz(func(t *testing.T, text string) {
		hits := 0
		out, ok := s.Replace(text, At{}, func(string) { hits++ })
		if !ok {
			return
		}
		if (out != text) != (hits > 0) {
			t.Errorf("%d hits in %q become %q", hits, text, out)
		}
		if utf8.ValidString(text) && !utf8.ValidString(out) {
			t.Errorf("%q becomes %q", text, out)
		}
		if again, ok := s.Replace(out, At{}, nil); !ok || again != out {
			t.Errorf("%q becomes %q and that %q", text, out, again)
		}
	})
}

// FuzzFile has no rules file stop the program, and no error quote its text.
func FuzzFile(f *testing.F) {
	f.Add(acme)
	f.Add("allow:\n  - {path: /a/**, value: x, rule: acme/*}\n")
	f.Add("rules: &a [*a]")
	f.Add("define: {x: &x [a, b]}\nrules:\n  - {id: a/b, keywords: *x, regex: 'a(b|c)', allow: [*x, [y]]}")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 {
			return
		}
		s := new(Set)
		if err := s.add("rules.yaml", []byte(text), true); err != nil {
			if !strings.HasPrefix(err.Error(), "rules.yaml") {
				t.Errorf("%v", err)
			}
			return
		}
		if err := s.bindAllowances(); err != nil {
			return
		}
		s.ready()
		s.Replace("a text "+text, At{}, nil)
	})
}
