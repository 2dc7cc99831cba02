package redact

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

func TestLoadSaltCreatesOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salt")
	const creators = 16
	salts := make([][]byte, creators)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range creators {
		wg.Go(func() {
			<-start
			var err error
			if salts[i], err = LoadSalt(path, rand.Reader); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	for _, s := range salts {
		if len(s) != MinSalt || !bytes.Equal(s, salts[0]) {
			t.Fatalf("salts differ: %x and %x", s, salts[0])
		}
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if exposed, err := SaltExposed(path); exposed || err != nil {
		t.Errorf("exposed %v, %v", exposed, err)
	}
}

func TestLoadSaltRefuses(t *testing.T) {
	good := bytes.Repeat([]byte("s"), MinSalt)
	for _, c := range []struct {
		name    string
		content []byte
		mode    fs.FileMode
		exposed bool
		err     string
	}{
		{"own file", good, 0o600, false, ""},
		{"mounted Secret", good, 0o644, true, ""},
		{"longer one", bytes.Repeat(good, 10), 0o400, false, ""},
		{"empty file", nil, 0o600, false, "0 bytes are too few"},
		{"short one", good[1:], 0o600, false, "31 bytes are too few"},
		{"something else", bytes.Repeat(good, 200), 0o600, false, "is no salt"},
		{"writable by everyone", good, 0o666, true, "everyone may write it"},
		{"of a volume with an fsGroup", good, 0o660, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "salt")
			if err := errors.Join(os.WriteFile(path, c.content, 0o600), os.Chmod(path, c.mode)); err != nil {
				t.Fatal(err)
			}
			salt, err := LoadSalt(path, iotest.ErrReader(errors.New("must not be read")))
			if c.err == "" {
				if err != nil || !bytes.Equal(salt, c.content) {
					t.Errorf("%x, %v", salt, err)
				}
			} else if err == nil || salt != nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), path) {
				t.Errorf("%x, error %v", salt, err)
			}
			if exposed, err := SaltExposed(path); exposed != c.exposed || err != nil {
				t.Errorf("exposed %v, %v", exposed, err)
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, c.content) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

func TestLoadSaltReportsWhereItFailed(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadSalt(dir, rand.Reader); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("directory: %v", err)
	}
	missing := filepath.Join(dir, "missing", "salt")
	if _, err := LoadSalt(missing, rand.Reader); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("no directory: %v", err)
	}
	broken := errors.New("no entropy")
	if _, err := LoadSalt(filepath.Join(dir, "salt"), iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("no entropy: %v", err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if _, err := NewSalt(strings.NewReader("too short")); err == nil {
		t.Error("half a salt was made")
	}
}
