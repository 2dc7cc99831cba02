package piece_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/fluent-live/live-status/cmd/live-status/internal/piece"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

// tell lists pieces. A piece in which there is the word BROKEN cannot be parsed.
func tell(t *testing.T, in io.Reader, o piece.Options) (list, text string) {
	t.Helper()
	var b, all strings.Builder
	r := piece.NewReader(in, o)
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Sprintf("%s\n%s", r.Format(), &b), all.String()
		}
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
			return b.String(), all.String()
		}
		all.WriteString(p.Text)
		fmt.Fprintf(&b, "%s document %d line %d", [...]string{"between", "JSON", "YAML", "text"}[p.Kind], p.Document, p.Line)
		for _, f := range [][2]string{{"pointer", p.Pointer}, {"withheld", p.Withhold}} {
			if f[1] != "" {
				fmt.Fprintf(&b, " %s=%s", f[0], f[1])
			}
		}
		fmt.Fprintf(&b, ": %q", p.Before+p.Text+p.After)
		if p.Withhold != "" || strings.Contains(p.Text, "BROKEN") {
			fmt.Fprintf(&b, " instead %q", p.Instead)
			if p.Withhold == "" {
				r.Broken()
			}
		}
		b.WriteByte('\n')
	}
}

// The first line of a golden file says the limits: longest document, window and
// longest text.
func TestPieces(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("find goldens: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var o piece.Options
			line, _, _ := strings.Cut(string(ar.Comment), "\n")
			if _, err := fmt.Sscanf(line, "%s %d %d %d", (*string)(&o.Format), &o.Max, &o.Window, &o.MaxText); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			o.Safe = func(left, right string) bool { return !strings.Contains(left+right, "UNSAFE") }
			in := string(ar.Files[0].Data)
			got, text := tell(t, strings.NewReader(in), o)
			if !strings.Contains(got, "withheld") && text != in {
				t.Errorf("the pieces are not the input: %q", text)
			}
			if slow, _ := tell(t, iotest.OneByteReader(strings.NewReader(in)), o); o.Format != piece.Auto && slow != got {
				t.Errorf("read byte by byte:\n%s", cmp.Diff(got, slow))
			}
			if *update {
				ar.Files = append(ar.Files[:1], txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(ar), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(ar.Files[1].Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDetect(t *testing.T) {
	for in, want := range map[string]piece.Format{
		"":                                      piece.Auto,
		"{\"a\":1}\n{\"b\":2}\n":                piece.JSONLines,
		"{\n  \"a\": 1\n}\n":                    piece.JSON,
		"{\"cut off\n{\"b\":2}\n":               piece.JSONLines,
		"\"off\"}\n{\"b\":2}\n":                 piece.Text,
		"[1,2]\n":                               piece.JSONLines,
		"[\n1]":                                 piece.JSON,
		"[2026-01-01 10:00] started\n":          piece.Text,
		"I1121 10:00:00 main.go:1] started\n":   piece.Text,
		"{not: json}\n":                         piece.JSON,
		"---\na: b\n":                           piece.YAML,
		"# a comment\n\napiVersion: v1\n":       piece.YAML,
		"- a\n- b: c\n":                         piece.YAML,
		"items:\n- x\n":                         piece.YAML,
		"\"quoted\": 1\n":                       piece.YAML,
		"KEY=value\n":                           piece.Text,
		"2026-01-01T10:00:00Z INFO a: b\n":      piece.Text,
		"http://a.b/c\n":                        piece.Text,
		"error: failed\nsome text: (a b) c\n x": piece.Text,
		"plain\n":                               piece.Text,
		"\n\n\n":                                piece.Text,
	} {
		r := piece.NewReader(strings.NewReader(in), piece.Options{})
		if _, err := r.Next(); err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("%q: %v", in, err)
		}
		if r.Format() != want {
			t.Errorf("%q: %s, want %s", in, r.Format(), want)
		}
	}
}

// What was read before the input failed and has no end is not handed on.
func TestReadError(t *testing.T) {
	for _, in := range []string{"{\"a\":1}\n{\"b\"", "a: b\n---\nc: d\n", "some text\n"} {
		failing := io.MultiReader(strings.NewReader(in), iotest.ErrReader(errors.New("connection lost")))
		got, text := tell(t, failing, piece.Options{})
		if !strings.Contains(got, "error: connection lost") || strings.Contains(text, "\"b\"") || strings.Contains(text, "c: d") {
			t.Errorf("%q: %s%s", in, got, text)
		}
	}
}

// However an input is made, it is read in linear time, and nothing of it is lost.
func TestHostile(t *testing.T) {
	const n = 200_000
	for name, in := range map[string]string{
		"brackets":         strings.Repeat("[", n),
		"closing brackets": strings.Repeat("}", n),
		"open lists":       strings.Repeat(`{"items":[`, n/10),
		"quotes":           strings.Repeat(`{"`, n/2),
		"zeros":            strings.Repeat("\x00", n),
		"one line":         strings.Repeat("x", n),
		"indented lines":   strings.Repeat(" x\n", n/3),
		"separators":       strings.Repeat("---\n", n/4),
		"items":            "items:\n" + strings.Repeat("- a\n", n/4),
		"dashes":           strings.Repeat("- ", n/2),
		"empty lines":      strings.Repeat("\n", n),
		"elements":         "[" + strings.Repeat("[],", n/3) + "[]]",
	} {
		for _, format := range []piece.Format{piece.Auto, piece.JSON, piece.JSONLines, piece.YAML, piece.Text} {
			got, text := tell(t, strings.NewReader(in), piece.Options{Format: format, Max: 10_000, Window: 4000, MaxText: 8000})
			if !strings.Contains(got, "withheld") && text != in {
				t.Errorf("%s as %s: %d of %d bytes", name, format, len(text), len(in))
			}
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, in := range []string{"{\"items\":[1,{}],\"a\":2}\n[]", "a: b\n---\nitems:\n- c\n- d\nk: v\n...\n", "x\n\ny\n z\n"} {
		for i := range 5 {
			f.Add(in, uint8(i), uint8(10))
		}
	}
	formats := []piece.Format{piece.Auto, piece.JSON, piece.JSONLines, piece.YAML, piece.Text}
	f.Fuzz(func(t *testing.T, in string, format, limit uint8) {
		o := piece.Options{Format: formats[int(format)%len(formats)], Max: int(limit) + 8, Window: int(limit)/2 + 8, MaxText: int(limit) + 8}
		got, text := tell(t, strings.NewReader(in), o)
		if !strings.Contains(got, "withheld") && !strings.Contains(in, "BROKEN") && text != in {
			t.Errorf("%q became %q", in, text)
		}
	})
}
