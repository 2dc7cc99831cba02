package match_test

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/redact/match"
)

// auditText returns what a kube-apiserver wrote, repeated to at least a MiB.
func auditText(tb testing.TB) string {
	tb.Helper()
	f, err := os.Open("../testdata/audit.jsonl.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			tb.Error(err)
		}
	}()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Repeat(string(b), 1+(1<<20)/len(b))
}

const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// secrets returns n random patterns, a third of which are short.
func secrets(n, least int) []string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]string, n)
	raw := make([]byte, 64)
	for i := range out {
		for j := range raw {
			raw[j] = byte(random.Uint32())
		}
		size := least + random.IntN(8)
		if i%3 != 0 {
			size = max(least, 16) + random.IntN(33)
		}
		switch i % 4 {
		case 0:
			out[i] = base64.StdEncoding.EncodeToString(raw)[:size]
		case 1:
			out[i] = hex.EncodeToString(raw)[:size]
		default:
			for j := range raw {
				raw[j] = alnum[raw[j]%byte(len(alnum))]
			}
			out[i] = string(raw[:size])
		}
	}
	return out
}

// forms returns n patterns that are values of 6 to 39 letters and digits, and
// 14 encodings of each.
func forms(n int) []string {
	random := rand.New(rand.NewPCG(2, uint64(n)))
	var out []string
	raw := make([]byte, 40)
	for len(out) < n {
		for j := range raw {
			raw[j] = alnum[random.IntN(len(alnum))]
		}
		value := string(raw[:6+random.IntN(34)])
		out = append(out, value, hex.EncodeToString([]byte(value)), strings.ToUpper(hex.EncodeToString([]byte(value))))
		for i := range 3 {
			once := base64.RawStdEncoding.EncodeToString([]byte("xx"[:i] + value))
			once = once[[]int{0, 2, 3}[i] : len(once)-1]
			out = append(out, once)
			for j := range 3 {
				twice := base64.RawURLEncoding.EncodeToString([]byte("xx"[:j] + once))
				out = append(out, twice[[]int{0, 2, 3}[j]:len(twice)-1])
			}
		}
	}
	return out[:n]
}

var sizes = []int{10, 100, 1_000, 10_000, 30_000, 100_000, 300_000}

// sets calls f with patterns of several kinds.
func sets(sizes []int, f func(name string, patterns []string)) {
	for _, n := range sizes {
		f(fmt.Sprintf("forms/patterns-%d", n), forms(n))
		f(fmt.Sprintf("random-4/patterns-%d", n), secrets(n, 4))
		f(fmt.Sprintf("random-6/patterns-%d", n), secrets(n, 6))
		f(fmt.Sprintf("random-8/patterns-%d", n), secrets(n, 8))
	}
}

// BenchmarkFind reads audit events at a stretch.
func BenchmarkFind(b *testing.B) {
	text := auditText(b)
	sets(sizes, func(name string, patterns []string) {
		b.Run(name, func(b *testing.B) {
			s := match.Compile(patterns, match.Options{Seed: 1})
			var hits []match.Hit
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				hits, _ = s.Find(text, 64*len(text), hits[:0])
			}
			b.ReportMetric(float64(len(hits)), "hits")
		})
	})
}

// BenchmarkFindShort reads what is as short as the leaves of a body are.
func BenchmarkFindShort(b *testing.B) {
	text := auditText(b)[:1<<16]
	sets([]int{100, 30_000, 300_000}, func(name string, patterns []string) {
		s := match.Compile(patterns, match.Options{Seed: 1})
		for _, size := range []int{10, 20, 40} {
			b.Run(fmt.Sprintf("%s/bytes-%d", name, size), func(b *testing.B) {
				var hits []match.Hit
				b.ReportAllocs()
				at := 0
				for b.Loop() {
					if at += size; at+size > len(text) {
						at = 0
					}
					hits, _ = s.Find(text[at:at+size], 64*size, hits[:0])
				}
			})
		}
	})
}

// BenchmarkFindHostile reads a text that is made of nothing but patterns, each
// with a byte changed.
func BenchmarkFindHostile(b *testing.B) {
	sets([]int{30_000, 300_000}, func(name string, patterns []string) {
		b.Run(name, func(b *testing.B) {
			var t strings.Builder
			for _, p := range patterns[:10_000] {
				t.WriteString(p[:len(p)-1] + "\x00")
			}
			text := t.String()
			s := match.Compile(patterns, match.Options{Seed: 1})
			var hits []match.Hit
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				hits, _ = s.Find(text, 64*len(text), hits[:0])
			}
			b.ReportMetric(float64(len(hits)), "hits")
		})
	})
}

// BenchmarkCompile reports the memory of the Set, too.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1_000, 30_000, 300_000} {
		b.Run(fmt.Sprintf("patterns-%d", n), func(b *testing.B) {
			patterns := forms(n)
			var s *match.Set
			b.ReportAllocs()
			for b.Loop() {
				s = match.Compile(patterns, match.Options{Seed: 1})
			}
			b.ReportMetric(float64(s.Bytes())/(1<<20), "MiB-held")
			runtime.KeepAlive(s)
		})
	}
}
