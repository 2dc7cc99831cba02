//go:build unix

package redact

import (
	"bytes"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLoadSaltDoesNotWaitForFIFO hangs if it does.
func TestLoadSaltDoesNotWaitForFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salt")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSalt(path, rand.Reader); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}

func TestSaltOfAnotherUserIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salt")
	if err := os.WriteFile(path, bytes.Repeat([]byte("s"), MinSalt), 0o600); err != nil {
		t.Fatal(err)
	}
	const owner = 65534
	if os.Geteuid() == 0 {
		if err := os.Chown(path, owner, owner); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadSalt(path, rand.Reader); err == nil || !strings.Contains(err.Error(), "belongs to uid 65534") {
			t.Errorf("error %v", err)
		}
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	uid := int(st.Sys().(*syscall.Stat_t).Uid)
	if err := checkOwner(st, uid); err != nil {
		t.Errorf("own file: %v", err)
	}
	if err := checkOwner(st, uid+1); uid != 0 && err == nil {
		t.Error("a file of another user is accepted")
	}
}

// file is what stat tells of one.
type file struct {
	fs.FileInfo
	uid  uint32
	mode fs.FileMode
}

func (f file) Sys() any          { return &syscall.Stat_t{Uid: f.uid} }
func (f file) Mode() fs.FileMode { return f.mode }

func TestASecretMountedForThePodsGroupIsNotExposed(t *testing.T) {
	for _, c := range []struct {
		name string
		file file
		euid int
		want bool
	}{
		{"defaultMode 0440 and an fsGroup", file{mode: 0o440}, 65532, true},
		{"defaultMode 0400 without one", file{mode: 0o400}, 0, false},
		{"the process is root", file{mode: 0o440}, 0, false},
		{"everyone may read it", file{mode: 0o444}, 65532, false},
		{"its group may write it", file{mode: 0o460}, 65532, false},
		{"it belongs to the user", file{mode: 0o640, uid: 65532}, 65532, false},
	} {
		if got := mountedForGroup(c.file, c.euid); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
