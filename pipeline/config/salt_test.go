package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A salt that is mounted as a Secret is there, and nothing can be written beside it.
func TestAMountedSaltNeedsNoWritableFolder(t *testing.T) {
	folder, salt := unwritableFolder(t)
	if _, err := Parse(Map{"redact_salt_file": salt}); err != nil {
		t.Errorf("a salt that is there: %v", err)
	}
	missing := filepath.Join(folder, "salt-that-is-not-there")
	_, err := Parse(Map{"redact_salt_file": missing})
	if err == nil || !strings.Contains(err.Error(), `redact_salt_file "`+missing+`": is in a folder that `) {
		t.Errorf("one that cannot be made: %v", err)
	}
	if _, err := Parse(Map{"redact_salt_file": folder}); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
}

// unwritableFolder returns a folder that not even root may write to, if there is one,
// and a file in it.
func unwritableFolder(t *testing.T) (folder, file string) {
	t.Helper()
	if os.Geteuid() == 0 {
		folder, file = "/proc/self", "/proc/self/status"
		if _, err := os.Stat(file); err != nil {
			t.Skip("permissions do not bind this user, and there is no /proc")
		}
		return folder, file
	}
	folder = t.TempDir()
	file = filepath.Join(folder, "salt")
	if err := os.WriteFile(file, []byte(strings.Repeat("s", 32)), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	return folder, file
}
