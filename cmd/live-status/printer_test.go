package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// inOrder are the records by their time.
func inOrder() []event.Record {
	return slices.SortedFunc(maps.Values(records()), func(a, b event.Record) int { return a.Time.Compare(b.Time) })
}

// printed returns what a format makes of records, in batches of two.
func printed(t *testing.T, f format, all []event.Record) string {
	t.Helper()
	var out bytes.Buffer
	p := f.printer(&out)
	redactor := redact.New(redact.Options{})
	for batch := range slices.Chunk(all, 2) {
		var lines []byte
		for _, rec := range batch {
			var err error
			if lines, err = f.appendLine(lines, redactor.Redact(rec)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.put(lines); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The table has a line for each record, and nothing that steers a terminal.
func TestTimeline(t *testing.T) {
	const golden = "testdata/timeline.golden"
	got := printed(t, formatTable, inOrder())
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n := strings.Count(got, "\n"); n != len(records())+1 {
		t.Errorf("%d lines, want %d and the titles", n, len(records()))
	}
	for _, r := range got {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%q was printed", r)
		}
	}
}

// One name that is very long does not push the columns of all others.
func TestTimelineColumns(t *testing.T) {
	all := inOrder()
	before := printed(t, formatTable, all)
	all[0].Object = &event.ObjectRef{Kind: "Pod", Namespace: "shop", Name: strings.Repeat("x", 300)}
	after := strings.Split(printed(t, formatTable, all), "\n")
	for i, line := range strings.Split(before, "\n") {
		if n := utf8.RuneCountInString(after[i]) - utf8.RuneCountInString(line); i != 1 && n > timelineWidths[2] {
			t.Errorf("line %d is wider by %d", i, n)
		}
	}
	if got := printed(t, formatTable, nil); got != "" {
		t.Errorf("without records: %q", got)
	}
}

// The array is JSON, whole, and has the records of the lines.
func TestArray(t *testing.T) {
	for _, n := range []int{0, 1, 2, 9} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			all := inOrder()[:n]
			var got []json.RawMessage
			if err := json.Unmarshal([]byte(printed(t, formatArray, all)), &got); err != nil {
				t.Fatal(err)
			}
			var lines []string
			for line := range strings.Lines(printed(t, formatLines, all)) {
				lines = append(lines, strings.TrimSpace(line))
			}
			if len(got) != n || len(lines) != n {
				t.Fatalf("%d in the array, %d lines, want %d", len(got), len(lines), n)
			}
			for i := range got {
				if string(got[i]) != lines[i] {
					t.Errorf("%d: %s, want %s", i, got[i], lines[i])
				}
			}
		})
	}
}

// What ends in the midst is no JSON.
func TestArrayCutOff(t *testing.T) {
	var out bytes.Buffer
	p := formatArray.printer(&out)
	if err := p.put([]byte("{}\n{}\n")); err != nil {
		t.Fatal(err)
	}
	if json.Valid(out.Bytes()) {
		t.Errorf("%s would be taken for the whole", &out)
	}
}

// Each printer says that nobody takes what it prints.
func TestPrinterFails(t *testing.T) {
	broken := errors.New("no space")
	for _, name := range formats() {
		f, err := parseFormat(name)
		if err != nil {
			t.Fatal(err)
		}
		p := f.printer(full{broken})
		err = p.put([]byte("a\tb\tc\td\te\tf\n"))
		if err == nil {
			err = p.close()
		}
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The type of a record is found in its line whatever the record.
func TestTypeOf(t *testing.T) {
	redactor := redact.New(redact.Options{})
	seen := types{}
	for name, rec := range records() {
		line, err := formatLines.appendLine(nil, redactor.Redact(rec))
		if err != nil {
			t.Fatal(err)
		}
		if got := typeOf(line); got != rec.Type {
			t.Errorf("%s: %q, want %q", name, got, rec.Type)
		}
		seen = append(seen, rec.Type)
	}
	for _, want := range allTypes() {
		if !slices.Contains(seen, want) {
			t.Errorf("no record of type %s was tried", want)
		}
	}
	if got := typeOf([]byte(`{"type":"event"}`)); got != "" {
		t.Errorf("%q of something else", got)
	}
}

func BenchmarkTimeline(b *testing.B) {
	redactor := redact.New(redact.Options{})
	rec := redactor.Redact(records()["audit"])
	p := formatTable.printer(discard{})
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if line, err = formatTable.appendLine(line[:0], rec); err != nil {
			b.Fatal(err)
		}
		if err := p.put(line); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(line)))
}

// discard takes everything.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
