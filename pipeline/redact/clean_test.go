package redact

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/fluent-live/live-status/pipeline/redact/known"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

func knownSet(tb testing.TB, text string) *known.Set {
	tb.Helper()
	set, skipped := known.Compile([]known.Value{{Name: "n", Text: text}}, known.Options{})
	if len(skipped) > 0 {
		tb.Fatal(skipped)
	}
	return set
}

func TestCleanStrings(t *testing.T) {
	var c cleanStrings
	first, second := knownSet(t, "first-value"), knownSet(t, "second-value")
	c.reset(first)
	strs := []string{"kind", "name", "apiVersion", "metadata", strings.Repeat("x", maxClean)}
	for i := range 1_000 {
		strs = append(strs, fmt.Sprintf("label-%d", i))
	}
	for _, s := range strs {
		slot, ok := c.has(s, cleanOfAll)
		if ok {
			t.Fatalf("%q is said to be clean", s)
		}
		slot.put(s, cleanOfValues)
		if _, ok := c.has(s, cleanOfAll); ok {
			t.Fatalf("%q is said to be clean of patterns", s)
		}
		slot.put(s, cleanOfAll)
		for _, is := range []cleanness{cleanOfValues, cleanOfAll} {
			if _, ok := c.has(s, is); !ok {
				t.Fatalf("%q is forgotten at once", s)
			}
		}
	}
	for _, s := range []string{"", "abc", strings.Repeat("x", maxClean+1)} {
		if slot, ok := c.has(s, cleanOfAll); slot != nil || ok {
			t.Errorf("%q has a place", s)
		}
	}
	c.reset(first)
	if _, ok := c.has("label-999", cleanOfAll); !ok {
		t.Error("the same set makes it forget")
	}
	c.reset(second)
	for _, s := range strs {
		if _, ok := c.has(s, cleanOfAll|cleanOfValues); ok {
			t.Fatalf("%q is clean of another set", s)
		}
	}
}

// TestNothingFoundIsKept looks for a value and a token in what is remembered.
func TestNothingFoundIsKept(t *testing.T) {
	rules, err := pattern.Load(pattern.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := newSearch()
	x.begin(&Options{Patterns: rules}, nil)
	x.known = knownSet(t, "hunter22-hunter22")
	x.clean.reset(x.known)
	token := "gh" + "p_" + strings.Repeat("a1B2c3", 6)
	for range 2 {
		for _, s := range []string{"an ordinary text", "hunter22-hunter22", token} {
			out, reason := x.text(s)
			if clean := s == "an ordinary text"; (out == s) != clean || reason != "" {
				t.Errorf("%q becomes %q", s, out)
			}
		}
	}
	memory := unsafe.Slice((*byte)(unsafe.Pointer(x.clean.slots)), unsafe.Sizeof(*x.clean.slots))
	if !bytes.Contains(memory, []byte("an ordinary text")) || bytes.Contains(memory, []byte("hunter22")) || bytes.Contains(memory, []byte(token[:12])) {
		t.Error("the wrong strings are kept")
	}
}

// TestAllowedByPath has a string that is allowed at one path only.
func TestAllowedByPath(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte("allow:\n- path: /here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := pattern.Load(pattern.Options{Files: []string{file}})
	if err != nil {
		t.Skip(err) // Its own package tests the format.
	}
	x := newSearch()
	x.begin(&Options{Patterns: rules}, nil)
	x.clean.reset(nil)
	token := "gh" + "p_" + strings.Repeat("a1B2c3", 6)
	for range 2 {
		x.base = "/here"
		if out, _ := x.text(token); out != token {
			t.Errorf("changed although allowed: %q", out)
		}
		x.base = "/there"
		if out, _ := x.text(token); out == token {
			t.Error("what is allowed elsewhere stays")
		}
	}
}

// TestCleanOfValuesIsNotCleanOfAll has a string that was searched for values alone
// before it is searched for patterns as well.
func TestCleanOfValuesIsNotCleanOfAll(t *testing.T) {
	rules, err := pattern.Load(pattern.Options{})
	if err != nil {
		t.Fatal(err)
	}
	set, _ := known.Compile([]known.Value{{Name: "other", Text: "s3cr3t-of-shop"}}, known.Options{})
	x := newSearch()
	x.begin(&Options{Patterns: rules}, nil)
	x.known = set
	x.clean.reset(set)
	token := "gh" + "p_" + strings.Repeat("a1B2", 9)
	if out, reason := x.values(token); out != token || reason != "" {
		t.Errorf("searched for values: %q, %q", out, reason)
	}
	if out, reason := x.text(token); out == token || reason != "" {
		t.Errorf("searched for patterns: %q, %q", out, reason)
	}
}
