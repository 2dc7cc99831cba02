package e2e

import (
	"bytes"
	"database/sql" //nolint:depguard // It reads what pipeline/cursor has written.
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" //nolint:depguard // Likewise.

	"github.com/fluent-live/live-status/pipeline/redact/plant"
)

// How many notations within each other are undone in texts, and in files that are
// none.
const textLevels, binaryLevels = 4, 2

// inspection looks for values in what a host has written.
type inspection struct {
	search *plant.Search
	// leaks are what was found, by the place.
	leaks map[string][]string
	// marks counts what stands in the place of values, by the place, and names by
	// the name of the value.
	marks map[string]int
	names map[string]int
	types map[string]int
	// withheld counts what is missing, by the reason, and sizes the bytes of files,
	// by their names.
	withheld map[string]int
	sizes    map[string]int64
	examples []string
	// bytes and rows are what was looked at.
	bytes, rows, texts int64
	took               time.Duration
}

func newInspection(search *plant.Search) *inspection {
	return &inspection{search: search, leaks: map[string][]string{}, marks: map[string]int{}, names: map[string]int{}, types: map[string]int{}, withheld: map[string]int{}, sizes: map[string]int64{}}
}

func (in *inspection) leak(place string, found map[string]string) {
	for value, way := range found {
		in.leaks[place] = append(in.leaks[place], fmt.Sprintf("%s: %q", way, value))
	}
}

// records looks into every string and key of every record, and into the file as a
// whole.
func (in *inspection) records(t testing.TB, file string) {
	t.Helper()
	content := in.content(t, file)
	in.leak("records, as a file", in.search.Plain(content))
	for line := range strings.Lines(content) {
		var rec members
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			// A host that was killed leaves half a line, and Fluent Bit's banner.
			in.leak("what is no record", in.search.In(line, textLevels))
			continue
		}
		kind, _ := rec["type"].(string)
		in.types[kind]++
		in.hidden(kind, rec)
		in.leak(kind, in.search.Plain(line))
		in.walk(kind, "", rec)
	}
}

// hidden counts what a record says that it is without.
func (in *inspection) hidden(kind string, rec members) {
	redaction, _ := rec["redaction"].(members)
	parts, _ := redaction["withheld"].([]any)
	for _, part := range parts {
		if m, ok := part.(members); ok {
			what := fmt.Sprint(kind, " ", m["reason"])
			if in.withheld[what]++; in.withheld[what] == 1 {
				in.examples = append(in.examples, fmt.Sprintf("%s: %v of %v", what, m["path"], rec["object"]))
			}
		}
	}
}

// walk looks into the strings below a place, of which it keeps two steps.
func (in *inspection) walk(kind, place string, v any) {
	switch v := v.(type) {
	case string:
		in.text(kind+" "+place, v)
	case []any:
		for _, e := range v {
			in.walk(kind, place, e)
		}
	case members:
		for key, e := range v {
			in.text(kind+" "+place+", key", key)
			in.walk(kind, step2(place, key), e)
		}
	}
}

func step2(place, key string) string {
	if strings.Count(place, ".") >= 2 || strings.HasPrefix(place, ".drift.") || strings.HasSuffix(place, ".annotations") || strings.HasSuffix(place, ".labels") {
		return place
	}
	return place + "." + key
}

func (in *inspection) text(place, s string) {
	in.texts++
	in.leak(place, in.search.In(s, textLevels))
	if n := strings.Count(s, "[redacted") + strings.Count(s, "hmac-sha256:"); n > 0 {
		in.marks[place] += n
	}
	for rest := s; ; {
		_, after, ok := strings.Cut(rest, "[redacted:")
		if !ok {
			return
		}
		name, _, _ := strings.Cut(after, "]")
		in.names[name[strings.LastIndexByte(name, '.')+1:]]++
		rest = after
	}
}

// lines looks into a log.
func (in *inspection) lines(t testing.TB, file string) {
	t.Helper()
	for line := range strings.Lines(in.content(t, file)) {
		in.leak("log "+filepath.Base(file), in.search.In(line, textLevels))
	}
}

// file looks into any other file, and row by row into what is a database.
func (in *inspection) file(t testing.TB, file string) {
	t.Helper()
	content := in.content(t, file)
	in.leak("file "+filepath.Base(file), in.search.In(content, binaryLevels))
	if strings.HasPrefix(content, "SQLite format 3\x00") {
		in.database(t, file)
	}
}

func (in *inspection) content(t testing.TB, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in.bytes += int64(len(content))
	name := filepath.Base(file)
	if ext := filepath.Ext(name); ext == ".flb" {
		name = ext
	}
	in.sizes[name] += int64(len(content))
	return string(content)
}

// database looks into all rows, of a copy.
func (in *inspection) database(t testing.TB, file string) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), filepath.Base(file))
	for _, suffix := range []string{"", "-wal", "-journal"} {
		content, err := os.ReadFile(file + suffix)
		if os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = os.WriteFile(copied+suffix, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", copied)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, table := range in.query(t, db, file, `SELECT name FROM sqlite_schema WHERE type = 'table'`) {
		in.query(t, db, file, `SELECT * FROM "`+table[0]+`"`)
	}
}

// query looks into what a statement returns, and returns it.
func (in *inspection) query(t testing.TB, db *sql.DB, file, statement string) [][]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement)
	if err != nil {
		t.Logf("%s: %s: %v", file, statement, err)
		return nil
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for rows.Next() {
		cells, to := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range cells {
			to[i] = &cells[i]
		}
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		var row []string
		for _, cell := range cells {
			text := string(bytes.Clone(cell))
			in.leak("row of "+filepath.Base(file)+": "+statement, in.search.In(text, textLevels))
			row = append(row, text)
		}
		in.rows++
		in.sizes["rows: "+statement]++
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
	return all
}

// report fails the test for each place at which a value was found.
func (in *inspection) report(t testing.TB) {
	t.Helper()
	for _, place := range slices.Sorted(maps.Keys(in.leaks)) {
		found := slices.Compact(slices.Sorted(slices.Values(in.leaks[place])))
		t.Errorf("%s: %d values were left, %d times: %.1200s", place, len(found), len(in.leaks[place]), strings.Join(found[:min(len(found), 6)], "\n    "))
	}
}
