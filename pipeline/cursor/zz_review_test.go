package cursor

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// docs/SECURITY.md: the spool holds what was posted "until it is handed on".
func TestZZSpoolForgets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_ = os.Chmod(path, 0o644)
	s, err := OpenSpool(t.Context(), SpoolOptions{Path: path, MaxBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm()&0o077 != 0 {
		t.Errorf("a spool that others may read is used: %v", info.Mode())
	}
	canary := strings.Repeat("CANARYSECRET", 500)
	for range 40 {
		if err := s.Append(t.Context(), event.Spooled{Sender: "x", Body: []byte(canary)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), 40); err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		for _, f := range []string{path, path + "-wal"} {
			b, _ := os.ReadFile(f)
			if n := bytes.Count(b, []byte("CANARYSECRET")); n > 0 {
				t.Errorf("%s: %s (%d bytes) still has %d", when, filepath.Ext(f), len(b), n)
			}
		}
	}
	look("deleted")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	look("closed")
}

func TestZZSpoolCountsRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s, err := openSpool(t.Context(), SpoolOptions{Path: path, MaxBytes: 1 << 20}, "OFF")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	done := make(chan int)
	for range 200 {
		go func() {
			n := 0
			for range 300 {
				if s.Append(t.Context(), event.Spooled{Sender: "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Body: []byte(`{"auditID":1}`)}) == nil {
					n++
				}
			}
			done <- n
		}()
	}
	n := 0
	for range 200 {
		n += <-done
	}
	info, _ := os.Stat(path)
	wal, _ := os.Stat(path + "-wal")
	b, _ := s.Size()
	t.Logf("%d bodies count %d bytes, the file has %d and the log %d", n, b, info.Size(), wal.Size())
}
