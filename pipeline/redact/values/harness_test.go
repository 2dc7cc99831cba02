package values

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// volume is a folder as a kubelet mounts it.
type volume struct {
	dir     string
	version int
}

// swap exchanges all files at once, as the atomic writer of a kubelet does: a
// new folder, a link to it, and the link renamed over the present one.
func (v *volume) swap(t testing.TB, files map[string]string) {
	t.Helper()
	old, oldErr := os.Readlink(filepath.Join(v.dir, dataLink))
	v.version++
	name := "..2026_01_02_03_04_05." + strconv.Itoa(v.version)
	if err := os.MkdirAll(filepath.Join(v.dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, content := range files {
		write(t, filepath.Join(v.dir, name, path), content)
	}
	link := filepath.Join(v.dir, "..data_tmp")
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(v.dir, dataLink)); err != nil {
		t.Fatal(err)
	}
	for path := range files {
		first, _, _ := strings.Cut(path, "/")
		at := filepath.Join(v.dir, first)
		if _, err := os.Lstat(at); err != nil {
			if err := os.Symlink(filepath.Join(dataLink, first), at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if oldErr == nil {
		remove(t, filepath.Join(v.dir, old))
	}
}

// logs is where a Store writes its lines.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logs) count(text string) int { return strings.Count(l.String(), text) }

// open opens a Store with its logs; the test fails where one of them holds
// a value, which all begin with planted.
func open(t *testing.T, o Options) (*Store, *logs) {
	t.Helper()
	l := &logs{}
	o.Logger = slog.New(slog.NewTextHandler(l, nil))
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if strings.Contains(l.String(), "planted") {
			t.Errorf("a log line quotes a value:\n%s", l)
		}
	})
	return s, l
}

// start runs s until the test ends.
func start(t *testing.T, s *Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { s.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
}

// redacts returns what becomes of text.
func redacts(t testing.TB, s *Store, text string) string {
	t.Helper()
	set, _ := s.Current()
	out, ok := set.Replace(text, nil)
	if !ok {
		t.Fatal("the text would be withheld")
	}
	return out
}

func wantRedacted(t testing.TB, s *Store, text, want string) {
	t.Helper()
	if got := redacts(t, s, text); got != want {
		t.Errorf("%q becomes %q, want %q", text, got, want)
	}
}

func wantReason(t testing.TB, s *Store, want string) {
	t.Helper()
	if _, got := s.Current(); got != want {
		t.Errorf("payloads are withheld for %q, want %q", got, want)
	}
}
