package match_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/redact/match"
)

// plenty is a budget that no test of what is found goes beyond.
const plenty = 1 << 40

// brute finds what Find promises, one pattern after the other.
func brute(patterns []string, fold bool, text string) []match.Hit {
	norm := func(s string) string {
		if !fold {
			return s
		}
		b := []byte(s)
		for i, c := range b {
			if 'A' <= c && c <= 'Z' {
				b[i] = c + 'a' - 'A'
			}
		}
		return string(b)
	}
	text = norm(text)
	var out []match.Hit
	seen := map[string]bool{"": true}
	for i, p := range patterns {
		if p = norm(p); seen[p] {
			continue
		}
		seen[p] = true
		last := -1
		for from := 0; ; {
			at := strings.Index(text[from:], p)
			if at < 0 {
				break
			}
			at += from
			if last >= 0 && at < out[last].End {
				out[last].End = at + len(p)
			} else {
				out = append(out, match.Hit{Start: at, End: at + len(p), Pattern: int32(i)})
				last = len(out) - 1
			}
			from = at + 1
		}
	}
	slices.SortFunc(out, func(a, b match.Hit) int {
		return cmp.Or(a.Start-b.Start, b.End-a.End, int(a.Pattern-b.Pattern))
	})
	return out
}

// TestFindProperty compares with strings.Index where patterns overlap, nest
// and repeat all the time.
func TestFindProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([][]byte{
			[]byte("a"), []byte("ab"), []byte("aAbB"), []byte("aA@`[{"), {0, 0xff, 'a'}, []byte("abcdefgh"),
		}).Draw(t, "alphabet")
		word := func(low, high int) string {
			return string(rapid.SliceOfN(rapid.SampledFrom(alphabet), low, high).Draw(t, "word"))
		}
		fold := rapid.Bool().Draw(t, "fold")
		text := word(0, 200)
		var patterns []string
		for range rapid.IntRange(0, 40).Draw(t, "patterns") {
			p := word(0, 64)
			if n := len(text); n > 0 && rapid.Bool().Draw(t, "cut") {
				from := rapid.IntRange(0, n-1).Draw(t, "from")
				p = text[from:min(n, from+rapid.IntRange(1, 64).Draw(t, "length"))]
			}
			patterns = append(patterns, p)
		}
		s := match.Compile(patterns, match.Options{Fold: fold, Seed: rapid.Uint64().Draw(t, "seed")})
		want := brute(patterns, fold, text)
		got, ok := s.Find(text, plenty, nil)
		if !ok {
			t.Fatal("beyond budget")
		}
		if d := gocmp.Diff(want, got); d != "" {
			t.Fatalf("patterns %q in %q (-want +got):\n%s", patterns, text, d)
		}
		if s.Contains(text) != (len(want) > 0) {
			t.Fatalf("Contains(%q) = %v with %d hits", text, s.Contains(text), len(want))
		}
	})
}

// FuzzFind compares with strings.Index. Patterns are separated by zeros.
func FuzzFind(f *testing.F) {
	f.Add("secret\x00cret\x00", "a secretcret", false)
	f.Add("aaaaaa\x00aaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaa", true)
	f.Fuzz(func(t *testing.T, joined, text string, fold bool) {
		if len(joined) > 1<<12 || len(text) > 1<<12 {
			return
		}
		patterns := strings.Split(joined, "\x00")
		s := match.Compile(patterns, match.Options{Fold: fold})
		want := brute(patterns, fold, text)
		got, ok := s.Find(text, plenty, nil)
		if d := gocmp.Diff(want, got); d != "" || !ok {
			t.Fatalf("ok %v (-want +got):\n%s", ok, d)
		}
		if s.Contains(text) != (len(want) > 0) {
			t.Fatal("Contains says otherwise")
		}
		if cut, ok := s.Find(text, len(text)/2, nil); ok && !slices.Equal(cut, want) {
			t.Fatal("within budget, but incomplete")
		}
	})
}
