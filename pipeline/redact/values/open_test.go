package values

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// openError returns what Open says of the path. It may quote nothing that is in
// a file.
func openError(t *testing.T, paths ...string) string {
	t.Helper()
	_, err := Open(t.Context(), Options{Paths: paths})
	if err == nil {
		t.Fatal("there is no error")
	}
	for _, p := range paths {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%q does not name %s", err, p)
		}
	}
	if strings.Contains(err.Error(), "planted") {
		t.Errorf("%q quotes a value", err)
	}
	return err.Error()
}

func TestOpenFails(t *testing.T) {
	for _, c := range []struct {
		name, want string
		prepare    func(t *testing.T, path string)
	}{
		{"nothing there", "check redact_values_path and that the volume is mounted", func(*testing.T, string) {}},
		{"an empty folder", "there is no value in it", func(t *testing.T, path string) {
			write(t, filepath.Join(path, "..hidden"), "planted-value")
		}},
		{"a dangling link", "no such file", func(t *testing.T, path string) {
			write(t, filepath.Join(path, "A"), "planted-value")
			if err := os.Symlink("nowhere", filepath.Join(path, "B")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a pipe", "is neither a file nor a folder", func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"a pipe in a folder", "is neither a file nor a folder", func(t *testing.T, path string) {
			write(t, filepath.Join(path, "A"), "planted-value")
			if err := syscall.Mkfifo(filepath.Join(path, "B"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"folders in folders", "is a folder in a folder in a folder", func(t *testing.T, path string) {
			write(t, filepath.Join(path, "a", "b", "C"), "planted-value")
		}},
		{"too long a value", "has more than 1 MiB", func(t *testing.T, path string) {
			write(t, filepath.Join(path, "A"), strings.Repeat("planted!", maxValue/8)+"\n")
		}},
		{"too large a file", "has more than 64 MiB", func(t *testing.T, path string) {
			write(t, path, "A=planted-value")
			if err := os.Truncate(path, maxBytes+1); err != nil {
				t.Fatal(err)
			}
		}},
		{"too long a variable", "a value has more than 1 MiB", func(t *testing.T, path string) {
			write(t, path, "A="+strings.Repeat("planted!", maxValue/8)+"!")
		}},
		{"too many variables", "all paths together have more than 20000 values", func(t *testing.T, path string) {
			var b strings.Builder
			for i := range maxValues + 1 {
				fmt.Fprintf(&b, "A%d=planted-%d\n", i, i)
			}
			write(t, path, b.String())
		}},
		{"too many files", "has more than 10000 files", func(t *testing.T, path string) {
			for i := range maxFiles + 1 {
				write(t, filepath.Join(path, fmt.Sprint("A", i)), "planted-value")
			}
		}},
		{"text of two bytes each", "it is no text", func(t *testing.T, path string) {
			write(t, path, "A\x00=\x00p\x00l\x00")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "values")
			c.prepare(t, path)
			got := openError(t, path)
			if !strings.Contains(got, c.want) || !strings.Contains(got, "redact_start") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOpenIsForbidden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "values.env")
	write(t, path, "A=planted-value")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(path); err == nil {
		_ = f.Close()
		t.Skip("this user may read everything")
	}
	if got := openError(t, path); !strings.Contains(got, "let the user of this process read it") {
		t.Errorf("got %q", got)
	}
}

// Every path is named that cannot be read, and limits are those of all together.
func TestOpenFailsForAll(t *testing.T) {
	dir := t.TempDir()
	openError(t, filepath.Join(dir, "a"), filepath.Join(dir, "b"))

	var b strings.Builder
	for i := range maxValues {
		fmt.Fprintf(&b, "A%d=planted-%d\n", i, i)
	}
	full, more := filepath.Join(dir, "full.env"), filepath.Join(dir, "more.env")
	write(t, full, b.String())
	write(t, more, "B=planted-more")
	_, err := Open(t.Context(), Options{Paths: []string{full, more}})
	if !errors.Is(err, errTooMany) || !strings.Contains(err.Error(), more) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Options{Paths: []string{more}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Where it may start without them payloads are withheld until the matcher has
// the values.
func TestWithhold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		there, missing := filepath.Join(dir, "there.env"), filepath.Join(dir, "missing.env")
		write(t, there, "A=planted-there")
		s, l := open(t, Options{Paths: []string{there, missing}, Withhold: true})
		wantReason(t, s, ReasonUnreadable)
		wantRedacted(t, s, "planted-there", "[redacted:A]")
		if n := l.count("cannot be read"); n != 1 {
			t.Errorf("%d lines, want 1:\n%s", n, l)
		}
		start(t, s)
		time.Sleep(hour)
		synctest.Wait()
		wantReason(t, s, ReasonUnreadable)
		write(t, missing, "B=planted-missing")
		// It is read, but not yet found.
		p := s.places[1]
		time.Sleep(DefaultInterval)
		synctest.Wait()
		if p.err != nil || !p.covered {
			t.Errorf("got %v", p.err)
		}
		wantReason(t, s, "")
		wantRedacted(t, s, "planted-missing", "[redacted:B]")
		if n := l.count("cannot be read"); n != 1 {
			t.Errorf("%d lines, want 1:\n%s", n, l)
		}
	})
}

// What was read but is not in the matcher yet does not end the withholding.
func TestWithheldUntilBuilt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "values.env")
	s, _ := open(t, Options{Paths: []string{path}, Withhold: true})
	write(t, path, "A=planted-value")
	s.visit(t.Context(), s.places[0], time.Now())
	if s.places[0].err != nil {
		t.Fatal(s.places[0].err)
	}
	wantReason(t, s, ReasonUnreadable)
	s.build(t.Context())
	wantReason(t, s, "")
}

func TestNoValues(t *testing.T) {
	s, _ := open(t, Options{})
	wantReason(t, s, "")
	wantRedacted(t, s, "planted", "planted")
}

// A value that is not looked for is told by name when it is new.
func TestSkipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "values.env")
	write(t, path, "SHORT=p4\nLONG=planted-long\nSTOPPED=planted-stop\nEMPTY=\n")
	s, l := open(t, Options{Paths: []string{path}, MinLength: 6, Stop: []string{"planted-stop"}})
	for _, name := range []string{"SHORT", "STOPPED", "EMPTY"} {
		if l.count("["+name+"]") != 1 {
			t.Errorf("%s is not told once:\n%s", name, l)
		}
	}
	if st := s.Stats(); len(s.Skipped()) != 3 || st.Skipped != 3 || st.Values != 1 {
		t.Errorf("got %v, %+v", s.Skipped(), st)
	}
	write(t, path, "SHORT=p4\nLONG=planted-long\nNEW=x\n")
	s.places[0].next = time.Time{}
	s.turn(t.Context())
	if n := l.count("not looked for"); n != 4 || l.count("[NEW]") != 1 || l.count("[SHORT]") != 1 {
		t.Errorf("%d lines, want 4:\n%s", n, l)
	}
}

// More former values than are kept have payloads withheld until they are over.
func TestTooManyFormer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "values.env")
		write(t, path, "A=planted-value")
		s, _ := open(t, Options{Paths: []string{path}, Retire: hour})
		former := make([]known.Value, maxValues)
		for i := range former {
			former[i] = known.Value{Name: fmt.Sprint("A", i), Text: token(i)}
		}
		s.retired.retire(former, nil, time.Now(), hour)
		s.turn(t.Context())
		wantReason(t, s, "")
		snap := s.collect(time.Now())
		if len(snap.values) < maxValues || snap.values[0].Name != "A" {
			t.Errorf("%d values", len(snap.values))
		}
		if full := len(snap.values) == known.MaxValues; full != (s.reason(time.Now()) == ReasonForgotten) {
			t.Errorf("%d of %d values, and payloads are withheld for %q", len(snap.values), known.MaxValues, s.reason(time.Now()))
		}

		time.Sleep(time.Minute)
		s.retired.retire([]known.Value{{Name: "B", Text: "planted-more"}}, nil, time.Now(), hour)
		s.turn(t.Context())
		wantReason(t, s, ReasonForgotten)
		if len(s.retired.until) != maxValues {
			t.Errorf("%d former values", len(s.retired.until))
		}
		time.Sleep(hour)
		s.turn(t.Context())
		wantReason(t, s, "")
		if len(s.retired.until) != 0 || s.retired.bytes != 0 {
			t.Errorf("%d former values are left, of %d bytes", len(s.retired.until), s.retired.bytes)
		}
	})
}
