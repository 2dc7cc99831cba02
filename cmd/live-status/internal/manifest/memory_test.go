package manifest_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
)

// dump is a List of n items that is made while it is read.
func dump(head, item, between, tail string, n int) io.Reader {
	return io.MultiReader(strings.NewReader(head), &repeated{item, between, n, nil}, strings.NewReader(tail))
}

type repeated struct {
	item, between string
	n             int
	rest          []byte
}

func (r *repeated) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.n == 0 {
			return 0, io.EOF
		}
		r.n--
		r.rest = []byte(r.item)
		if r.n > 0 {
			r.rest = append(r.rest, r.between...)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

var pad = strings.Repeat("x", 8000)

// dumps are Lists of 64 MiB.
func dumps() map[string]func(n int) io.Reader {
	json := fmt.Sprintf("        "+configMap, "a", pad)
	yaml := "- apiVersion: v1\n  data:\n    x: " + pad + "\n  kind: ConfigMap\n  metadata:\n    name: a\n"
	return map[string]func(int) io.Reader{
		"JSON List": func(n int) io.Reader {
			return dump("{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n", json, ",\n", "\n    ],\n    \"kind\": \"List\"\n}\n", n)
		},
		"JSON List in a List": func(n int) io.Reader {
			return dump(`{"kind":"List","apiVersion":"v1","items":[{"apiVersion":"v1","items":[`, json, ",", `],"kind":"List"}]}`, n)
		},
		"JSON Lines": func(n int) io.Reader { return dump("", json, "\n", "\n", n) },
		"YAML List":  func(n int) io.Reader { return dump("apiVersion: v1\nitems:\n", yaml, "", "kind: List\n", n) },
		"YAML documents": func(n int) io.Reader {
			return dump("", strings.ReplaceAll(yaml[2:], "\n  ", "\n"), "---\n", "", n)
		},
	}
}

// A long input is not held in memory.
func TestMemory(t *testing.T) {
	const size, limit = 64 << 20, 40 << 20
	for name, open := range dumps() {
		t.Run(name, func(t *testing.T) {
			var stats runtime.MemStats
			n, want := 0, size/8192
			var peak uint64
			for m, err := range manifest.NewReader(open(want), "input", manifest.Options{}).All() {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n%500 == 0 {
					runtime.ReadMemStats(&stats)
					peak = max(peak, stats.HeapAlloc)
				}
				if m.Object.GetName() != "a" {
					t.Fatal(m.Object)
				}
			}
			if n != want {
				t.Errorf("%d objects, want %d", n, want)
			}
			if peak > limit {
				t.Errorf("%d MiB of heap, want at most %d", peak>>20, limit>>20)
			}
		})
	}
}

// Aliases that unfold to gigabytes are refused before they do.
func TestAliasBomb(t *testing.T) {
	var nested, long strings.Builder
	nested.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\na0: &a0 [x]\n")
	for i := range 40 {
		fmt.Fprintf(&nested, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d]\n", i+1, i+1, i, i, i, i)
	}
	fmt.Fprintf(&long, "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nlong: &l %s\nmany:\n%s", strings.Repeat("x", 1<<20), strings.Repeat("- *l\n", 10_000))
	for name, in := range map[string]string{"nested": nested.String(), "long": long.String()} {
		got := tell(strings.NewReader(in), manifest.Options{})
		if !strings.Contains(got, "alias") || strings.Contains(got, "Pod /a") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// However deep, nested or repeated an input is, it is dealt with in linear time.
func TestHostile(t *testing.T) {
	const n = 100_000
	object := fmt.Sprintf(configMap, "a", "")
	for name, in := range map[string]string{
		"deep JSON arrays":   `{"a":` + strings.Repeat("[", n),
		"deep JSON objects":  strings.Repeat(`{"a":`, n),
		"deep JSON Lists":    strings.Repeat(`{"items":[`, n),
		"deep arrays":        strings.Repeat("[", n),
		"deep, whole":        `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}",
		"deep YAML flow":     "a: " + strings.Repeat("[", n),
		"deep YAML mappings": strings.Repeat("a: {", n),
		"deep YAML dashes":   strings.Repeat("- ", n),
		"brackets":           strings.Repeat("{\n", n),
		"closing brackets":   strings.Repeat("}\n", n/10),
		"a long line":        strings.Repeat(" ", 10*n) + "{",
		"separators":         strings.Repeat("---\n", n),
		"comments":           strings.Repeat("--- #\n", n),
		"many keys":          "{" + strings.Repeat(`"items":[],`, n),
		"zeros":              strings.Repeat("\x00", n),
		"YAML items":         "items:\n" + strings.Repeat("- a\n", n),
	} {
		t.Run(name, func(t *testing.T) {
			got := tell(strings.NewReader(in+"\n---\n"+object), manifest.Options{MaxObject: 1 << 20})
			if strings.Contains(got, "ConfigMap /b") {
				t.Error(got)
			}
			if len(got) > 100*len(in)+1000 {
				t.Errorf("%d bytes of errors", len(got))
			}
		})
	}
}

func BenchmarkReader(b *testing.B) {
	for name, open := range dumps() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(8 << 20)
			for b.Loop() {
				for _, err := range manifest.NewReader(open(1024), "input", manifest.Options{}).All() {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
