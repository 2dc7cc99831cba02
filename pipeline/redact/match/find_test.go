package match_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/redact/match"
)

func TestFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		patterns []string
		fold     bool
		text     string
		want     []match.Hit
	}{
		{name: "no patterns", text: "text"},
		{name: "no text", patterns: []string{"a", "abcdefgh"}},
		{name: "empty patterns", patterns: []string{"", ""}, text: "text"},
		{name: "the whole text", patterns: []string{"hunter22"}, text: "hunter22", want: []match.Hit{{0, 8, 0}}},
		{name: "the text is shorter", patterns: []string{"hunter22"}, text: "hunter2"},
		{
			name: "repeated patterns", patterns: []string{"", "other1", "secret", "secret", "other1"},
			text: "secret other1", want: []match.Hit{{0, 6, 2}, {7, 13, 1}},
		},
		{
			name: "nested and overlapping", patterns: []string{"bcd", "abcdef", "abc", "efgh", "cdefgh"},
			text: "abcdefgh",
			want: []match.Hit{{0, 6, 1}, {0, 3, 2}, {1, 4, 0}, {2, 8, 4}, {4, 8, 3}},
		},
		{
			name: "a run is one hit", patterns: []string{"aaaaaa", "abab"}, text: "aaaaaaaaababab-aaaaaa",
			want: []match.Hit{{0, 9, 0}, {8, 14, 1}, {15, 21, 0}},
		},
		{
			name: "side by side are two", patterns: []string{"secret"}, text: "secretsecret",
			want: []match.Hit{{0, 6, 0}, {6, 12, 0}},
		},
		{name: "case matters", patterns: []string{"Hunter22"}, text: "hunter22"},
		{
			name: "case folded", patterns: []string{"HUNTER22-Ä", "hunter22-Ä", "[brace]"}, fold: true,
			text: "hUnTeR22-Ä hunter22-ä {brace} [BRACE]", want: []match.Hit{{0, 11, 0}, {32, 39, 2}},
		},
		{
			name: "bytes that are no letters", patterns: []string{"\x00\xff\x00\xff", "\n\t\n\t\n\t"},
			text: "\xff\x00\xff\x00\xff\n\t\n\t\n\t", want: []match.Hit{{1, 5, 0}, {5, 11, 1}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := match.Compile(c.patterns, match.Options{Fold: c.fold})
			before := []match.Hit{{7, 9, 7}, {3, 4, 7}}
			got, ok := s.Find(c.text, plenty, slices.Clone(before))
			if d := gocmp.Diff(append(before, c.want...), got); d != "" || !ok {
				t.Errorf("ok %v (-want +got):\n%s", ok, d)
			}
			if s.Contains(c.text) != (len(c.want) > 0) {
				t.Error("Contains says otherwise")
			}
		})
	}
}

func TestNil(t *testing.T) {
	t.Parallel()
	var s *match.Set
	if hits, ok := s.Find("text", 0, nil); hits != nil || !ok || s.Contains("text") || s.Bytes() != 0 {
		t.Error("a nil Set finds something")
	}
}

// TestEveryPlace puts patterns of all lengths at all distances from both ends
// of a text, alone in their Set and among others of all lengths.
func TestEveryPlace(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[random.IntN(26)]
		}
		return string(b)
	}
	var all []string
	for n := 1; n <= 64; n++ {
		all = append(all, word(n))
	}
	const rest = 20
	for _, first := range []int{0, 5, 11, 23} {
		together := match.Compile(all[first:], match.Options{})
		for i, p := range all {
			if i < first {
				continue
			}
			alone := match.Compile([]string{p}, match.Options{})
			for before := range rest {
				for after := range rest {
					text := strings.Repeat("-", before) + p + strings.Repeat("-", after)
					want := []match.Hit{{before, before + len(p), 0}}
					if first == 0 {
						if got, ok := alone.Find(text, plenty, nil); !ok || !slices.Equal(got, want) {
							t.Fatalf("%d bytes at %d before %d: %v", len(p), before, after, got)
						}
					}
					want[0].Pattern = int32(i - first)
					if got, _ := together.Find(text, plenty, nil); !slices.Contains(got, want[0]) {
						t.Fatalf("%d bytes at %d before %d, among others: %v", len(p), before, after, got)
					}
				}
			}
		}
	}
}

// TestMany finds 1,000 of 300,000 patterns in a text, each of them and nothing
// else.
func TestMany(t *testing.T) {
	t.Parallel()
	patterns := secrets(300_000, 8)
	s := match.Compile(patterns, match.Options{})
	text := auditText(t)
	if hits, ok := s.Find(text, 64*len(text), nil); len(hits) > 0 || !ok {
		t.Fatalf("%d hits in what has none, ok %v", len(hits), ok)
	}
	var b strings.Builder
	var want []match.Hit
	const step = 300
	for i := 0; i < len(patterns); i += step {
		from := i / step * 1000
		b.WriteString(text[from : from+1000])
		want = append(want, match.Hit{Start: b.Len(), End: b.Len() + len(patterns[i]), Pattern: int32(i)})
		b.WriteString(patterns[i])
	}
	got, ok := s.Find(b.String(), b.Len(), nil)
	if d := gocmp.Diff(want, got); d != "" || !ok {
		t.Errorf("ok %v (-want +got):\n%s", ok, d)
	}
	if size := s.Bytes(); size > 60<<20 {
		t.Errorf("%d bytes", size)
	}
}

// TestAlike makes many patterns begin, end or be made alike, and looks for
// them in what they have in common: that must not make each of them be
// compared at each place.
func TestAlike(t *testing.T) {
	t.Parallel()
	head := "postgres://admin:" + strings.Repeat("0123456789abcdef", 4)
	tail := "@db.example.internal:5432/production?sslmode=require"
	for _, c := range []struct {
		name, text string
		pattern    func(i int) string
	}{
		{"beginning", head, func(i int) string { return head + fmt.Sprintf("%016d", i*7919) }},
		{"end", tail, func(i int) string { return fmt.Sprintf("%016d", i*7919) + tail }},
		{"both", head + tail, func(i int) string { return head + fmt.Sprintf("%08d", i) + tail }},
		{"a letter of many", strings.Repeat("a", 80), func(i int) string {
			b := []byte(strings.Repeat("a", 80))
			b[i/256%80] = byte(i)
			return string(b) + fmt.Sprintf("%08d", i)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			patterns := make([]string, 10_000)
			for i := range patterns {
				patterns[i] = c.pattern(i)
			}
			s := match.Compile(patterns, match.Options{})
			text := strings.Repeat(c.text+" ", 1000)
			if hits, ok := s.Find(text, 64*len(text), nil); len(hits) > 0 || !ok {
				t.Errorf("%d hits, ok %v", len(hits), ok)
			}
			text += patterns[4321]
			hits, ok := s.Find(text, 64*len(text), nil)
			if want := (match.Hit{Start: len(text) - len(patterns[4321]), End: len(text), Pattern: 4321}); !ok || len(hits) != 1 || hits[0] != want {
				t.Errorf("%v, ok %v", hits, ok)
			}
		})
	}
}

// TestBudget lets somebody choose patterns and a text that have a great many
// occurrences in each other.
func TestBudget(t *testing.T) {
	t.Parallel()
	var patterns []string
	for i := range 2000 {
		patterns = append(patterns, strings.Repeat("a", 6+i))
	}
	s := match.Compile(patterns, match.Options{})
	text := strings.Repeat("a", 1<<20)
	hits, ok := s.Find(text, 1<<20, nil)
	if ok {
		t.Error("quadratic work is within a budget that is not")
	}
	if len(hits) > 1<<20/32 {
		t.Errorf("%d hits", len(hits))
	}
	if !s.Contains(text) {
		t.Error("not contained")
	}
	if _, ok := s.Find(strings.Repeat("b", 1<<20), 0, nil); !ok {
		t.Error("a text without anything that looks like a pattern costs")
	}
	// Patterns that differ where nobody looks first make Contains give up.
	for i := range patterns {
		patterns[i] = strings.Repeat("a", 2000) + fmt.Sprintf("%c", 0x100+i%3) + strings.Repeat("a", 2000+i)
	}
	s = match.Compile(patterns, match.Options{})
	text = strings.Repeat(strings.Repeat("a", 100)+"Ā", 10_000)
	if hits, ok := s.Find(text, 1<<20, nil); len(hits) > 0 {
		t.Errorf("%d hits, ok %v", len(hits), ok)
	}
}

// TestConcurrent uses one Set from several goroutines.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	patterns := forms(3000)
	s := match.Compile(patterns, match.Options{})
	text := auditText(t)[:1<<16] + strings.Join(patterns[:100], " ")
	want, _ := s.Find(text, plenty, nil)
	if len(want) < 100 {
		t.Fatalf("%d hits", len(want))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var hits []match.Hit
			for range 10 {
				hits, _ = s.Find(text, plenty, hits[:0])
				if !slices.Equal(hits, want) || !s.Contains(text) {
					t.Error("found something else")
				}
			}
		})
	}
	wg.Wait()
}

// TestAllocations finds nothing for nothing.
func TestAllocations(t *testing.T) {
	s := match.Compile(forms(3000), match.Options{})
	text := auditText(t)
	if n := testing.AllocsPerRun(5, func() {
		for at := 0; at+40 < len(text); at += 40 {
			if hits, _ := s.Find(text[at:at+40], 1000, nil); len(hits) > 0 || s.Contains(text[at:at+40]) {
				t.Error("a hit")
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestBytes compares what a Set says that it holds with the heap.
func TestBytes(t *testing.T) {
	patterns := forms(100_000)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	s := match.Compile(patterns, match.Options{})
	grown := heap() - before
	if got := s.Bytes(); got < grown*9/10 || got > grown*11/10 {
		t.Errorf("%d bytes, the heap has grown by %d", got, grown)
	}
	runtime.KeepAlive(patterns)
}
