package values

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// What is read at most.
const (
	// maxValues and maxBytes bound all paths together, the bytes those of the
	// values and those of a single dotenv or JSON file.
	maxValues = 20_000
	maxBytes  = 64 << 20
	// maxValue bounds one value, in bytes.
	maxValue = 1 << 20
	// maxFiles bounds one folder with its subfolders.
	maxFiles = 10_000
)

var (
	errNothing  = errors.New("there is no value in it")
	errUnsteady = errors.New("it changes while it is being read")
	errTooMany  = fmt.Errorf("all paths together have more than %d values: leave out what is not sensitive", maxValues)
	errTooMuch  = fmt.Errorf("the values of all paths together have more than %d MiB: leave out what is not sensitive", maxBytes>>20)
	errTooLong  = fmt.Errorf("a value has more than %d MiB", maxValue>>20)
	errBinary   = errors.New("it is no text: only a file in a folder may hold anything, as one value")
	errYAML     = errors.New("YAML is not supported: write dotenv (KEY=VALUE) or JSON, or put each value in a file of its own and name the folder")
	errUnknown  = errors.New("it is neither JSON nor dotenv (KEY=VALUE in each line); YAML is not supported: name a file .env or .json to be told what is wrong with it, or put each value in a file of its own and name the folder")
)

// room is what is left of the limits.
type room struct{ values, bytes int }

// take makes room for one more value.
func (r *room) take(text string) error {
	r.values--
	r.bytes -= len(text)
	switch {
	case len(text) > maxValue:
		return errTooLong
	case r.values < 0:
		return errTooMany
	case r.bytes < 0:
		return errTooMuch
	}
	return nil
}

// read returns the values of the files, in a steady order.
func (l look) read(r *room) ([]known.Value, error) {
	if !l.folder {
		return readVariables(l.files[0].path, r)
	}
	values := make([]known.Value, 0, len(l.files))
	for _, f := range l.files {
		data, err := readFile(f, maxValue)
		if err != nil {
			return nil, err
		}
		text := trimLineBreak(string(data))
		if err := r.take(text); err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		values = append(values, known.Value{Name: cleanName(f.name), Text: text})
	}
	return values, nil
}

// readVariables reads a file that holds several values.
func readVariables(path string, r *room) ([]known.Value, error) {
	data, err := readFile(file{path: path}, maxBytes)
	if err != nil {
		return nil, err
	}
	// Editors of one system begin texts so.
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, errBinary
	}
	base := filepath.Base(path)
	switch ext := strings.ToLower(filepath.Ext(base)); {
	case ext == ".json":
		return readJSON(data, r)
	case ext == ".env", strings.HasPrefix(base, ".env."):
		return readDotenv(string(data), r)
	case ext == ".yaml", ext == ".yml":
		return nil, errYAML
	}
	if text := bytes.TrimLeft(data, " \t\r\n"); len(text) > 0 && text[0] == '{' {
		return readJSON(data, r)
	}
	values, err := readDotenv(string(data), r)
	if errors.Is(err, errAssignment) {
		return nil, errUnknown
	}
	return values, err
}

// readFile returns the content of a file of up to most bytes.
func readFile(f file, most int64) (_ []byte, err error) {
	// Without O_NONBLOCK a FIFO would be waited for.
	in, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	info, err := in.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", f.path)
	case info.Size() > most:
		return nil, fmt.Errorf("%s has more than %d MiB", f.path, most>>20)
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s has more than %d MiB", f.path, most>>20)
	}
	return data, err
}

func trimLineBreak(s string) string {
	if t, ok := strings.CutSuffix(s, "\n"); ok {
		return strings.TrimSuffix(t, "\r")
	}
	return s
}

// isVanishing reports whether err may come from a folder that is being replaced.
func isVanishing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
