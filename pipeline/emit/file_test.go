package emit

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFileIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	one, two, three := specs("one", 3, 50), specs("two", 1, 50), specs("three", 2, 50)
	c, err := Open(Options{To: "file:" + path})
	if err != nil {
		t.Fatal(err)
	}
	send(t, c, batchOf(t, FormatJSON, one))
	send(t, c, batchOf(t, FormatJSON, slices.Concat(one, two)).Slice(3, 4))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	send(t, opened(t, Options{To: "file://" + path}), batchOf(t, FormatJSON, three))
	if got, want := idsIn(t, path), idsOfSpecs(one, two, three); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v: others may read it", info.Mode(), err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := opened(t, Options{To: "file:" + path + "2"}).Send(ended, batchOf(t, FormatJSON, one)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

func TestFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	foreign, link, pipe := filepath.Join(dir, "foreign"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	const content = "line\nnot JSON, and no newline"
	for _, err := range []error{
		os.WriteFile(foreign, []byte(content), 0o600),
		os.Symlink(foreign, link),
		unix.Mkfifo(pipe, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for to, want := range map[string]string{
		"file:":                            "names no file",
		"file://host/path":                 "names a host",
		"file:" + dir:                      "it is no file, but a folder",
		"file:" + pipe:                     "a named pipe",
		"file:/dev/full":                   "a device",
		"file:" + link:                     "a symbolic link",
		"file:" + dir + "/none/file":       "no such file",
		"file:" + foreign:                  "is it the right file?",
		"file:" + foreign + "/child":       "not a directory",
		"file:" + strings.Repeat("n", 300): "file name too long",
	} {
		c, err := Open(Options{To: to})
		if err == nil {
			t.Errorf("%.50s is taken", to)
			_ = c.Close()
		} else if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "forward_to") {
			t.Errorf("%.50s: %v, want %q", to, err, want)
		}
	}
	if data, err := os.ReadFile(foreign); err != nil || string(data) != content {
		t.Errorf("somebody else's file is now %q, %v", data, err)
	}
}

func TestFileHasOneWriter(t *testing.T) {
	to := "file:" + filepath.Join(t.TempDir(), "records.jsonl")
	first, err := Open(Options{To: to})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{To: to}); err == nil || !strings.Contains(err.Error(), "in use already") {
		t.Errorf("a second writer: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	opened(t, Options{To: to})
}

func TestFileHalfLineOfCrashIsCutOff(t *testing.T) {
	records := specs("r", 2, 50)
	whole := batchOf(t, FormatJSON, specs("before", 2, 100)).Data
	long := bytes.Repeat([]byte("y"), 200<<10)
	for name, rest := range map[string][]byte{
		"none":       nil,
		"brace":      []byte("{"),
		"half":       []byte(`{"id":"lost","pa`),
		"no newline": []byte(`{"id":"lost","pad":""}`),
		"large":      slices.Concat([]byte(`{"id":"lost","pad":"`), long),
		"zeros":      make([]byte, 5000),
	} {
		for kind, before := range map[string][]byte{"alone": nil, "after lines": whole} {
			t.Run(name+" "+kind, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "records.jsonl")
				if err := os.WriteFile(path, slices.Concat(before, rest), 0o600); err != nil {
					t.Fatal(err)
				}
				send(t, opened(t, Options{To: "file:" + path}), batchOf(t, FormatJSON, records))
				want := append(idsOf(t, before), idsOfSpecs(records)...)
				if got := idsIn(t, path); !slices.Equal(got, want) {
					t.Errorf("%v, want %v", got, want)
				}
			})
		}
	}
}

func TestFileRotates(t *testing.T) {
	for name, tc := range map[string]struct {
		keep  int
		files []string
		first int
	}{
		"two are kept": {keep: 2, files: []string{".2", ".1", ""}, first: 4},
		"all are kept": {keep: 0, files: []string{".4", ".3", ".2", ".1", ""}, first: 0},
		"one is kept":  {keep: 1, files: []string{".1", ""}, first: 6},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "records.jsonl")
			records := specs("r", 10, 100)
			c := opened(t, Options{To: "file:" + path, FileMaxBytes: 250, FileMaxFiles: tc.keep})
			for i := range records {
				send(t, c, batchOf(t, FormatJSON, records[i:i+1]))
			}
			var names []string
			for _, suffix := range tc.files {
				names = append(names, path+suffix)
			}
			if got, want := idsIn(t, names...), idsOfSpecs(records[tc.first:]); !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
			if all, err := filepath.Glob(path + "*"); err != nil || len(all) != len(names) {
				t.Errorf("there are %v, %v", all, err)
			}
			for _, name := range names {
				if info, err := os.Stat(name); err != nil || info.Size() > 250 {
					t.Errorf("%s: %v, %v", name, info.Size(), err)
				}
			}
		})
	}
}

func TestFileOfOneLargeBatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	c := opened(t, Options{To: "file:" + path, FileMaxBytes: 250, FileMaxFiles: 9})
	large := specs("large", 5, 100)
	for _, records := range [][]recordSpec{specs("first", 1, 100), large, specs("last", 1, 100)} {
		send(t, c, batchOf(t, FormatJSON, records))
	}
	if got, want := idsIn(t, path+".1"), idsOfSpecs(large); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestFileRotationAfterInterruptedOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	write := func(suffix, id string) {
		t.Helper()
		if err := os.WriteFile(path+suffix, batchOf(t, FormatJSON, specs(id, 1, 100)).Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Number 2 is missing, as between two renames; 4 and 5 are of a time when more
	// were kept.
	for _, suffix := range []string{"1", "3", "4", "5"} {
		write("."+suffix, "was"+suffix)
	}
	write("", "was0")
	c := opened(t, Options{To: "file:" + path, FileMaxBytes: 100, FileMaxFiles: 3})
	send(t, c, batchOf(t, FormatJSON, specs("new", 1, 100)))
	got := idsIn(t, path, path+".1", path+".2", path+".3")
	want := idsOfSpecs(specs("new", 1, 0), specs("was0", 1, 0), specs("was1", 1, 0), specs("was3", 1, 0))
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if all, err := filepath.Glob(path + "*"); err != nil || len(all) != 4 {
		t.Errorf("there are %v, %v", all, err)
	}
}

func TestFileThatCannotBeRotatedIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	c := opened(t, Options{To: "file:" + path, FileMaxBytes: 100, FileMaxFiles: 1})
	first, second := specs("first", 1, 100), specs("second", 1, 100)
	send(t, c, batchOf(t, FormatJSON, first))
	if err := os.Mkdir(path+".1", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), batchOf(t, FormatJSON, second)); err == nil || !strings.Contains(err.Error(), "forward_to: rotate") {
		t.Errorf("a folder in the way: %v", err)
	}
	if err := os.Remove(path + ".1"); err != nil {
		t.Fatal(err)
	}
	send(t, c, batchOf(t, FormatJSON, second))
	if got, want := idsIn(t, path+".1", path), idsOfSpecs(first, second); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestFileThatOthersMove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	for name, move := range map[string]func() error{
		"renamed":            func() error { return os.Rename(path, path+".old") },
		"removed":            func() error { return os.Remove(path) },
		"replaced":           func() error { return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o600)) },
		"copied and emptied": func() error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			c := opened(t, Options{To: "file:" + path, FileMaxBytes: 1 << 20})
			first, second := specs("first", 2, 100), specs("second", 2, 100)
			send(t, c, batchOf(t, FormatJSON, first))
			if err := move(); err != nil {
				t.Fatal(err)
			}
			send(t, c, batchOf(t, FormatJSON, second))
			if got, want := idsIn(t, path), idsOfSpecs(second); !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func BenchmarkSendFile(b *testing.B) {
	c := opened(b, Options{To: "file:" + filepath.Join(b.TempDir(), "records.jsonl"), FileMaxBytes: 64 << 20, FileMaxFiles: 1})
	batch := batchOf(b, FormatJSON, specs("r", 2000, 1000))
	b.SetBytes(int64(len(batch.Data)))
	b.ReportAllocs()
	for b.Loop() {
		send(b, c, batch)
	}
}
