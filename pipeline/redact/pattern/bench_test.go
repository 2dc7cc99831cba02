package pattern

import (
	"encoding/json"
	"strings"
	"testing"
)

// texts returns the strings and keys of recorded audit events, one by one, and
// the events whole.
func texts(tb testing.TB) (leaves, whole []string) {
	tb.Helper()
	for _, line := range recorded(tb, "../testdata/audit.jsonl.gz") {
		var v any
		if err := json.Unmarshal(line, &v); err != nil {
			tb.Fatal(err)
		}
		walk(v, func(s string) { leaves = append(leaves, s) })
		whole = append(whole, string(line))
	}
	return leaves, whole
}

func BenchmarkReplace(b *testing.B) {
	s := load(b)
	leaves, whole := texts(b)
	for _, c := range []struct {
		name  string
		texts []string
	}{
		{"leaves", leaves},
		{"joined", []string{strings.Join(leaves, "\n")}},
		{"whole", whole},
	} {
		b.Run(c.name, func(b *testing.B) {
			size := 0
			for _, t := range c.texts {
				size += len(t)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, t := range c.texts {
					s.Replace(t, At{}, nil)
				}
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
