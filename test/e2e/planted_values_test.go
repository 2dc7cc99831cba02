package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/plant"
)

// perKind is how many values of each kind the plugin is told.
const perKind = 10

// variable is a sensitive value, and its name, which stands in records for it.
type variable struct{ name, kind, text string }

// sensitive are the values that are planted, by how the plugin can know them.
type sensitive struct {
	random *rand.Rand
	forms  []plant.Form
	// told are in the files of redact_values_path, exchanged is told later.
	told      []variable
	exchanged variable
	// stored are in Secrets of the cluster, and later in texts.
	stored []variable
	// turn counts the texts that were made, so that each value comes to stand in
	// each notation.
	turn int

	mu sync.Mutex
	// shaped are what the plugin knows of nowhere: their surroundings tell it.
	shaped []string
}

func newSensitive() *sensitive {
	s := &sensitive{random: rand.New(rand.NewPCG(6, 2026)), forms: plant.Forms()}
	for _, kind := range plant.Kinds() {
		for n := range perKind {
			s.told = append(s.told, s.variable(kind, "", n))
		}
		// Of Secrets nothing short is looked for elsewhere.
		if kind.Name != "short password" {
			s.stored = append(s.stored, s.variable(kind, "STORED_", 0))
		}
	}
	s.exchanged = s.told[0]
	s.exchanged.text = plant.Kinds()[0].New(s.random) + "-exchanged"
	return s
}

func (s *sensitive) variable(kind plant.Kind, prefix string, n int) variable {
	name := strings.ToUpper(strings.ReplaceAll(kind.Name, " ", "_"))
	return variable{fmt.Sprintf("%s%s_%d", prefix, name, n), kind.Name, kind.New(s.random)}
}

// next returns one of the values that the plugin is told, of another kind each
// time.
func (s *sensitive) next() variable {
	kinds := len(s.told) / perKind
	i := s.turn
	s.turn++
	return s.told[i%kinds*perKind+i/kinds%perKind]
}

// noted returns a text with the next value in the next notation.
func (s *sensitive) noted() string {
	form := s.forms[s.turn%len(s.forms)]
	return form.Write(s.random, s.next().text)
}

// plain returns the next value of which a condition holds.
func (s *sensitive) plain(is func(string) bool) string {
	for range s.told {
		if v := s.next(); is(v.text) {
			return v.text
		}
	}
	panic("no value is like that")
}

// unknown returns a value that the plugin is not told.
func (s *sensitive) unknown() string {
	kinds := plant.Kinds()
	v := kinds[len(s.shaped)%len(kinds)].New(s.random)
	s.issued(v)
	return v
}

// issued adds what the API server itself made.
func (s *sensitive) issued(v string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shaped = append(s.shaped, v)
}

// all are the values of which none may be found.
func (s *sensitive) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := append(slices.Clone(s.shaped), s.exchanged.text)
	for _, v := range append(slices.Clone(s.told), s.stored...) {
		all = append(all, v.text)
	}
	return all
}

// isHeader tells what a header can hold, and isLabel what a label or a name.
func isHeader(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}

func isLabel(s string) bool {
	const of = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return len(s) <= 63 && strings.Trim(s, of) == ""
}

// values are the files that hold what the plugin is told.
type valueFiles struct{ mounted, dotenv, json string }

func (f valueFiles) paths() string { return f.mounted + "," + f.dotenv + "," + f.json }

// write writes the values to all kinds of files, each to one.
func (s *sensitive) write(t testing.TB) valueFiles {
	t.Helper()
	dir := t.TempDir()
	files := valueFiles{filepath.Join(dir, "mounted"), filepath.Join(dir, "app.env"), filepath.Join(dir, "more.json")}
	mounted, tree := map[string]string{}, map[string]any{}
	var dotenv bytes.Buffer
	for i, v := range s.told {
		switch i % 3 {
		case 0:
			mounted[v.name] = v.text + "\n"
		case 1:
			escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`", "\n", `\n`).Replace(v.text)
			fmt.Fprintf(&dotenv, "# %s\nexport %s=\"%s\"\n", v.kind, v.name, escaped)
		default:
			tree[v.name] = v.text
		}
	}
	content, err := json.MarshalIndent(map[string]any{"production": tree}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	replaceFile(t, files.dotenv, dotenv.Bytes())
	replaceFile(t, files.json, content)
	mountVolume(t, files.mounted, mounted)
	return files
}

// replaceFile writes a file at once.
func replaceFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".next", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".next", path); err != nil {
		t.Fatal(err)
	}
}

// mountVolume writes a folder as a kubelet mounts a Secret, and exchanges all of
// its files as one does: by a symbolic link to a folder with the new ones.
func mountVolume(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(dir, 0o700))
	version := filepath.Join(dir, ".."+time.Now().Format("2006_01_02_15_04_05.000000000"))
	must(os.Mkdir(version, 0o700))
	for name, content := range files {
		must(os.WriteFile(filepath.Join(version, name), []byte(content), 0o600))
	}
	old, _ := os.Readlink(filepath.Join(dir, "..data"))
	must(os.Symlink(filepath.Base(version), filepath.Join(dir, "..data_tmp")))
	must(os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	for name := range files {
		link := filepath.Join(dir, name)
		if _, err := os.Lstat(link); err != nil {
			must(os.Symlink(filepath.Join("..data", name), link))
		}
	}
	if old != "" {
		must(os.RemoveAll(filepath.Join(dir, old)))
	}
}

// exchange gives the first variable of the mounted folder another value.
func (s *sensitive) exchange(t testing.TB, files valueFiles) {
	t.Helper()
	mounted := map[string]string{}
	for i, v := range s.told {
		if i%3 == 0 {
			mounted[v.name] = v.text + "\n"
		}
	}
	mounted[s.exchanged.name] = s.exchanged.text
	mountVolume(t, files.mounted, mounted)
}
