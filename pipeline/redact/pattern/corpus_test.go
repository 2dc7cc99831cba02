package pattern

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxFalseAlarms is the part of strings in which something may be found
// although nothing is there.
const maxFalseAlarms = .001

// recorded returns the files recorded from a kube-apiserver 1.36 as lines of
// JSON.
func recorded(tb testing.TB, patterns ...string) (lines [][]byte) {
	tb.Helper()
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			tb.Fatalf("%s: %d files, %v", pattern, len(names), err)
		}
		for _, name := range names {
			lines = append(lines, linesOf(tb, name)...)
		}
	}
	return lines
}

func linesOf(tb testing.TB, name string) (lines [][]byte) {
	tb.Helper()
	f, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read.
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	scan := bufio.NewScanner(z)
	scan.Buffer(nil, 8<<20)
	for scan.Scan() {
		lines = append(lines, bytes.Clone(scan.Bytes()))
	}
	if err := scan.Err(); err != nil {
		tb.Fatal(err)
	}
	return lines
}

// walk calls each for the keys and strings of JSON, also of JSON that stands
// in a string.
func walk(v any, each func(s string)) {
	switch v := v.(type) {
	case string:
		each(v)
		if t := strings.TrimSpace(v); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") || strings.HasPrefix(t, `"`) {
			var inner any
			if json.Unmarshal([]byte(t), &inner) == nil {
				walk(inner, each)
			}
		}
	case []any:
		for _, item := range v {
			walk(item, each)
		}
	case map[string]any:
		for key, value := range v {
			each(key)
			walk(value, each)
		}
	}
}

// TestFalseAlarms lists what is found in records without credentials. Those
// that have one say so.
func TestFalseAlarms(t *testing.T) {
	s := load(t)
	n, found := 0, map[string]int{}
	for _, line := range recorded(t, "../testdata/audit.jsonl.gz", "../../../test/e2e/testdata/*.jsonl.gz") {
		var v any
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		walk(v, func(text string) {
			n++
			out, ok := s.Replace(text, At{}, nil)
			if !ok {
				t.Errorf("not examined: %.200q", text)
			}
			if out != text {
				found[out]++
			}
		})
	}
	alarms := 0
	for out, times := range found {
		alarms += times
		i := max(0, strings.Index(out, markRedacted))
		t.Logf("%d times: %.200q", times, out[max(0, i-60):])
	}
	t.Logf("%d of %d strings, %.4f %%", alarms, n, 100*float64(alarms)/float64(n))
	if float64(alarms) > maxFalseAlarms*float64(n) {
		t.Errorf("there are more than %.2f %%", 100*maxFalseAlarms)
	}
}
