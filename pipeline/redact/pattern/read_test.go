package pattern

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write returns the name of a file with the text.
func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const acme = `rules:
  - id: acme/token
    description: Token of Acme
    keywords: [acme-]
    regex: 'acme-(?P<secret>[0-9a-f]{8})'
    allow: ['^0+$']
    unless: ['-deadbeef$']
    examples:
      true: [[ac, me-, 01234567]]
      false: [acme-00000000, acme-deadbeef, acme-]
`

func TestFiles(t *testing.T) {
	s, err := Load(Options{Files: []string{write(t, acme), write(t, "")}})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"x ACME-01234567":         "x ACME-01234567",
		"x acme-01234567 y":       "x acme-[redacted:acme/token] y",
		"acme-00000000":           "acme-00000000",
		"acme-deadbeef":           "acme-deadbeef",
		"xacme-0123456789":        "xacme-[redacted:acme/token]89",
		"acme-1 acme-11111112 ok": "acme-1 acme-[redacted:acme/token] ok",
	} {
		if out, ok := s.Replace(in, At{}, nil); !ok || out != want {
			t.Errorf("%q becomes %q", in, out)
		}
	}
}

// TestFileErrors has each mistake named with file, line and the way out, and
// nothing of a value quoted.
func TestFileErrors(t *testing.T) {
	rule := func(lines string) string {
		return "rules:\n  - id: acme/token\n    keywords: [acme-]\n    regex: acme-[0-9]+\n" + lines
	}
	for _, c := range []struct{ text, want string }{
		{"rules: [", "it is not YAML"},
		{"- a", ":1: a mapping is wanted"},
		{"rule: []", ":1: unknown key; known are rules"},
		{"rules: {}", ":1: a list is wanted"},
		{"rules: []\n---\nrules: []", "more than one YAML document"},
		{"rules:\n  - id: Acme", ":2: a rule needs an id such as"},
		{"rules:\n  - id: acme/token\n    regex: x", "has no keywords"},
		{"rules:\n  - id: acme/token\n    keywords: [abc]", "has no regex"},
		{"rules:\n  - id: acme/token\n    keywords: [a]\n    regex: x", ":3: a keyword has at least"},
		{"rules:\n  - id: acme/token\n    keywords: [abc]\n    regex: '('", ":4: rule acme/token: the expression is not one of RE2: missing closing )"},
		{"rules:\n  - id: acme/token\n    keywords: [abc]\n    regex: 'x*'", "matches the empty text"},
		{"rules:\n  - id: acme/token\n    anchor: word\n    keywords: [abc]\n    regex: 'xabc'", "does not begin with one"},
		{"rules:\n  - id: github/token\n    keywords: [abc]\n    regex: abc", ":2: rule github/token exists already; choose another id"},
		{rule("    entropy: 9\n"), ":5: entropy is a number"},
		{rule("    anchor: far\n"), ":5: an anchor is one of"},
		{rule("    after: 99999\n"), ":5: a number from 0 to"},
		{rule("    color: red\n"), ":5: unknown key of a rule; known are"},
		{rule("    id: acme/other\n"), ":5: a key must be a word that stands once"},
		{rule("    examples: {true: [beta-1]}\n"), "rule acme/token: it does not find its true example number 1"},
		{rule("    examples: {false: [beta-1, acme-1]}\n"), "it finds something in its false example number 2"},
		{rule("    examples: {maybe: []}\n"), "examples are under true or false"},
		{"allow:\n  - rule: github/token", ":2: an allowance needs a path or a value"},
		{"allow:\n  - path: audit", ":2: path: a path begins with a slash"},
		{"allow:\n  - value: '('", "the expression is not one of RE2"},
		{"allow:\n  - {value: x, rule: github/tokn}", `there is no rule "github/tokn": near it are github/token,`},
		{"allow:\n  - {value: x, colour: y}", "unknown key of an allowance"},
	} {
		name := write(t, c.text)
		_, err := Load(Options{Files: []string{name}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
	if _, err := Load(Options{Files: []string{filepath.Join(t.TempDir(), "none")}}); err == nil {
		t.Error("a file that is not there is read")
	}
	if _, err := Load(Options{Files: []string{t.TempDir()}}); err == nil || !strings.Contains(err.Error(), "it is no file") {
		t.Errorf("a folder is read: %v", err)
	}
}

func TestOff(t *testing.T) {
	text := "tok gh" + "p_" + strings.Repeat("aB3dE6", 6)
	for _, off := range [][]string{{"github/token"}, {"github/*"}, {"*/*"}} {
		s, err := Load(Options{Off: off})
		if err != nil {
			t.Fatal(err)
		}
		if out, ok := s.Replace(text, At{}, nil); !ok || out != text {
			t.Errorf("off %q: %q", off, out)
		}
		for _, info := range s.Rules() {
			if info.ID == "github/token" {
				t.Errorf("off %q: it is there", off)
			}
		}
	}
	for off, want := range map[string]string{
		"github/tokens": "near it are github/token,",
		"gitlub/*":      "near it are git",
		"[":             "is no glob",
	} {
		if _, err := Load(Options{Off: []string{off}}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "redact_rules_off") {
			t.Errorf("off %s: %v", off, err)
		}
	}
}

func TestAllowances(t *testing.T) {
	s, err := Load(Options{Files: []string{write(t, `allow:
  - value: '^hunter2$'
  - path: /audit/**/annotations/*
    rule: assignment/*
  - {path: "/event/message", value: '^only-here-1$'}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, text string
		stays      bool
	}{
		{"", "password=hunter2", true},
		{"", "password=hunter3", false},
		{"/audit/request/metadata/annotations/a~1b", "password=hunter3", true},
		{"/audit/annotations/a", "password=hunter3", true},
		{"/audit/annotations/a/b", "password=hunter3", false},
		{"/audit/annotations/a", "gh" + "p_" + strings.Repeat("aB3dE6", 6), false},
		{"/event/message", "password=only-here-1", true},
		{"/event/messages", "password=only-here-1", false},
	} {
		asked := 0
		at := At{Path: func() string { asked++; return c.path }}
		if c.path == "" {
			at = At{}
		}
		out, ok := s.Replace(c.text, at, nil)
		if !ok || (out == c.text) != c.stays {
			t.Errorf("%s: %q becomes %q", c.path, c.text, out)
		}
		if asked > 8 {
			t.Errorf("the path was asked for %d times", asked)
		}
	}
	if _, ok := s.Replace("nothing", At{Path: func() string { t.Error("the path is asked for"); return "" }}, nil); !ok {
		t.Error("not examined")
	}
}

func TestPathGlobs(t *testing.T) {
	for _, c := range []struct {
		glob, path string
		want       bool
	}{
		{"/a/b", "/a/b", true},
		{"/a/*", "/a/b", true},
		{"/a/*", "/a/b/c", false},
		{"/**", "/a/b/c", true},
		{"/**/c", "/a/b/c", true},
		{"/**/c/**", "/c", true},
		{"/**/c/**/e", "/a/c/d/c/e", true},
		{"/**/c/d", "/c/e/c/d", true},
		{"/a", "a", false},
		{"/x~1y", "/x~1y", true},
		{"/x*z", "/x~1z", true},
	} {
		g, err := newPathGlob(c.glob)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.matches(c.path); got != c.want {
			t.Errorf("%s of %s is %v", c.glob, c.path, got)
		}
	}
}
