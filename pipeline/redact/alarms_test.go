package redact_test

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

// TestFalseAlarms redacts what real API servers wrote and lists whatever is taken
// out that is no value of a Secret. LIVE_STATUS_CORPUS may name a folder with more
// of it: JSON, or JSON Lines.
func TestFalseAlarms(t *testing.T) {
	rules, err := pattern.Load(pattern.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := redact.New(redact.Options{Salt: salt, Patterns: rules, EnvNames: strings.Split(config.DefaultEnvNames, ",")})
	files, err := filepath.Glob("../../test/e2e/testdata/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if more := os.Getenv("LIVE_STATUS_CORPUS"); more != "" {
		for _, glob := range []string{"*.json", "*.jsonl"} {
			found, err := filepath.Glob(filepath.Join(more, glob))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, found...)
		}
	}
	total, alarms, secrets := 0, 0, 0
	seen := map[string]int{}
	for _, file := range files {
		for _, document := range documents(t, file) {
			total += stringsOf(t, document)
			_, reason := r.Document(document, func(f redact.Finding) {
				if f.Rule == redact.RuleSecret {
					secrets++
					return
				}
				alarms++
				seen[f.Rule+" "+ordinals.ReplaceAllString(f.Path, "/*")]++
			})
			if reason != "" {
				t.Errorf("%s: withheld: %s", file, reason)
			}
		}
	}
	keys := slices.SortedFunc(func(yield func(string) bool) {
		for key := range seen {
			if !yield(key) {
				return
			}
		}
	}, func(a, b string) int { return cmp.Or(cmp.Compare(seen[b], seen[a]), cmp.Compare(a, b)) })
	for _, key := range keys {
		t.Logf("%4d x %s", seen[key], key)
	}
	t.Logf("%d of %d strings were taken out (%.4f %%), besides %d values of Secrets", alarms, total, 100*float64(alarms)/float64(total), secrets)
	if 1000*alarms > total {
		t.Error("that is more than 0.1 %")
	}
}

var ordinals = regexp.MustCompile(`/[0-9]+`)

// documents are the JSON documents of a file.
func documents(t *testing.T, file string) []string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(file, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	var out []string
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		out = append(out, lines.Text())
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(out) > 0 && !json.Valid([]byte(out[0])) {
		return []string{string(raw)}
	}
	return out
}

// stringsOf is how many strings a document has, keys and those of JSON in strings
// included.
func stringsOf(t *testing.T, document string) int {
	t.Helper()
	n := 0
	for d := json.NewDecoder(strings.NewReader(document)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := token.(string); ok {
			n++
			if (strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[")) && json.Valid([]byte(s)) {
				n += stringsOf(t, s)
			}
		}
	}
}
