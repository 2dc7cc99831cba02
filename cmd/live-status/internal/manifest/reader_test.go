package manifest_test

import (
	"bytes"
	"compress/gzip"
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
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/tools/txtar"

	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

// tell shows what a reader yields, a line each.
func tell(r io.Reader, o manifest.Options) string {
	var b strings.Builder
	reader := manifest.NewReader(r, "input", o)
	for m, err := range reader.All() {
		if err != nil {
			fmt.Fprintln(&b, err)
			continue
		}
		obj := m.Object
		fmt.Fprintf(&b, "%s %s %s/%s (%s)\n", obj.GetAPIVersion(), obj.GetKind(), obj.GetNamespace(), obj.GetName(), m.At)
	}
	fmt.Fprintf(&b, "%d documents\n", reader.Documents())
	return b.String()
}

// Every form in which people keep manifests, and every way in which they are
// broken. An input is told in the same way however it arrives.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("find goldens: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in, want := ar.Files[0].Data, &ar.Files[1]
			got := tell(bytes.NewReader(in), manifest.Options{})
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for name, r := range arrivals(t, in) {
				if diff := cmp.Diff(got, tell(r, manifest.Options{})); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func arrivals(t *testing.T, in []byte) map[string]io.Reader {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(in); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(in)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]io.Reader{
		"byte by byte": iotest.OneByteReader(bytes.NewReader(in)),
		"gzip":         &zipped,
		"UTF-16":       bytes.NewReader(wide),
		"UTF-8 mark":   io.MultiReader(strings.NewReader("\ufeff"), bytes.NewReader(in)),
		"CRLF":         bytes.NewReader(bytes.ReplaceAll(in, []byte("\n"), []byte("\r\n"))),
	}
}

const configMap = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s"},"data":{"x":"%s"}}`

// What cannot be read ends the input, and says so.
func TestBrokenInput(t *testing.T) {
	broken := io.MultiReader(strings.NewReader(fmt.Sprintf(configMap, "a", "")+"\n"), iotest.ErrReader(errors.New("disk on fire")))
	want := "v1 ConfigMap /a (input: document 1, line 1)\ninput, line 2: read: disk on fire\n1 documents\n"
	if got := tell(broken, manifest.Options{}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := tell(strings.NewReader("\x1f\x8bnope"), manifest.Options{}); !strings.Contains(got, "read: ") {
		t.Errorf("broken gzip: %q", got)
	}
}

// An object over the limit is skipped, in each notation, and the rest is read.
func TestMaxObject(t *testing.T) {
	small, big := fmt.Sprintf(configMap, "a", "1"), fmt.Sprintf(configMap, "b", strings.Repeat("x", 2000))
	item := func(json string) string { return "- " + json + "\n" }
	for name, in := range map[string]string{
		"JSON Lines": small + "\n" + big + "\n" + small + "\n",
		"JSON List":  `{"apiVersion":"v1","kind":"List","items":[` + small + "," + big + "," + small + `]}`,
		"YAML":       "--- # a\n" + small + "\n--- # b\nx: 1\n" + big + "\n--- # c\n" + small + "\n",
		"YAML List":  "apiVersion: v1\nitems:\n" + item(small) + item(big) + item(small) + "kind: List\n",
		"a line":     small + "\n---\n" + "x: " + big + "\n---\n" + small,
	} {
		t.Run(name, func(t *testing.T) {
			got := tell(strings.NewReader(in), manifest.Options{MaxObject: 1000, MaxWhole: 100})
			if strings.Count(got, "ConfigMap /a") != 2 || strings.Count(got, "longer than") != 1 {
				t.Error(got)
			}
		})
	}
}

// A YAML List is told in the same way whether or not its items are held together.
func TestSplitList(t *testing.T) {
	for _, indent := range []string{"", "  "} {
		var b strings.Builder
		b.WriteString("apiVersion: v1\n# many\nitems:\n")
		for i := range 50 {
			fmt.Fprintf(&b, "%[1]s- apiVersion: v1\n%[1]s  kind: ConfigMap\n%[1]s  metadata:\n%[1]s    name: c%[2]d\n%[1]s  data:\n%[1]s    list:\n%[1]s    - a\n\n%[1]s    text: |\n%[1]s      - a\n%[1]s      items:\n", indent, i)
		}
		b.WriteString("kind: List\nmetadata:\n  resourceVersion: \"\"\n---\n" + fmt.Sprintf(configMap, "z", ""))
		whole := tell(strings.NewReader(b.String()), manifest.Options{})
		split := tell(strings.NewReader(b.String()), manifest.Options{MaxWhole: 300})
		if diff := cmp.Diff(whole, split); diff != "" || strings.Count(whole, "ConfigMap /") != 51 || !strings.Contains(whole, "item 50, line 543") {
			t.Errorf("(-whole +split):\n%s%s", diff, whole)
		}
	}
}

// What is wrong around the items of a split List is told, too.
func TestSplitListHead(t *testing.T) {
	in := "apiVersion: v1\nitems:\n" + strings.Repeat("- "+fmt.Sprintf(configMap, "a", "")+"\n", 5) + "kind: List\nkind: List\n"
	got := tell(strings.NewReader(in), manifest.Options{MaxWhole: 100})
	if strings.Count(got, "ConfigMap /a") != 5 || !strings.Contains(got, `key "kind" is there twice`) {
		t.Error(got)
	}
	typed := "apiVersion: v1\nkind: ConfigMapList\nitems:\n" + strings.Repeat("- metadata: {name: a}\n", 20)
	if got := tell(strings.NewReader(typed), manifest.Options{MaxWhole: 100}); strings.Count(got, "v1 ConfigMap /a") != 20 {
		t.Error(got)
	}
}

// Reading ends when nobody wants more.
func TestBreak(t *testing.T) {
	in := strings.Repeat(fmt.Sprintf(configMap, "a", "")+"\n", 100)
	n := 0
	for _, err := range manifest.NewReader(strings.NewReader(in), "input", manifest.Options{}).All() {
		if err != nil {
			t.Error(err)
		}
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d objects", n)
	}
}
