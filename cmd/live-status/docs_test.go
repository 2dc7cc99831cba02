package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

// marked is a fenced block with the comment before it that says what it is: a file,
// or a call with what that prints.
var marked = regexp.MustCompile("(?s)<!-- (file|assess|call)(?:: (\\S+))? -->\n\n```[a-z]+\n(.*?)```\n")

// Every call in the documentation prints what is shown there. The files
// that it reads stand before it; what it is given by a pipe is that of the golden
// file which the comment names.
func TestDocumentation(t *testing.T) {
	for name, calls := range map[string]int{"README.md": 1, "docs/STATUS.md": 4, "docs/REDACTION.md": 4, "docs/CHECKMK.md": 1} {
		t.Run(name, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("..", "..", name))
			if err != nil {
				t.Fatal(err)
			}
			goldens, err := filepath.Abs("testdata")
			if err != nil {
				t.Fatal(err)
			}
			doc, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			n := 0
			got := marked.ReplaceAllStringFunc(string(doc), func(block string) string {
				m := marked.FindStringSubmatch(block)
				if m[1] == "file" {
					write(t, m[2], []byte(m[3]))
					return block
				}
				n++
				return strings.Replace(block, m[3], played(t, m[3], stdinOf(t, goldens, m[2])), 1)
			})
			if n != calls {
				t.Errorf("%d calls, want %d", n, calls)
			}
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(doc), got); diff != "" && !*update {
				t.Errorf("run go test ./cmd/live-status -update (-shown +got):\n%s", diff)
			}
		})
	}
}

// played is a block of a console as it is now: the call, what it prints and, where
// that is asked for, the exit code.
func played(t *testing.T, block, stdin string) string {
	t.Helper()
	call, _, _ := strings.Cut(block, "\n")
	_, args, ok := strings.Cut(call, "live-status ")
	if !ok {
		t.Fatalf("%q calls nothing", call)
	}
	got := results{}
	got.call(t, strings.Fields(args), stdin)
	out := call + "\n" + got["stdout"] + got["stderr"]
	if ask := "$ echo $?\n"; strings.Contains(block, ask) {
		out += ask + got["code"]
	}
	return out
}

// stdinOf is what a golden file gives on standard input.
func stdinOf(t *testing.T, goldens, name string) string {
	t.Helper()
	if name == "" {
		return ""
	}
	ar, err := txtar.ParseFile(filepath.Join(goldens, name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range ar.Files {
		if f.Name == "stdin" {
			return string(f.Data)
		}
	}
	t.Fatalf("%s has no standard input", name)
	return ""
}

// The table of rules in the documentation is that of the program.
func TestRulesInDocumentation(t *testing.T) {
	var b strings.Builder
	b.WriteString("\n| Rule | Finds |\n|---|---|\n")
	for _, r := range redact.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.ID, r.Description)
	}
	for _, r := range pattern.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.ID, r.Description)
	}
	documented(t, "docs/REDACTION.md", "rules", b.String())
}

// documented compares a table in the documentation, which stands between the marks of
// its name, with that of the program.
func documented(t *testing.T, file, name, table string) {
	t.Helper()
	path := filepath.Join("..", "..", file)
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), begin)
	_, after, found := strings.Cut(rest, end)
	if !ok || !found {
		t.Fatal("no place for the table")
	}
	want := before + begin + table + "\n" + end + after
	if want == string(doc) {
		return
	}
	if !*update {
		t.Errorf("the table of %s in %s is out of date: run go test ./cmd/live-status -update", name, file)
		return
	}
	if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}
