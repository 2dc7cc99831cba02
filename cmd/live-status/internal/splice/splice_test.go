package splice_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/fluent-live/live-status/cmd/live-status/internal/splice"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/known"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

const secret = "correct-horse"

// values are those that are known in the tests.
type values struct{ set *known.Set }

func (v values) Current() (*known.Set, string) { return v.set, "" }

// redactor is the real one.
type redactor struct{ r *redact.Redactor }

func newRedactor(t testing.TB) redactor {
	t.Helper()
	set, _ := known.Compile([]known.Value{{Name: "PW", Text: secret}}, known.Options{})
	patterns, err := pattern.Load(pattern.Options{})
	if err != nil {
		t.Fatal(err)
	}
	salt := []byte(strings.Repeat("s", redact.MinSalt))
	return redactor{redact.New(redact.Options{Salt: salt, Values: values{set}, Patterns: patterns})}
}

func (r redactor) Document(json string) (out, reason string)       { return r.r.Document(json, nil) }
func (r redactor) Comment(_ int, text string) (out, reason string) { return r.r.Plain(text, nil) }

func TestYAML(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("find goldens: %v, %v", files, err)
	}
	r := newRedactor(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := string(ar.Files[0].Data)
			got, reason, err := splice.YAML(in, r)
			if err != nil {
				got = "error: " + err.Error() + "\n"
			} else {
				again, _, err := splice.YAML(got, r)
				if err != nil || (again != got && !strings.Contains(got, redact.MarkHash)) {
					t.Errorf("once more: %v\n%s", err, cmp.Diff(got, again))
				}
			}
			if reason != "" {
				got += "reason: " + reason + "\n"
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
			if strings.Contains(got, secret) {
				t.Error("a known value is left")
			}
		})
	}
}

func TestJSON(t *testing.T) {
	for _, tt := range []struct{ in, out, want string }{
		{`{ "a" : 1, "b":[ true , "x" ] }`, `{"a":1,"b":[true,"[redacted]"]}`, `{ "a" : 1, "b":[ true , "[redacted]" ] }`},
		{"{\n\t\"a\": {\n\t\t\"b\": [1, 2]\n\t},\n\t\"c\": 1e3\n}\n", `{"a":"[redacted]","c":1e3}`, "{\n\t\"a\": \"[redacted]\",\n\t\"c\": 1e3\n}\n"},
		{`{"\u0061": "\u0062", "c\/": 1}`, `{"a":"b","c/":"x"}`, `{"\u0061": "\u0062", "c\/": "x"}`},
		{`{"a": "}]\"", "key": []}`, `{"a":"}]\"","[redacted:K]":[]}`, `{"a": "}]\"", "[redacted:K]": []}`},
		{`[ ]`, `[]`, `[ ]`},
		{`[12]`, `["[redacted]"]`, `["[redacted]"]`},
		{`{"a":1}`, `{"a":1,"b":2}`, ""},
		{`{"a":1,"b":2}`, `{"a":1}`, ""},
		{`{"a":1}`, `[1]`, ""},
		{`[1]`, `[[1]]`, ""},
		{``, `1`, ""},
		{`{"a"`, `{"a":1}`, ""},
	} {
		if got, ok := splice.JSON(tt.in, tt.out); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s with %s: %s, %v", tt.in, tt.out, got, ok)
		}
	}
}

// Aliases that unfold to gigabytes are refused before they do, and what is deep or
// contains itself, too.
func TestHostile(t *testing.T) {
	var bomb, merges strings.Builder
	bomb.WriteString("a0: &a0 [x]\n")
	merges.WriteString("a0: &a0 {x: y}\n")
	for i := range 40 {
		n, m := string(rune('b'+i%20))+strings.Repeat("x", i/20), "a0"
		if i > 0 {
			m = string(rune('b'+(i-1)%20)) + strings.Repeat("x", (i-1)/20)
		}
		bomb.WriteString(n + ": &" + n + " [*" + m + ",*" + m + ",*" + m + "]\n")
		merges.WriteString(n + ": &" + n + " {<<: [*" + m + ",*" + m + ",*" + m + "]}\n")
	}
	r := newRedactor(t)
	for name, in := range map[string]string{
		"bomb":        bomb.String(),
		"merges":      merges.String(),
		"recursive":   "a: &a\n  b: *a\n",
		"recursive 2": "a: &a [*a]\n",
		"merged self": "a: &a\n  <<: *a\n  b: 1\n",
		"deep":        strings.Repeat("- ", 2000) + "x",
		"complex key": "? [a, b]\n: c\n",
		"two":         "a: b\n---\nc: d\n",
		"no YAML":     "a: [\n",
		"no anchor":   "a: *b\n",
		"in place":    "a: {<<: {b: c}, d: correct-horse}\n",
	} {
		if out, _, err := splice.YAML(in, r); err == nil {
			t.Errorf("%s: %.200s", name, out)
		} else if strings.Contains(err.Error(), "horse") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No known value is left in what comes out, which is YAML.
func FuzzYAML(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(ar.Files[0].Data))
	}
	r := newRedactor(f)
	f.Fuzz(func(t *testing.T, in string) {
		out, _, err := splice.YAML(in, r)
		if err != nil {
			return
		}
		if strings.Contains(out, secret) {
			t.Errorf("left in %q, of %q", out, in)
		}
		var node yaml.Node
		if err := yaml.Unmarshal([]byte(out), &node); err != nil {
			t.Errorf("%q became %q: %v", in, out, err)
		}
	})
}
