package values

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what was read into the files")

// What a file says is what Open makes of it.
func TestRead(t *testing.T) {
	paths, err := filepath.Glob("testdata/read/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := archive.Files[0]
			file := filepath.Join(t.TempDir(), in.Name)
			write(t, file, string(in.Data))
			got := readGolden(file)
			if want := archive.Files[1].Data; !bytes.Equal(got, want) {
				if !*update {
					t.Fatalf("got\n%s\nwant\n%s", got, want)
				}
				archive.Files[1].Data = got
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if bytes.HasPrefix(got, []byte("error")) && bytes.Contains(got, []byte("planted")) {
				t.Error("an error quotes what it could not read")
			}
		})
	}
}

func readGolden(path string) []byte {
	values, _, err := (&place{path: path}).read(room{values: maxValues, bytes: maxBytes})
	if err != nil {
		return fmt.Appendf(nil, "error: %s\n", err)
	}
	var out []byte
	for _, v := range values {
		out = fmt.Appendf(out, "%s %q\n", v.Name, v.Text)
	}
	return out
}
