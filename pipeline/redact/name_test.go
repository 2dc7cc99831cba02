package redact

import (
	"fmt"
	"testing"

	"github.com/fluent-live/live-status/pipeline/redact/known"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

// A name that is asked for again and again is redacted each time and counted never.
func TestName(t *testing.T) {
	set, _ := known.Compile([]known.Value{{Name: "PASSWORD", Text: "tangerine-dreamweaver"}}, known.Options{})
	for name, tc := range map[string]struct {
		values Values
		in     string
		want   string
		ok     bool
	}{
		"no values":          {nil, "web", "web", true},
		"nothing in it":      {givenValues{set: set}, "web", "web", true},
		"a value in it":      {givenValues{set: set}, "db-tangerine-dreamweaver-0", "db-[redacted:PASSWORD]-0", true},
		"not all are known":  {givenValues{set: set, reason: "gone"}, "db-tangerine-dreamweaver-0", "db-[redacted:PASSWORD]-0", true},
		"none of them known": {givenValues{reason: "gone"}, "web", "", false},
		"nothing":            {givenValues{set: set}, "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(Options{Values: tc.values})
			for range 3 {
				if got, ok := r.Name(tc.in); got != tc.want || ok != tc.ok {
					t.Errorf("%q, %v; want %q, %v", got, ok, tc.want, tc.ok)
				}
			}
			if counts := r.Counts(); len(counts.Found)+len(counts.Withheld) != 0 {
				t.Errorf("counted: %+v", counts)
			}
		})
	}
}

// BenchmarkName redacts names of pods.
func BenchmarkName(b *testing.B) {
	rules, err := pattern.Load(pattern.Options{})
	if err != nil {
		b.Fatal(err)
	}
	set, _ := known.Compile([]known.Value{{Name: "PASSWORD", Text: "tangerine-dreamweaver"}}, known.Options{})
	r := New(Options{Values: givenValues{set: set}, Patterns: rules})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if _, ok := r.Name(fmt.Sprintf("web-%05d-7d4b9c6f5d-x2x9z", i)); !ok {
			b.Fatal("withheld")
		}
	}
}
