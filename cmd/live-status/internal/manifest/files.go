package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Stdin is the name that stands for standard input.
const Stdin = "-"

var suffixes = []string{".yaml", ".yml", ".json", ".jsonl", ".ndjson"}

// Files returns the files that a name on the command line stands for: the name
// itself, or those of a folder that are named like manifests, in the order of
// their names. Folders within it are left out, as kubectl does.
func Files(name string) ([]string, error) {
	if name == Stdin {
		return []string{name}, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, reason(name, err)
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, reason(name, err)
	}
	var files []string
	for _, e := range entries {
		path := filepath.Join(name, e.Name())
		if !named(e.Name()) {
			continue
		}
		// The files of a mounted ConfigMap are links.
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue
		}
		files = append(files, path)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no manifest in this folder: they end in %s, or in these and .gz", name, strings.Join(suffixes, ", "))
	}
	return files, nil
}

func named(file string) bool {
	file = strings.TrimSuffix(strings.ToLower(file), ".gz")
	for _, suffix := range suffixes {
		if strings.HasSuffix(file, suffix) {
			return true
		}
	}
	return false
}

// reason says once what the system says twice.
func reason(name string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("open %s: %w", name, err)
}

// Open opens a file of Files other than Stdin.
func Open(name string) (*os.File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, reason(name, err)
	}
	return file, nil
}
