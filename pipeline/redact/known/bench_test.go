package known_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// auditLines returns audit events that a kube-apiserver 1.36 wrote.
func auditLines(tb testing.TB) []string {
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
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

// leaves returns the strings in JSON lines, keys included, and those of JSON
// in strings.
func leaves(tb testing.TB, lines []string) (out []string) {
	tb.Helper()
	var walk func(node any)
	walk = func(node any) {
		switch n := node.(type) {
		case map[string]any:
			for k, m := range n {
				out = append(out, k)
				walk(m)
			}
		case []any:
			for _, m := range n {
				walk(m)
			}
		case string:
			var inner any
			if strings.HasPrefix(n, "{") && json.Unmarshal([]byte(n), &inner) == nil {
				walk(inner)
			} else {
				out = append(out, n)
			}
		}
	}
	for _, l := range lines {
		var node any
		if err := json.Unmarshal([]byte(l), &node); err != nil {
			tb.Fatal(err)
		}
		walk(node)
	}
	return out
}

// secretValues returns n values as clusters have them.
func secretValues(n int) []known.Value {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	values := make([]known.Value, n)
	for i := range values {
		text := randomValue(r, alphabets[0].chars, 12)
		switch {
		case i%50 == 0:
			text = "-----BEGIN " + "PRIVATE KEY-----\n" + columns(randomText(r, 1600), 64, "\n") + "\n-----END " + "PRIVATE KEY-----\n"
		case i%10 == 0:
			text = randomValue(r, alphabets[2].chars, 12)
		}
		values[i] = known.Value{Name: fmt.Sprintf("secret-%d/key", i), Text: text}
	}
	return values
}

func randomText(r *rand.Rand, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabets[0].chars[r.IntN(62)]
	}
	return string(out)
}

// BenchmarkReplace reads audit events in which no value occurs.
func BenchmarkReplace(b *testing.B) {
	lines := auditLines(b)
	for _, c := range []struct {
		name  string
		texts []string
	}{{"lines", lines}, {"leaves", leaves(b, lines)}} {
		size := 0
		for _, t := range c.texts {
			size += len(t)
		}
		for _, n := range []int{10, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/values-%d", c.name, n), func(b *testing.B) {
				set, _ := known.Compile(secretValues(n), known.Options{})
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					for _, t := range c.texts {
						if out, ok := set.Replace(t, nil); !ok || len(out) != len(t) {
							b.Fatal("an ordinary text was changed")
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.texts)), "ns/text")
			})
		}
	}
}

// BenchmarkCompile makes sets, and reports the memory that they hold.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000, 20_000} {
		b.Run(fmt.Sprintf("values-%d", n), func(b *testing.B) {
			values := secretValues(n)
			var set *known.Set
			b.ReportAllocs()
			for b.Loop() {
				set, _ = known.Compile(values, known.Options{})
			}
			b.ReportMetric(float64(set.Bytes())/(1<<20), "MiB-held")
			runtime.KeepAlive(set)
		})
	}
}
