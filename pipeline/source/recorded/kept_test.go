package recorded

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestKept reads back what is kept in memory and in the file, in any order.
func TestKept(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	k := kept{most: 2 * blockSize}
	defer k.close()
	sizes := []int{1, 0, 17, 1000, blockSize - headSize, 5, 300 << 10, 2 * blockSize, 3, 15, 16, 700 << 10, 1}
	texts := make([][]byte, 0, len(sizes))
	addresses := make([]int64, 0, len(sizes))
	for i, n := range sizes {
		text := bytes.Repeat([]byte(fmt.Sprintf("<%d>", i)), n/3+1)[:n]
		at, err := k.add(text, int64(i)*1000)
		if err != nil {
			t.Fatal(err)
		}
		texts, addresses = append(texts, text), append(addresses, at)
	}
	if k.used > k.most || k.spill == nil {
		t.Errorf("%d bytes in memory, file %v", k.used, k.spill != nil)
	}
	for i := range sizes {
		i = (i*5 + 3) % len(sizes)
		got, offset, err := k.get(addresses[i], sizes[i])
		if err != nil || !bytes.Equal(got, texts[i]) || offset != int64(i)*1000 {
			t.Errorf("%d: %d bytes at %d, %v", i, len(got), offset, err)
		}
	}
}

// TestSpill has events that go to a temporary file, where nobody can find or read
// them.
func TestSpill(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, err := newSpill()
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.Repeat("the secret ", 100_000)
	if err := s.write([]byte(secret)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.read(11*7, 11); err != nil || string(got) != "the secret " {
		t.Errorf("got %q, %v", got, err)
	}
	stored := make([]byte, len(secret))
	if _, err := s.f.ReadAt(stored, 0); err != nil || bytes.Contains(stored, []byte("secret")) {
		t.Errorf("it is not encrypted, %v", err)
	}
	if info, err := s.f.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files %v, %v", left, err)
	}
	s.close()

	t.Setenv("TMPDIR", dir+"/none")
	_, src := replay(t, Options{Events: []string{"-"}, Stdin: strings.NewReader(eventJSON("a", 1)), Window: Window{EventBytes: 1}})
	if err := src.Err(); err == nil || !strings.Contains(err.Error(), "create a temporary file for events") {
		t.Errorf("got %v", err)
	}
}

// TestChangedWhileRead has a list of events that is not the same when its events
// are read again.
func TestChangedWhileRead(t *testing.T) {
	text := `{"items":[` + eventJSON("b", 2) + "," + eventJSON("a", 1) + `]}`
	for name, change := range map[string]func(path string) error{
		"changed": func(path string) error {
			return os.WriteFile(path, []byte(strings.ReplaceAll(text, "message", "massage")), 0o600)
		},
		"shorter": func(path string) error { return os.Truncate(path, 5) },
		"no such": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "events.json", text)
			s, err := New(Options{Events: []string{path}, Sink: &memory{}, MaxItem: testItem})
			if err != nil {
				t.Fatal(err)
			}
			x, err := s.index(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer x.close()
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			for !x.done() {
				if h := x.next(); h.item.Skipped != event.RejectNotJSON || h.item.Raw != nil || h.item.Size == 0 {
					t.Errorf("got %+v", h.item)
				}
			}
			if err := s.Err(); err == nil || !strings.Contains(err.Error(), name) || strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestManyEventFiles reads events by turns from more files than are kept open.
func TestManyEventFiles(t *testing.T) {
	var opts Options
	const files, each = 3 * mostOrigins, 5
	for i := range files {
		var items []string
		for k := range each {
			items = append(items, eventJSON(fmt.Sprintf("%08d", k*files+i), k*files+i))
		}
		opts.Events = append(opts.Events, file(t, "events.json", strings.Join(items, "\n")))
	}
	m, _ := mustReplay(t, opts)
	for i, id := range identities(m.items) {
		if number(id) != i {
			t.Fatalf("%s is at %d", id, i)
		}
	}
	if len(m.items) != files*each {
		t.Errorf("%d items", len(m.items))
	}
}
