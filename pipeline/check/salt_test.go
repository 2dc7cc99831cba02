package check

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestSalt(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "salt")
	values := offline(config.Map{"redact_salt_file": path})
	looksOnly(t, dir, func() { says(t, only(t, Salt, values), "salt ok: "+path+" is made at the first start") })
	for _, tt := range []struct {
		name string
		size int
		mode os.FileMode
		want string
	}{
		{"good", 32, 0o600, "salt ok: " + path + ": readable, 32 bytes"},
		{"short", 31, 0o600, "salt failed: read salt ...: its 31 bytes are too few... -> put the file back"},
		{"long", 5000, 0o600, "salt failed: ...is no salt"},
		{"readable by all", 32, 0o644, "salt warning: ...others than its owner can read it -> chmod 600 it"},
		{"writable by all", 32, 0o666, "salt failed: ...everyone may write it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			write(t, path, bytes.Repeat([]byte{0xaa}, tt.size))
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			looksOnly(t, dir, func() { says(t, only(t, Salt, values), tt.want) })
		})
	}
	says(t, only(t, Salt, offline(nil)), "salt skipped: db and redact_salt_file are not set")
}
