//go:build unix

package redact

import (
	"bytes"
	"crypto/rand"
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
