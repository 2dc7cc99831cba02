package cursor

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"
)

func mustChmod(t *testing.T, name string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

// wantPrivate checks that all files of a database are there for their owner
// only.
func wantPrivate(t *testing.T, path string) {
	t.Helper()
	for _, suffix := range []string{"", logSuffix, "-shm"} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode().Perm() != ownMode {
			t.Errorf("%q: %v %v", suffix, info.Mode(), err)
		}
	}
}

// TestAccessIsTaken opens files that others can read, whether they are empty,
// have something in them or were left by a process that died.
func TestAccessIsTaken(t *testing.T) {
	for _, mode := range []fs.FileMode{0o644, 0o640, 0o604, 0o666, 0o620, 0o755} {
		var logged bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&logged, nil))
		empty := spoolPath(t)
		mustWrite(t, empty, nil)
		mustChmod(t, empty, mode)
		s := mustOpenSpool(t, SpoolOptions{Path: empty, Logger: logger})
		mustAppend(t, s, numbered(1, 10))
		wantPrivate(t, empty)
		left := spoolPath(t)
		// Nothing may move from the log to the file while they are copied.
		release := occupy(t, s)
		for file, data := range contents(t, empty) {
			name := left + strings.TrimPrefix(file, "spool.db")
			mustWrite(t, name, []byte(data))
			mustChmod(t, name, mode)
		}
		release()
		other := mustOpenSpool(t, SpoolOptions{Path: left, Logger: logger})
		if got := drain(t, other, 0); len(got) != 1 {
			t.Errorf("%d bodies", len(got))
		}
		wantPrivate(t, left)
		cursor, _ := create(t, 1)
		mustChmod(t, cursor, mode)
		mustOpen(t, Options{Path: cursor, Logger: logger})
		wantPrivate(t, cursor)
		for _, part := range []string{
			"others had access to the spool: it was taken from them", "path=" + empty + " mode=" + mode.String(),
			"path=" + left + " mode", "path=" + left + "-wal mode", "others had access to the cursor", "path=" + cursor,
		} {
			if !strings.Contains(logged.String(), part) {
				t.Errorf("mode %v: %q lacks %q", mode, &logged, part)
			}
		}
	}
}

// TestAccessOfAnotherUser: what others have access to and is not ours to change
// is refused where it is the spool, and untouched.
func TestAccessOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: only root can give files away")
	}
	for _, suffix := range []string{"", logSuffix} {
		path := createSpool(t, 1, 10)
		if suffix != "" {
			mustWrite(t, path+suffix, nil)
		}
		mustChmod(t, path+suffix, 0o644)
		if err := os.Chown(path+suffix, 1234, -1); err != nil {
			t.Fatal(err)
		}
		_, err := OpenSpool(t.Context(), SpoolOptions{Key: testKey(), Path: path, MaxBytes: 1})
		wantKind(t, err, Exposed)
		want := "webhook spool " + path + " can be read by others: " + path + suffix +
			": its mode is 0644 and it does not belong to the user of this process (uid 0); " +
			"change its mode to 0600 and its owner, or choose another path"
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
		if info, err := os.Stat(path + suffix); err != nil || info.Mode().Perm() != 0o644 {
			t.Error(info, err)
		}
		// Whose it is does not matter where nobody else can read it.
		mustChmod(t, path+suffix, ownMode)
		mustCloseSpool(t, mustOpenSpool(t, SpoolOptions{Path: path}))
	}
	var logged bytes.Buffer
	path, _ := create(t, 1)
	mustChmod(t, path, 0o644)
	if err := os.Chown(path, 1234, -1); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, Options{Path: path, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	if !strings.Contains(logged.String(), "others have access to the cursor") {
		t.Errorf("logged %q", &logged)
	}
}

// TestAccessToOthersFiles: a file that is refused keeps its mode.
func TestAccessToOthersFiles(t *testing.T) {
	path := spoolPath(t)
	mustWrite(t, path, []byte("2026-11-21 something happened\n"))
	mustChmod(t, path, 0o644)
	_, err := OpenSpool(t.Context(), SpoolOptions{Key: testKey(), Path: path, MaxBytes: 1})
	wantKind(t, err, Foreign)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Error(info, err)
	}
	// Nor is what a link beside the file leads to.
	victim, spool := path, createSpool(t, 1, 10)
	if err := os.Symlink(victim, spool+"-journal"); err != nil {
		t.Fatal(err)
	}
	if s, err := OpenSpool(t.Context(), SpoolOptions{Key: testKey(), Path: spool, MaxBytes: 1}); err == nil {
		mustCloseSpool(t, s)
	}
	if info, err := os.Stat(victim); err != nil || info.Mode().Perm() != 0o644 {
		t.Error(info, err)
	}
}
