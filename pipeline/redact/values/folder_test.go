package values

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

func readAll(t *testing.T, path string) []known.Value {
	t.Helper()
	values, _, err := (&place{path: path}).read(room{values: maxValues, bytes: maxBytes})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// A folder of volumes, as several Secrets are mounted side by side, and files
// that nobody mounted.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	v := volume{dir: filepath.Join(dir, "db")}
	v.swap(t, map[string]string{"USER": "planted-user", "PASSWORD": "planted\r\n"})
	v.swap(t, map[string]string{"USER": "planted-user", "PASSWORD": "planted-new\r\n"})
	write(t, filepath.Join(dir, "TOKEN"), "planted\n\n")
	write(t, filepath.Join(dir, "BINARY"), "\x00\xff\r")
	write(t, filepath.Join(dir, "odd name]"), "planted-odd")
	if err := os.Symlink("TOKEN", filepath.Join(dir, "LINK")); err != nil {
		t.Fatal(err)
	}
	want := []known.Value{
		{Name: "BINARY", Text: "\x00\xff\r"},
		{Name: "LINK", Text: "planted\n"},
		{Name: "TOKEN", Text: "planted\n"},
		{Name: "db/PASSWORD", Text: "planted-new"},
		{Name: "db/USER", Text: "planted-user"},
		{Name: "odd_name_", Text: "planted-odd"},
	}
	if got := readAll(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// A single file of a volume changes with it.
func TestFileOfVolume(t *testing.T) {
	v := volume{dir: t.TempDir()}
	path := filepath.Join(v.dir, "values.env")
	v.swap(t, map[string]string{"values.env": "A=planted-first"})
	s, l := open(t, Options{Paths: []string{path, path}})
	if len(s.places) != 1 {
		t.Error("a path that is there twice is read twice")
	}
	before := s.places[0].seen
	v.swap(t, map[string]string{"values.env": "A=planted-other"})
	after, err := lookAt(path)
	if err != nil || after.sum == before.sum {
		t.Errorf("the change is not seen: %v", err)
	}
	if l.count("everyone") != 0 {
		t.Error(l)
	}
}

// What an operator may have meant otherwise is told.
func TestRemarks(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "folder", "values.env"), "A=planted-value")
	write(t, filepath.Join(dir, "open.env"), "A=planted-value")
	if err := os.Chmod(filepath.Join(dir, "open.env"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, l := open(t, Options{Paths: []string{filepath.Join(dir, "folder"), filepath.Join(dir, "open.env")}})
	if l.count("is one value as a whole") != 1 || l.count("everyone on this machine") != 1 {
		t.Error(l)
	}
}
