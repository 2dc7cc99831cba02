package docs

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row of the table: the message, its level, what it means and what to do.
// dull are texts of which nothing is known before run time.
var dull = regexp.MustCompile(`^(?:\.\.\.|[ :.])*$|^(events|objects|secrets|audit_file): \.\.\.$`)

var logRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$")

// Every line that the program can log at the levels info, warn and error is explained
// in docs/LOGS.md, and nothing is explained there that it does not log.
func TestLogLines(t *testing.T) {
	type told struct{ level, meaning, remedy string }
	documented := map[string]told{}
	for _, m := range logRow.FindAllStringSubmatch(read(t, repository(t, "docs", "LOGS.md")), -1) {
		if _, twice := documented[m[1]]; twice {
			t.Errorf("docs/LOGS.md has `%s` twice", m[1])
		}
		documented[m[1]] = told{level: m[2], meaning: strings.TrimSpace(m[3]), remedy: strings.TrimSpace(m[4])}
	}
	in := map[string]message{}
	levels := map[string]map[string]bool{}
	for _, m := range messages(t) {
		in[m.text] = m
		if levels[m.text] == nil {
			levels[m.text] = map[string]bool{}
		}
		levels[m.text][m.level] = true
	}
	// What stands behind "events:", "objects:" and "secrets:" when the way to the server fails.
	for _, m := range explanations(t) {
		in[m.text], levels[m.text] = m, map[string]bool{m.level: true}
	}
	if len(in) < 80 {
		t.Fatalf("%d messages: are they still found?", len(in))
	}
	for _, text := range slices.Sorted(maps.Keys(in)) {
		m := in[text]
		if dull.MatchString(text) {
			continue
		}
		level := strings.Join(slices.Sorted(maps.Keys(levels[text])), ", ")
		row, found := documented[text]
		switch {
		case !found:
			t.Errorf("docs/LOGS.md lacks, of %s:%d:\n| `%s` | %s |  |  |", filepath.Base(m.at.Filename), m.at.Line, text, level)
		case row.level != level:
			t.Errorf("docs/LOGS.md: `%s` has the level %s, not %s", text, level, row.level)
		case row.meaning == "" || row.remedy == "":
			t.Errorf("docs/LOGS.md: `%s` is not explained", text)
		}
	}
	for text := range documented {
		if _, found := in[text]; !found || dull.MatchString(text) {
			t.Errorf("docs/LOGS.md explains `%s`, which nothing logs", text)
		}
	}
	t.Logf("%d messages", len(in))
}

// explanations are what package kube makes of errors on the way to the API server.
func explanations(t *testing.T) []message {
	t.Helper()
	s := packages(t)[repository(t, "pipeline", "kube")]
	var all []message
	for _, f := range s.functions {
		if !strings.HasPrefix(f.Name.Name, "explain") {
			continue
		}
		for _, text := range s.returned(f) {
			if text != "" {
				all = append(all, message{text: text, level: "warn", at: s.fset.Position(f.Pos())})
			}
		}
	}
	return all
}
