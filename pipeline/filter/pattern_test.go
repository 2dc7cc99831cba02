package filter

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPattern(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"get", "get", true},
		{"get", "gets", false},
		{"", "", true},
		{"", "x", false},
		{"*", "", true},
		{"delete*", "delete", true},
		{"delete*", "deletecollection", true},
		{"*collection", "deletecollection", true},
		{"a*a", "a", false}, // The ends must not overlap.
		{"a*a", "aa", true},
		{"a*b*c", "axbxc", true},
		{"a*b*c", "acb", false},
		{"a*bc*c", "abc", false},
		{"a**c", "abc", true},
		{"system:serviceaccount:*:argocd-*", "system:serviceaccount:argocd:argocd-server", true},
		{"a.c", "abc", false},
		{"[a-z]", "b", false},
		{"Get", "get", false},
	} {
		if p := newPattern(tt.pattern); p.match(tt.s) != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.pattern, tt.s, !tt.want, tt.want)
		}
	}
}

// A pattern is a regular expression in which * is .* and nothing else means
// anything.
func TestPatternAgreesWithRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab.:")), 0, 8, -1)
		s, p := text.Draw(t, "s"), rapid.StringOfN(rapid.RuneFrom([]rune("ab.:**")), 0, 6, -1).Draw(t, "pattern")
		re := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, ".*") + "$")
		compiled := newPattern(p)
		if got, want := compiled.match(s), re.MatchString(s); got != want {
			t.Fatalf("%q matches %q: %v, want %v", p, s, got, want)
		}
	})
}
